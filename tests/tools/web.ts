/**
 * A server under test whose requests are answered by a function of the web.
 * @module
 */
import type { ListenerSettings } from "../../lib/net/listener.ts";
import { type Fetch, webHandle } from "../../lib/net/web.ts";
import { TestServer } from "./server.ts";

/**
 * Serves by a function of the web; what it fails with and no test takes fails the test at the end.
 * @param fetch Answers requests.
 * @param settings What differs from the patient ones.
 */
export function webServer(fetch: Fetch, settings: Partial<ListenerSettings> = {}): TestServer {
  const server: TestServer = new TestServer(
    webHandle(fetch, (error) => server.fault(error)),
    settings,
  );
  return server;
}

/** A request of HTTP/1.1 with more fields and a body. */
export function request(line: string, fields = "", body = ""): string {
  return `${line} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`;
}
