// Every sentence the scripts say, in one place. What never changes stands in index.html.

const number = new Intl.NumberFormat("en");

/** What the common close codes mean (RFC 6455, 7.4.1). */
const closeReasons = {
  1000: "normal",
  1001: "going away",
  1002: "protocol error",
  1003: "unsupported data",
  1005: "no code given",
  1006: "cut off",
  1007: "invalid text",
  1008: "against a rule",
  1009: "message too big",
  1011: "server fault",
  1012: "restarting",
  1013: "try again later",
};

export const strings = {
  states: {
    connecting: "Connecting",
    open: "Open",
    closing: "Closing",
    waiting: "Closed",
    closed: "Closed",
  },
  connect: "Connect",
  disconnect: "Disconnect",
  received: "received",
  sent: "sent",
  latest: (unseen) => unseen > 0 ? `${number.format(unseen)} new` : "Latest",
  count: (n) => number.format(n),
  closed: (code, reason) => {
    const meaning = reason || closeReasons[code];
    return meaning ? `${code}, ${meaning}` : `${code}`;
  },
  retryIn: (seconds) => `Retry in ${seconds} s`,
  opened: "open",
  closedWith: (code, reason) => `closed ${strings.closed(code, reason)}`,
  cut: (characters) => `… ${number.format(characters)} characters in all`,
  binary: (bytes, hex) => `binary, ${number.format(bytes)} bytes: ${hex}`,
};
