// A WebSocket that comes back: it reconnects with jittered exponential back-off until told to stop.

const shortest = 500; // ms
const longest = 30_000; // ms
const settled = 5_000; // ms open, after which the next failure counts as the first
const patience = 10_000; // ms for the reason of a refusal

/**
 * How long to wait before the next attempt: at random between half a second and a ceiling that
 * doubles from one second to thirty, so that clients who lost one server do not return as one.
 * @param {number} attempt Failures in a row before this one, from 0.
 * @returns {number} Milliseconds.
 */
export function backoff(attempt, random = Math.random) {
  const ceiling = Math.min(longest, 2 * shortest * 2 ** attempt);
  return shortest + random() * (ceiling - shortest);
}

/**
 * @typedef {object} State
 * @property {"connecting" | "open" | "closing" | "waiting" | "closed"} name `waiting` is closed
 *   with a retry to come, `closed` is closed until somebody asks, or for good: it was refused.
 * @property {number} [code] The close code, where a connection ended.
 * @property {string} [reason] The close reason, or the refusal's.
 * @property {Date} [at] `open`: since when.
 * @property {number} [status] The HTTP status, where the handshake was refused.
 * @property {number} [delay] `waiting`: milliseconds to the retry.
 */

/** Whether it is no use to ask again: the same request will be refused the same way. */
const isFinal = (status) => status >= 400 && status < 500 && status !== 408 && status !== 429;

/**
 * What a browser keeps to itself of a handshake that failed: the answer to the same URL by HTTP.
 * @returns {Promise<{ status: number, reason: string } | undefined>} `undefined` if it is no refusal.
 */
async function refusal(address) {
  const url = new URL(address);
  url.protocol = url.protocol.replace("ws", "http");
  for (const name of ["tap", "as"]) url.searchParams.delete(name);
  url.searchParams.set("limit", 1);
  const signal = AbortSignal.timeout(patience);
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal });
    const reason = (await response.text()).trim();
    return response.ok ? undefined : { status: response.status, reason };
  } catch {
    return undefined; // Nobody is there: cut off, as it seemed.
  }
}

/**
 * @param {() => Promise<{ url: string, protocols?: string[] }>} where Asked before each attempt.
 * @param {{ state(state: State): void, message(data: string | ArrayBuffer): void }} on
 */
export function createConnection(where, on) {
  /** @type {WebSocket | undefined} */
  let socket;
  let failures = 0;
  let openedAt = Infinity;
  let wanted = false;
  let timer;
  /** The attempt whose URL is being asked for; a later one, or a close, replaces it. */
  let asking;

  async function open() {
    wanted = true;
    clearTimeout(timer);
    // One that is still closing is left to itself; its events count no more.
    if (asking || socket && socket.readyState <= WebSocket.OPEN) return;
    socket = undefined;
    const attempt = asking = {};
    on.state({ name: "connecting" });
    const { url, protocols } = await where();
    if (attempt !== asking) return;
    asking = undefined;
    const mine = socket = new WebSocket(url, protocols);
    mine.binaryType = "arraybuffer";
    openedAt = Infinity;
    mine.onopen = () => {
      if (mine !== socket) return;
      openedAt = performance.now();
      on.state({ name: "open", at: new Date() });
    };
    mine.onmessage = ({ data }) => {
      if (mine === socket) on.message(data);
    };
    mine.onclose = async ({ code, reason }) => {
      if (mine !== socket) return;
      const refused = openedAt === Infinity && wanted ? await refusal(url) : undefined;
      if (mine === socket) ended(refused ?? { code, reason });
    };
  }

  function ended(why) {
    socket = undefined;
    if (isFinal(why.status)) wanted = false;
    if (!wanted) return on.state({ name: "closed", ...why });
    if (performance.now() - openedAt > settled) failures = 0;
    const delay = backoff(failures++);
    timer = setTimeout(open, delay);
    on.state({ name: "waiting", ...why, delay });
  }

  function close() {
    wanted = false;
    failures = 0;
    clearTimeout(timer);
    asking = undefined;
    if (!socket || socket.readyState === WebSocket.CLOSED) {
      socket = undefined;
      return on.state({ name: "closed" });
    }
    on.state({ name: "closing" });
    socket.close(1000);
  }

  /** Leaves the connection there is, and opens one to where the URL leads now. */
  function renew() {
    asking = undefined;
    failures = 0;
    const old = socket;
    socket = undefined;
    old?.close(1000);
    return open();
  }

  /** @returns {boolean} Whether there was an open connection to send it on. */
  function send(data) {
    if (socket?.readyState !== WebSocket.OPEN) return false;
    socket.send(data);
    return true;
  }

  // The network is back: no reason to sit the wait out.
  addEventListener("online", () => wanted && open());

  return { open, close, renew, send };
}
