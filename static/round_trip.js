// How long a message takes to the server and back, on a connection of its own to the echo.

const every = 1_000; // ms
const again = 5_000; // ms after a connection ended

/**
 * @param {string} url
 * @param {(ms: number) => void} on
 */
export function createRoundTrip(url, on) {
  let socket;
  let sent;

  function open() {
    socket = new WebSocket(url);
    sent = undefined;
    socket.onmessage = () => {
      on(performance.now() - sent);
      sent = undefined;
    };
    socket.onclose = () => setTimeout(open, again);
  }

  setInterval(() => {
    // One at a time, and none for a page that nobody sees.
    if (document.hidden || sent !== undefined || socket.readyState !== WebSocket.OPEN) return;
    sent = performance.now();
    socket.send("?");
  }, every);
  open();
}
