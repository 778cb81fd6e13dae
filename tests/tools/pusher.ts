/**
 * An app of the Pusher protocol, seen from its clients and its server: in bytes, and by Pusher's own libraries.
 * @module
 */
import { createHash, createHmac } from "node:crypto";
import pusherJS from "pusher-js";
import nacl from "tweetnacl";
import { encodeBase64 } from "@std/encoding/base64";
import type { Answer } from "./answers.ts";
import { ask, type RequestFields, Subscriber } from "./channels.ts";

/** An app. */
export interface TestApp {
  id: string;
  key: string;
  secret: string;
}

/** One, and another. */
export const APP: TestApp = { id: "3", key: "key-of-three", secret: "s3cret-of-three" };
export const OTHER: TestApp = { id: "seven", key: "key-of-seven", secret: "s3cret-of-seven" };

/** The flag of an app. */
export function flagOf({ id, key, secret }: TestApp): string[] {
  return ["--pusher", `${id}:${key}:${secret}`];
}

/** Signs, by itself: nothing of this is the server's. */
export function hmac(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("hex");
}

/** What a client shows for a subscription. */
export function authOf(app: TestApp, socketId: string, channel: string, data?: string): string {
  const rest = data === undefined ? "" : `:${data}`;
  return `${app.key}:${hmac(app.secret, `${socketId}:${channel}${rest}`)}`;
}

/** A client in bytes. */
export class RawPusher implements Disposable {
  readonly socket: Subscriber;
  readonly id: string;
  readonly #app: TestApp;

  private constructor(socket: Subscriber, id: string, app: TestApp) {
    this.socket = socket;
    this.id = id;
    this.#app = app;
  }

  /** Connects, and takes the first thing that the server says. */
  static async open(
    service: { port: number },
    app: TestApp = APP,
    query = "protocol=7&client=js&version=8.6.0&flash=false",
    fields: RequestFields = {},
  ): Promise<RawPusher> {
    const socket = await Subscriber.open(service, `/app/${app.key}?${query}`, fields);
    const { event, data } = await socket.json();
    if (event !== "pusher:connection_established") {
      throw new Error(`not established: ${event} ${JSON.stringify(data)}`);
    }
    return new RawPusher(socket, JSON.parse(data).socket_id, app);
  }

  /** Says something. */
  say(event: string, data: unknown, channel?: string): Promise<void> {
    return this.socket.say({ event, data, channel });
  }

  /** Asks to subscribe, with a signature where one is needed. */
  async ask(channel: string, data?: string): Promise<void> {
    const guarded = /^(private|presence)-/.test(channel);
    const auth = guarded ? authOf(this.#app, this.id, channel, data) : undefined;
    await this.say("pusher:subscribe", { channel, auth, channel_data: data });
  }

  /** Subscribes. Returns what is said of it. */
  // deno-lint-ignore no-explicit-any
  async subscribe(channel: string, data?: string): Promise<any> {
    await this.ask(channel, data);
    return await this.next();
  }

  /** The next thing that is said, its data read. */
  // deno-lint-ignore no-explicit-any
  async next(): Promise<any> {
    const said = await this.socket.json();
    try {
      return { ...said, data: typeof said.data === "string" ? JSON.parse(said.data) : said.data };
    } catch {
      return said;
    }
  }

  [Symbol.dispose](): void {
    this.socket[Symbol.dispose]();
  }
}

/** Parameters that sign a request. */
export function signed(
  app: TestApp,
  line: string,
  body = "",
  more: Record<string, string> = {},
  time: number = Math.floor(Date.now() / 1000),
): string {
  const [method, path] = line.split(" ") as [string, string];
  const parameters: Record<string, string> = {
    ...{ auth_key: app.key, auth_timestamp: String(time), auth_version: "1.0" },
    ...body !== "" && { body_md5: createHash("md5").update(body).digest("hex") },
    ...more,
  };
  const pairs = Object.entries(parameters).sort(([a], [b]) => a < b ? -1 : 1);
  const text = `${method}\n${path}\n${pairs.map((pair) => pair.join("=")).join("&")}`;
  return `${new URLSearchParams(pairs)}&auth_signature=${hmac(app.secret, text)}`;
}

/** Asks the HTTP API, signed. */
export function askApi(
  service: { port: number },
  line: string,
  body?: unknown,
  more?: Record<string, string>,
  app: TestApp = APP,
): Promise<Answer> {
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  const full = line.replace(" ", ` /apps/${app.id}`);
  const fields: RequestFields = text === "" ? {} : { "Content-Type": "application/json" };
  return ask(
    service,
    `${full}?${signed(app, full, text, more)}`,
    fields,
    text === "" ? undefined : text,
  );
}

/** What Pusher's libraries for servers do, which are tried by `deno task clients`: as an app's server uses them. */
export class AppServer {
  readonly #service: { port: number };
  readonly #app: TestApp;

  constructor(service: { port: number }, app: TestApp = APP) {
    this.#service = service;
    this.#app = app;
  }

  /** Publishes an event on a channel, or on several. */
  trigger(
    channels: string | string[],
    name: string,
    data: unknown,
    more: object = {},
    // deno-lint-ignore no-explicit-any
  ): Promise<any> {
    const [only = ""] = [channels].flat();
    const text = only.startsWith("private-encrypted-")
      ? this.#encrypted(only, data)
      : typeof data === "string"
      ? data
      : JSON.stringify(data);
    return this.post("/events", { name, data: text, channels: [channels].flat(), ...more });
  }

  /** Asks for something. */
  // deno-lint-ignore no-explicit-any
  async post(path: string, body: unknown): Promise<any> {
    return await this.#answer(askApi(this.#service, `POST ${path}`, body, {}, this.#app));
  }

  /** The same. */
  // deno-lint-ignore no-explicit-any
  async get(path: string, parameters: Record<string, string> = {}): Promise<any> {
    return await this.#answer(
      askApi(this.#service, `GET ${path}`, undefined, parameters, this.#app),
    );
  }

  /** What a client shows to subscribe. */
  authorize(socketId: string, channel: string, member?: unknown) {
    const channel_data = member === undefined ? undefined : JSON.stringify(member);
    const auth = authOf(this.#app, socketId, channel, channel_data);
    const shared_secret = encodeBase64(sharedSecret(channel));
    return { auth, ...member !== undefined && { channel_data }, shared_secret };
  }

  /** What a client shows to sign in. */
  authenticate(socketId: string, user: unknown) {
    const user_data = JSON.stringify(user), { key, secret } = this.#app;
    return { auth: `${key}:${hmac(secret, `${socketId}::user::${user_data}`)}`, user_data };
  }

  #encrypted(channel: string, data: unknown): string {
    const nonce = nacl.randomBytes(24), text = new TextEncoder().encode(JSON.stringify(data));
    const ciphertext = encodeBase64(nacl.secretbox(text, nonce, sharedSecret(channel)));
    return JSON.stringify({ nonce: encodeBase64(nonce), ciphertext });
  }

  // deno-lint-ignore no-explicit-any
  async #answer(asked: Promise<Answer>): Promise<any> {
    const { status, body } = await asked;
    if (status !== 200) throw new Error(`answered ${status} ${body}`);
    return JSON.parse(body);
  }
}

/** What a channel is encrypted with, as Pusher's libraries make it of the application's own key. */
function sharedSecret(channel: string): Uint8Array {
  return createHash("sha256").update(channel).update(new Uint8Array(32).fill(7)).digest();
}

/** What a client is, and who signs for it. */
export interface ClientOptions {
  app?: TestApp;
  /** Who signs for it; by default the app. */
  signer?: TestApp;
  /** Who it is, on presence channels and where it signs in. */
  user?: { id: string; info?: Record<string, unknown> };
}

/** Who tells of events: a connection, a channel, a user. */
export interface Emitter {
  bind(event: string, callback: (...args: never[]) => void): unknown;
  unbind(event: string, callback: (...args: never[]) => void): unknown;
}

/** A channel of pusher-js. */
export interface Channel extends Emitter {
  subscribed: boolean;
  trigger(event: string, data: unknown): boolean;
}

/** What is used here of pusher-js, whose own types need another resolution of modules. */
export interface PusherClient {
  connection: Emitter & { socket_id: string; state: string };
  user: Emitter & { signinDonePromise: Promise<void>; serverToUserChannel?: Channel };
  subscribe(name: string): Channel;
  unsubscribe(name: string): void;
  channel(name: string): Channel | undefined;
  signin(): void;
  disconnect(): void;
}

/** What pusher-js calls with what it shows. */
type Handed = (error: null, shown: unknown) => void;

const PusherJS = pusherJS as unknown as new (key: string, options: unknown) => PusherClient;

/** pusher-js, whose app signs in this process. */
export function clientOf(
  service: { port: number },
  { app = APP, signer = app, user }: ClientOptions = {},
): PusherClient {
  const server = new AppServer(service, signer);
  return new PusherJS(app.key, {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: service.port,
    forceTLS: false,
    enabledTransports: ["ws"],
    channelAuthorization: {
      customHandler(
        { socketId, channelName }: { socketId: string; channelName: string },
        callback: Handed,
      ) {
        const data = user && { user_id: user.id, user_info: user.info };
        const presence = channelName.startsWith("presence-") ? data : undefined;
        callback(null, server.authorize(socketId, channelName, presence));
      },
    },
    userAuthentication: {
      customHandler({ socketId }: { socketId: string }, callback: Handed) {
        const data = { id: user!.id, user_info: user!.info ?? {} };
        callback(null, server.authenticate(socketId, data));
      },
    },
  });
}

/** The next event of a name: its data. */
// deno-lint-ignore no-explicit-any
export function next(of: Emitter, event: string, ms = 20_000): Promise<any> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const timer = setTimeout(() => reject(new Error(`no ${event} in ${ms} ms`)), ms);
  const take = (...args: never[]) => {
    clearTimeout(timer);
    of.unbind(event, take);
    resolve(args[0]);
  };
  of.bind(event, take);
  return promise;
}
