/**
 * `kodama health`: asks a server whether it is well, for whoever starts containers.
 * @module
 */
import { request } from "node:http";
import { connect } from "node:tls";
import { isLoopback } from "../auth/origin.ts";
import { pageURL } from "../service/listen.ts";
import { printable } from "../service/log.ts";
import type { Command } from "../settings/command.ts";
import { Failure } from "./request.ts";

/** What is shown of an answer, in characters; and what is read of it. */
const SHOWN = 200;

type Health = Extract<Command, { run: "health" }>;

/** Where a server of these settings can be asked, from this machine. */
function ownURL({ hostname, port, cert, acme }: Health["options"]): URL {
  if (port === "none") return new URL("http://localhost/");
  if (port === 0) throw new Failure("health needs a URL: port 0 is any free one");
  return new URL(pageURL({ transport: "tcp", hostname, port }, cert !== "" || acme !== "", []));
}

/**
 * Asks.
 * @returns What it answered, in one line.
 * @throws {Failure} If that is not 200, or nothing in time.
 */
export async function health({ url: given, options }: Health): Promise<string> {
  const url = given ?? ownURL(options);
  if (url.pathname === "/") url.pathname = "/-/health";
  const unix = given === undefined && options.port === "none" ? options.unix : undefined;
  const where = unix === undefined ? `${url.origin}${url.pathname}` : `unix:${unix}${url.pathname}`;
  // Whoever goes by other names only is asked by one of them.
  const [name = url.host] = given === undefined ? options.host : [];
  const answer = await ask(url, name, unix, options.timeout).catch((error) => {
    throw new Failure(`${where}: ${printable(error.message)}`);
  });
  const line = `${where} answered ${answer.status}: ${printable(answer.text)}`;
  if (answer.status !== 200) throw new Failure(line);
  return line;
}

function ask(
  url: URL,
  host: string,
  unix: string | undefined,
  timeout: number,
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const secure = url.protocol === "https:", port = Number(url.port) || (secure ? 443 : 80);
  // RFC 6066, 3: "literal IPv4 and IPv6 addresses are not permitted" there.
  const name = host.replace(/:\d+$/, ""), address = /^[\d.]+$|^\[/.test(name);
  const asked = request({
    ...unix === undefined ? { hostname, port } : { socketPath: unix },
    ...{ path: url.pathname + url.search, headers: { Host: host } },
    // Between a machine and itself nobody stands, and its certificate is for another name.
    ...secure && {
      createConnection: () =>
        connect({
          ...{ host: hostname, port, rejectUnauthorized: !isLoopback(hostname) },
          ...!address && { servername: name },
        }),
    },
  });
  const timer = setTimeout(
    () => asked.destroy(new Error(`no answer within ${timeout} ms`)),
    timeout,
  );
  asked.on("error", reject);
  asked.on("response", (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("error", reject);
    response.on("data", (more: string) => {
      text += more;
      if (text.length > SHOWN) response.destroy();
    });
    response.on("close", () => {
      resolve({ status: response.statusCode!, text: text.trimEnd().slice(0, SHOWN) });
    });
  });
  asked.end();
  return promise.finally(() => clearTimeout(timer));
}
