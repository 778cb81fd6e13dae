/**
 * Who is on a presence channel, as one of them is told.
 * @module
 */
import type { Change, Presence, Watch } from "../hub/presence.ts";
import type { Member } from "../hub/hub.ts";
import type { Socket } from "../net/socket.ts";
import { encodeText } from "../websocket/utf8.ts";
import { encodeFrame, Opcode } from "../websocket/frame.ts";
import { memberAdded, memberRemoved, type User } from "./protocol.ts";

/** The frames of a change, made once for all who are told of it. */
const frames = new WeakMap<Change, { of: string; frame: Uint8Array }[]>();

function framesOf(change: Change, name: string): { of: string; frame: Uint8Array }[] {
  let made = frames.get(change);
  if (made !== undefined) return made;
  const frame = (text: string) => encodeFrame(Opcode.Text, encodeText(text));
  made = [
    ...change.leave.map((sub) => ({ of: sub, frame: frame(memberRemoved(name, sub)) })),
    ...change.join.map((m) => ({ of: m.sub, frame: frame(memberAdded(name, userOf(m))) })),
  ];
  frames.set(change, made);
  return made;
}

function userOf({ sub, info }: Member): User {
  return { id: sub, info };
}

/** Those who are there, for one of them. */
export class Members {
  /** Resolves when it is known who they are. */
  readonly ready: Promise<void>;
  readonly #watch: Watch;
  readonly #self: User;
  /** Who is there, until that has been told. */
  #users: Map<string, User> | undefined = new Map();

  /**
   * @param channel Kodama's.
   * @param name The same, as the app names it.
   * @param self Who this is: nobody is told of its own coming.
   */
  constructor(presence: Presence, channel: string, name: string, self: User, socket: Socket) {
    this.#self = self;
    this.#watch = presence.watch(channel, (change) => {
      if (this.#users !== undefined) return this.#note(change);
      for (const { of, frame } of framesOf(change, name)) {
        if (of !== self.id) socket.sendFrame(frame);
      }
    });
    this.ready = this.#watch.ready;
  }

  /** Begins to follow them. Resolves when the list is there. */
  begin(): Promise<void> {
    return new Promise((resolve) =>
      this.#watch.begin((there) => {
        this.#note({ join: there, leave: [] });
        resolve();
      })
    );
  }

  /** Who is there; of changes from now on it is told. */
  take(): User[] {
    // That it is there itself may not be known yet.
    const users = this.#users!.set(this.#self.id, this.#users!.get(this.#self.id) ?? this.#self);
    this.#users = undefined;
    return [...users.values()];
  }

  /** It is there no more. */
  stop(): void {
    this.#watch.stop();
  }

  #note({ join, leave }: { join: readonly Member[]; leave: readonly string[] }): void {
    for (const sub of leave) this.#users?.delete(sub);
    for (const member of join) this.#users?.set(member.sub, userOf(member));
  }
}
