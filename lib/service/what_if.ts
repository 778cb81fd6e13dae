/**
 * What would happen to a client that sent these bytes, broken frames too: no browser's WebSocket can send them, so they
 * are played to a connection of its own, the same state machine as of any other, over no socket.
 * @module
 */
import { checkOrigin } from "../auth/origin.ts";
import { HttpError } from "../http/error.ts";
import type { Reply } from "../http/response.ts";
import type { Request } from "../net/connection.ts";
import { encodeFrame } from "../websocket/frame.ts";
import type { MessageLimits } from "../websocket/message.ts";
import { Protocol } from "../websocket/protocol.ts";
import type { State } from "../websocket/state.ts";

/** Most bytes that are played. */
export const MOST = 1024;

/** What came of it. */
export interface Outcome {
  /** The frames that the server answered, as they would cross the wire, in hexadecimal. */
  answer: string[];
  /** Where the connection stands after it. */
  state: State;
  /** The close code, once it is closed. */
  code?: number;
  /** The reason, once it is closed. */
  reason?: string;
}

/**
 * Answers `POST` with the bytes of the body, in hexadecimal, played.
 * @throws {HttpError} 400 where it is none, 403 for a stranger's page, 405, 413 over {@linkcode MOST} bytes.
 */
export async function whatIfReply(
  request: Request,
  config: MessageLimits & { origin: readonly string[] },
): Promise<Reply> {
  if (request.method !== "POST") {
    throw new HttpError(405, "POST is understood here", [["Allow", "POST"]]);
  }
  checkOrigin(request, config.origin);
  const hex = new TextDecoder().decode(await request.body(3 * MOST)).replace(/\s/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(hex)) throw new HttpError(400, "bytes in hexadecimal are wanted");
  if (hex.length > 2 * MOST) throw new HttpError(413, `over ${MOST} bytes`);
  const headers: Reply["headers"] = [
    ["Content-Type", "application/json"],
    ["Cache-Control", "no-store"],
  ];
  return { status: 200, headers, body: JSON.stringify(play(Uint8Array.fromHex(hex), config)) };
}

/**
 * Plays bytes to a connection that has just been opened, without extensions, and that echoes its messages.
 * @param sent What the client sends, frame behind frame.
 */
export function play(sent: Uint8Array, limits: MessageLimits): Outcome {
  const answer: string[] = [];
  const protocol = new Protocol(
    { frame: (first, payload) => void answer.push(encode(first, payload)) },
    { message: (payload, opcode) => void protocol.send(payload, opcode) },
    limits,
  );
  // As many whole words as the bytes need: they are unmasked by words.
  const words = new Int32Array(Math.ceil(sent.length / 4) + 1);
  const bytes = new Uint8Array(words.buffer);
  bytes.set(sent);
  protocol.receive({ bytes, words, start: 0, end: sent.length, wanted: 0 });
  const { state, ending } = protocol;
  // What it holds of an unfinished message is given back.
  protocol.lost();
  return { answer, state, ...ending && { code: ending.code, reason: ending.reason } };
}

function encode(first: number, payload: Uint8Array): string {
  return encodeFrame(first & 0x0f, payload, first & 0xf0).toHex();
}
