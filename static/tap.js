// The page's wire tap: a second WebSocket that tells what crosses the wire on the first.

const patience = 3_000; // ms for a tap to open; the connection does not wait longer

/** An id that nobody guesses: 24 of A–Z a–z 0–9 _ -. */
export function randomId() {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return Array.from(crypto.getRandomValues(new Uint8Array(24)), (byte) => alphabet[byte % 64]).join(
    "",
  );
}

/**
 * @param {string} base `ws://host`
 * @param {{ open(): void, event(event: object): void, gone(): void }} on `gone`: one that was open.
 */
export function createTap(base, on) {
  let socket;
  let id;
  let opening;

  /** The id of an open tap, opened if need be; `undefined` where there is none to be had. */
  function ready() {
    if (socket?.readyState === WebSocket.OPEN) return Promise.resolve(id);
    return opening ??= open().finally(() => opening = undefined);
  }

  function open() {
    return new Promise((resolve) => {
      const mine = socket = new WebSocket(`${base}/-/tap/${id = randomId()}`);
      let opened = false;
      const timer = setTimeout(() => mine.close(), patience);
      mine.onopen = () => {
        opened = true;
        clearTimeout(timer);
        on.open();
        resolve(id);
      };
      mine.onmessage = ({ data }) => on.event(JSON.parse(data));
      mine.onclose = () => {
        clearTimeout(timer);
        resolve(undefined);
        if (opened) on.gone();
      };
    });
  }

  return { ready };
}
