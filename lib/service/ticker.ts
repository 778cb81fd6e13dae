/**
 * The ticker at `/`: `echo 1`, `echo 2`, … to each connection, the first at once; what it answers is logged.
 * @module
 */
import type { SocketHandler } from "../net/socket_handler.ts";
import { CloseCode } from "../websocket/close.ts";
import { Opcode } from "../websocket/frame.ts";
import type { Config } from "../settings/config.ts";
import type { Log } from "./log.ts";
import { addressOf } from "./notices.ts";
import { RateLimit } from "../net/rate.ts";

/** What of a message is shown in the log, in bytes. */
const SHOWN = 1024;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The handler of one connection to the ticker. */
export function ticker(config: Config, log: Log): SocketHandler {
  const messages = new RateLimit(config.messageRate), pings = new RateLimit(config.pingRate);
  let count = 0, due = 0;
  return {
    open(socket) {
      socket.send(`echo ${++count}`);
    },
    tick(socket, now) {
      if (due === 0) due = now + config.tickerInterval;
      if (now < due) return;
      // Where a tick came late the next is not, so that the rate holds.
      due = Math.max(due + config.tickerInterval, now);
      socket.send(`echo ${++count}`);
    },
    message(socket, payload, opcode) {
      if (!messages.take()) return socket.close(CloseCode.Policy, "too many messages");
      const shown = payload.subarray(0, SHOWN);
      log.info("received", {
        peer: addressOf(socket.peer),
        ...opcode === Opcode.Text ? { text: decoder.decode(shown) } : { hex: shown.toHex() },
        bytes: payload.length,
      });
    },
    ping(socket) {
      if (!pings.take()) socket.close(CloseCode.Policy, "too many pings");
    },
  };
}
