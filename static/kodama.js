// @ts-self-types="./kodama.d.ts"
// Subscribes to channels: comes back when it is cut off, and goes on where it was.

const envelope = "kodama.v1";
const bearer = "kodama.token.";
const shortest = 500; // ms: the ceiling of the first wait, doubled after each failure
const longest = 30_000; // ms: the highest ceiling
const settled = 5_000; // ms open, after which the next failure counts as the first
const quiet = 30_000; // ms between questions whether the server is still there

/** Whether it is no use to come back. */
function isFinal({ code, reason, status }, renewable) {
  if (status >= 400 && status < 500) return status !== 408 && status !== 429;
  // 1008 is a rule that was broken: a token that has expired may be followed by another.
  if (code === 1008) return !(renewable && reason === "token expired");
  return code === 1003 || code === 1007 || code >= 4000;
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** A browser keeps to itself why a handshake was refused: asks for the same by HTTP. */
async function refusal(address, jwt) {
  const url = new URL(address);
  url.protocol = url.protocol.replace("ws", "http");
  url.searchParams.set("limit", 1);
  const headers = { Accept: "application/json" };
  if (jwt) headers.Authorization = `Bearer ${jwt}`;
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(quiet) });
    const reason = (await response.text()).trim();
    if (!response.ok) return { status: response.status, reason };
  } catch {
    // It is not there, or does not speak to this origin: as after any other end.
  }
}

/** When a token ends, in ms since 1970; none that can be read: never. */
function endOf(jwt) {
  try {
    const payload = jwt.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    return JSON.parse(atob(payload)).exp * 1000 || Infinity;
  } catch {
    return Infinity;
  }
}

export function subscribe(url, { since, token, presence, onmessage, ongap, onstate } = {}) {
  const address = new URL(url, globalThis.location?.href);
  address.protocol = address.protocol.replace("http", "ws");
  if (!/^wss?:$/.test(address.protocol)) throw new TypeError("not the URL of a channel");
  address.hash = "";
  if (presence) address.searchParams.set("presence", "");

  // An age is one at the time of this call, however late the connection is.
  const age = /^(\d+)(ms|s|m|h)$/.exec(since);
  const from = age && Date.now() - age[1] * { ms: 1, s: 1e3, m: 6e4, h: 36e5 }[age[2]];
  const begin = () => age ? `${Math.min(Date.now() - from, 999_999_999)}ms` : since;

  let cursor = age || /^(all|last|-\d+)$/.test(since) ? undefined : since || undefined;
  let next; // the cursor, once what was missed has arrived
  let attempt = 0; // the current one: what is left of those before it counts no more
  let failures = 0;
  let closed = false;
  let socket, retry, watch, openedAt, asked;
  let ends; // ms since 1970: when the token does
  const rooms = Object.create(null); // who is there, by channel

  async function connect() {
    clearTimeout(retry);
    retry = undefined;
    const mine = ++attempt;
    onstate?.({ name: "connecting" });
    try {
      const jwt = await (typeof token === "function" ? token() : token);
      if (mine !== attempt) return;
      ends = endOf(jwt);
      const resume = cursor ?? begin();
      if (resume) address.searchParams.set("since", resume);
      let answered = false;
      socket = new WebSocket(address, jwt ? [envelope, bearer + jwt] : [envelope]);
      socket.onopen = () => {
        answered = true;
        if (mine !== attempt || socket.protocol === envelope) return;
        ended({ reason: `${envelope} is not spoken there` });
      };
      socket.onmessage = ({ data }) => mine === attempt && hear(JSON.parse(data), data);
      socket.onclose = async (event) => {
        if (mine !== attempt) return;
        // There is nothing left of it to close while the reason is asked for.
        socket = undefined;
        const why = answered ? event : await refusal(address, jwt) ?? event;
        if (mine === attempt) ended(why);
      };
      asked = true;
      watch = setInterval(check, quiet);
    } catch (error) {
      if (mine === attempt) ended({ error });
    }
  }

  function hear(said, text) {
    asked = false;
    if (said.presence || said.join || said.leave) {
      const channel = said.presence ?? said.ch;
      const room = said.presence ? rooms[channel] = new Map() : rooms[channel];
      for (const { sub, info } of [said.members ?? said.join ?? []].flat()) room.set(sub, info);
      for (const { sub } of [said.leave ?? []].flat()) room.delete(sub);
      presence?.(room, channel);
    } else if ("ch" in said) {
      cursor = said.id;
      next = undefined;
      const data = "base64" in said ? bytes(said.base64) : said.data;
      const skipped = said.skipped && { skipped: said.skipped };
      onmessage?.({ id: said.id, channel: said.ch, data, ...skipped }, text);
    } else if ("channels" in said) {
      openedAt = Date.now();
      if (cursor || since) next = said.open;
      else cursor = said.open;
      // Requests are answered in order: this one after all that was missed.
      ask();
      const mine = attempt;
      onstate?.({ name: "open" });
      if (said.lost && mine === attempt) ongap?.(said.lost);
    } else if (said.lost) {
      // In the midst: what follows comes after this.
      cursor = said.open;
      next = undefined;
      ongap?.(said.lost);
    } else if ("unsub" in said && next) {
      cursor = next;
      next = undefined;
    }
  }

  /** Asks for an answer, by leaving a channel that nobody is on. */
  function ask() {
    asked = true;
    socket.send(`{"unsub":"kodama.js/${Math.random()}"}`);
  }

  /** A connection can be dead for minutes before the system says so; and a token that ends can be followed by another. */
  function check() {
    if (asked) return ended({ reason: "no answer" });
    ask();
    if (typeof token === "function" && ends - Date.now() < 3 * quiet) renew();
  }

  async function renew() {
    const mine = attempt;
    try {
      const jwt = await token();
      if (mine !== attempt || !jwt || socket.readyState !== 1) return;
      ends = endOf(jwt);
      socket.send(JSON.stringify({ token: jwt }));
    } catch {
      // It is asked for again, or for the next connection.
    }
  }

  function leave() {
    attempt++;
    clearTimeout(retry);
    clearInterval(watch);
    retry = next = undefined;
  }

  function ended({ code, reason, status, error }) {
    leave();
    socket?.close();
    socket = undefined;
    const why = { code, reason, status };
    if (isFinal(why, typeof token === "function")) return stop(why);
    if (Date.now() - openedAt > settled) failures = 0;
    openedAt = undefined;
    const delay = Math.random() * Math.min(longest, shortest * 2 ** failures++);
    retry = setTimeout(connect, delay);
    onstate?.({ name: "waiting", ...why, error, delay });
  }

  function stop(why) {
    if (closed) return;
    closed = true;
    leave();
    globalThis.removeEventListener("online", online);
    const told = ({ code, reason, status }) => onstate?.({ name: "closed", code, reason, status });
    if (!socket) return told(why);
    socket.onclose = told;
    socket.close(1000);
  }

  // The network is back: no reason to sit the wait out.
  const online = () => retry !== undefined && connect();
  globalThis.addEventListener("online", online);
  // Nobody is told anything before they have what this returns.
  retry = setTimeout(connect);

  return {
    close: () => stop({}),
    get cursor() {
      return cursor;
    },
  };
}
