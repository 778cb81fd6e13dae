/**
 * How a message leaves for one of its subscribers: in a frame that is the same for all of them, wherever it can be.
 * @module
 */
import type { Form, Message } from "../hub/message.ts";
import { LARGE } from "../net/outbox.ts";
import type { Socket } from "../net/socket.ts";
import { Opcode } from "../websocket/frame.ts";
import { type FrameForms, header, type Mode } from "./forms.ts";

/** The form of a connection's frames; `undefined`: with context takeover every connection compresses for itself. */
export function formFor(socket: Socket, forms: FrameForms, mode: Mode): Form | undefined {
  return socket.takeover ? undefined : forms(mode, socket.sharedWindowBits);
}

/**
 * Sends a message to one of its subscribers.
 * @param form As {@linkcode formFor} gives it.
 * @param skipped How many were left out before it on its channel.
 */
export function sendMessage(
  socket: Socket,
  message: Message,
  mode: Mode,
  form: Form | undefined,
  skipped = 0,
): void {
  // A large body is held once, by what is remembered and by all queues.
  const { body } = message, plain = mode === "raw" && socket.sharedWindowBits === 0;
  if (plain && form !== undefined && body.length >= LARGE) {
    socket.sendFrame(message.as(header), body);
    return;
  }
  // What was left out is another number for each of those who are slow.
  const own = skipped > 0 && mode === "envelope";
  if (form !== undefined && !own) socket.sendFrame(message.as(form));
  else if (mode === "envelope") socket.send(message.toJSONText(skipped));
  else socket.send(body, message.kind === "binary" ? Opcode.Binary : Opcode.Text);
}
