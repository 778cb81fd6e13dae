/**
 * A request and its answer as the web has them (Fetch, 5).
 * @module
 */
import type { Answer, Request as Asked } from "../net/connection.ts";

export function requestOf(asked: Asked): Request {
  const { method, target, headers, secure, hasBody } = asked;
  const url = `${secure ? "https" : "http"}://${headers.get("host") ?? "localhost"}${target}`;
  const body = hasBody
    ? new ReadableStream<Uint8Array<ArrayBuffer>>({
      async pull(controller) {
        controller.enqueue(await asked.body());
        controller.close();
      },
    }, { highWaterMark: 0 })
    : null;
  return new Request(url, { method, headers: [...headers] as [string, string][], body });
}

export async function answerOf(
  response: Response,
  _asked: Asked,
  _request: Request,
): Promise<Answer> {
  const body = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, headers: [...response.headers], body };
}
