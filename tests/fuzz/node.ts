/**
 * The same bytes, asked of Node's HTTP server (`node`, not Deno's stand-in for it): where two readers of one request
 * disagree, requests are smuggled. A difference is a finding, unless it is listed here with its reason.
 * @module
 */
import { concat } from "../tools/bytes.ts";
import { textOf } from "../tools/raw.ts";
import { type Reading, readRequests, type Understood } from "./requests.ts";

/** What is refused here and taken by Node 20, 22 or 24: Kodama's reason, and where it is from. */
const STRICTER: Record<string, string> = {
  "400 request line is malformed":
    "RFC 9112, 3: three words, one space between them; HTTP/0.9 is not served",
  "400 request target is malformed":
    "RFC 9112, 3.2, and RFC 3986, 2: no fragment, nothing that must be encoded",
  "400 line ends without CR":
    "RFC 9112, 2.2: a single LF may be taken for a line's end, and is how requests are split",
  "400 CR within a line": "RFC 9112, 2.2: a bare CR makes an element invalid",
  "400 empty lines before the request": "RFC 9112, 2.2: at least one is ignored, and no more here",
  "400 no Host": "RFC 9112, 3.2: 400 where a request of HTTP/1.1 lacks it",
  "400 Host is malformed": "RFC 9112, 3.2: 400 where its value is invalid",
  "400 more than one Host": "RFC 9112, 3.2: 400 where there is more than one",
  "400 only the transfer coding chunked is understood":
    "RFC 9112, 6.1: no other is implemented here",
  "400 Transfer-Encoding does not belong here":
    "RFC 9112, 6.1: with HTTP/1.0 the framing is faulty",
  "400 Content-Length is not a number of bytes":
    "RFC 9110, 8.6: at most 15 digits, so that no number is read inexactly",
  "501 method is not known": "RFC 9110, 15.6.2: WebDAV and its like are not served",
  "505 HTTP/1.1 and HTTP/1.0 are spoken here":
    "RFC 9110, 15.6.6: neither HTTP/0.9 by name nor a later one",
  "400 chunked body is malformed":
    "RFC 9112, 7.1: to the letter; a line is at most 8 KiB and all that is no data at most 16 KiB",
};
/** What is taken here and refused by Node 20, 22 or 24: its code, what is in the input, and why it is taken. */
const LOOSER: [code: string, where: RegExp, why: string][] = [
  [
    "HPE_INVALID_CHUNK_SIZE",
    /[0-9a-f][ \t]+;/i,
    "RFC 9112, 7.1.1, and RFC 9110, 5.6.3: bad whitespace before an extension must be parsed",
  ],
  [
    "HPE_STRICT",
    /[0-9a-f];[^\r\n]*[ \t"]/i,
    "RFC 9112, 7.1.1: so must bad whitespace in an extension, and a quoted value",
  ],
  [
    "HPE_INVALID_CONTENT_LENGTH",
    /\r\n0+[^\n]*\r\n(?:[^\r]+\r\n)*content-length:|content-length:[^\r]*\t/i,
    "RFC 9110, 6.5.1: a trailer says nothing of the framing and is dropped unread; RFC 9112, 5.1: a tab is white space",
  ],
  [
    "HPE_INVALID_TRANSFER_ENCODING",
    /\r\n0+[^\n]*\r\n(?:[^\r]+\r\n)*transfer-encoding:|transfer-encoding:[^\r]*\t/i,
    "RFC 9110, 6.5.1, and RFC 9112, 5.1: as above",
  ],
  [
    "HPE_CLOSED_CONNECTION",
    /\r\n0+[^\n]*\r\n(?:[^\r]+\r\n)*connection:/i,
    "RFC 9110, 6.5.1: nor does a trailer say that the connection is to be closed",
  ],
  [
    "more",
    /\r\nupgrade:/i,
    "RFC 9110, 7.8: an upgrade to what is not known is ignored, and the next request is one",
  ],
];

/** Node, as it runs. */
export interface Node extends AsyncDisposable {
  version: string;
  /** What it takes each of these for. */
  ask(inputs: readonly Uint8Array[]): Promise<{ requests: Understood[]; end: string }[]>;
}

/** Starts Node; `undefined` where there is none. */
export async function startNode(): Promise<Node | undefined> {
  let version: string;
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    version = new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const script = new URL("node_http.mjs", import.meta.url).pathname;
  const child = new Deno.Command("node", { args: [script], stdin: "piped", stdout: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const line = async (): Promise<string> => {
    for (;;) {
      const end = text.indexOf("\n");
      if (end >= 0) {
        const found = text.slice(0, end);
        text = text.slice(end + 1);
        return found;
      }
      const { value, done } = await reader.read();
      if (done) throw new Error("Node has ended");
      text += value;
    }
  };
  return {
    version,
    async ask(inputs) {
      const sized = inputs.map((input) => {
        const size = new Uint8Array(4);
        new DataView(size.buffer).setUint32(0, input.length);
        return concat(size, input);
      });
      const written = writer.write(concat(...sized));
      const said: { requests: Understood[]; end: string }[] = [];
      for (let i = 0; i < inputs.length; i++) said.push(JSON.parse(await line()));
      await written;
      return said;
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await reader.cancel();
      await child.status;
    },
  };
}

/** Fields as they are compared: by lower-case name, repeated ones joined. */
function joined(headers: Understood["headers"]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase(), before = fields.get(key);
    const between = key === "cookie" ? "; " : ", ";
    fields.set(key, before === undefined ? value : before + between + value);
  }
  return fields;
}

/** What differs between one request here and there. */
function unlike(own: Understood, theirs: Understood): string | undefined {
  const absolute = /^https?:\/\/[^/?]*(.*)$/i.exec(theirs.target);
  const target = absolute === null
    ? theirs.target
    : absolute[1]!.startsWith("/")
    ? absolute[1]
    : "/" + absolute[1];
  if (own.method !== theirs.method) return `method ${own.method}, ${theirs.method}`;
  if (own.target !== target) return `target ${own.target}, ${target}`;
  if (own.minor !== theirs.minor) return `version 1.${own.minor}, 1.${theirs.minor}`;
  if (own.body !== theirs.body) {
    return `body ${JSON.stringify(own.body.slice(0, 80))}, ${
      JSON.stringify(theirs.body.slice(0, 80))
    }`;
  }
  const here = joined(own.headers), there = joined(theirs.headers);
  // RFC 9112, 3.2.2: the absolute form's authority is the host, whatever `Host` says.
  if (absolute !== null) here.delete("host"), there.delete("host");
  for (const name of new Set([...here.keys(), ...there.keys()])) {
    if (here.get(name) !== there.get(name)) {
      return `field ${name}: ${here.get(name)}, ${there.get(name)}`;
    }
  }
  return undefined;
}

/** What Node takes an input for that Kodama does not, or the other way round; `undefined` where there is nothing. */
export function difference(
  input: Uint8Array,
  own: Reading,
  theirs: { requests: Understood[]; end: string },
): string | undefined {
  for (const [i, request] of own.requests.entries()) {
    const other = theirs.requests[i];
    if (other === undefined) {
      const text = textOf(input);
      if (LOOSER.some(([code, where]) => code === theirs.end && where.test(text))) return undefined;
      return `Node takes no request ${i + 1}: ${theirs.end}`;
    }
    const what = unlike(request, other);
    if (what !== undefined) return `request ${i + 1}: ${what}`;
  }
  if (theirs.requests.length === own.requests.length || own.end === "closed") return undefined;
  if (own.end === "more") {
    return `Node takes a request ${own.requests.length + 1}, and none is here`;
  }
  // What is too long here, for the head or for this test, need not be there.
  if (/^(413|414|431) /.test(own.end) || own.end in STRICTER) return undefined;
  return `Node takes what is refused: ${own.end}`;
}

/** Asks Node of many inputs. */
export async function differences(
  node: Node,
  inputs: readonly Uint8Array[],
): Promise<(string | undefined)[]> {
  const theirs = await node.ask(inputs);
  return inputs.map((input, i) => difference(input, readRequests(input, []), theirs[i]!));
}
