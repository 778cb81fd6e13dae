/**
 * What the isolates of a process hold, once they have collected their garbage: asked of V8's inspector, which a process has
 * where it was started with `--inspect`.
 * @module
 */
import { within } from "../tools/raw.ts";

/** For an answer, in ms. */
const PATIENCE = 20_000;

// deno-lint-ignore no-explicit-any
type Message = any;

/** A session with the main isolate, through which its threads are spoken to. */
class Session {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (result: Message) => void>();
  /** The main isolate, which has no name here, and the sessions of threads, as they become known. */
  readonly isolates: string[] = [""];
  #last = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data), "");
  }

  #take({ id, result, method, params }: Message, thread: string): void {
    if (id !== undefined) return this.#waiting.get(`${thread}:${id}`)?.(result);
    if (method === "NodeWorker.attachedToWorker") this.isolates.push(params.sessionId);
    if (method === "NodeWorker.receivedMessageFromWorker") {
      this.#take(JSON.parse(params.message), params.sessionId);
    }
  }

  /** Calls a method of the main isolate, or of a thread's. */
  async call(method: string, params: Message = {}, thread = ""): Promise<Message> {
    const id = ++this.#last;
    const answered = new Promise<Message>((resolve) =>
      this.#waiting.set(`${thread}:${id}`, resolve)
    );
    const message = JSON.stringify({ id, method, params });
    if (thread === "") this.#socket.send(message);
    else {
      await this.call("NodeWorker.sendMessageToWorker", { sessionId: thread, message });
    }
    return await within(PATIENCE, method, answered);
  }
}

/**
 * Has all isolates of a process collect their garbage.
 * @param port That of its inspector.
 * @returns What is on their heaps then, and outside of them in buffers; in MiB.
 */
export async function collected(port: number): Promise<number> {
  const [target] = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  const session = new Session(socket);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  // Of the threads that there are it tells before long, and before it has collected the garbage of the main isolate.
  await session.call("NodeWorker.enable", { waitForDebuggerOnStart: false });
  let bytes = 0;
  for (const thread of session.isolates) {
    await session.call("HeapProfiler.collectGarbage", {}, thread);
    const { usedSize, backingStorageSize } = await session.call("Runtime.getHeapUsage", {}, thread);
    bytes += usedSize + backingStorageSize;
  }
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.close();
  await closed;
  return bytes / 2 ** 20;
}
