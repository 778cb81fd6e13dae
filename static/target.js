// What the page talks to: the ticker, the echo or a channel, and the URLs of each. Pure.

/**
 * @typedef {object} Target
 * @property {"ticker" | "echo" | "channel"} kind
 * @property {string} channel One name, or several with commas.
 * @property {"raw" | "envelope"} mode
 * @property {string} since An id, an age, `all`, or empty.
 */

const encode = (names) =>
  names.split(",").map((name) => name.split("/").map(encodeURIComponent).join("/")).join(",");

/** What the address of the page says. @returns {Target} */
export function targetOf({ pathname, search, hash }) {
  const query = new URLSearchParams(search);
  const since = query.get("since") ?? "";
  let channel = pathname.slice(1);
  try {
    channel = decodeURIComponent(channel);
  } catch {
    // The server would not have served the page there.
  }
  const kind = channel !== "" ? "channel" : hash === "#echo" ? "echo" : "ticker";
  return { kind, channel, mode: enveloped({ channel, since, mode: query.get("mode") }), since };
}

/** Several channels, or a `since`, make envelopes whatever was chosen. */
export function enveloped({ channel, since, mode }) {
  return since !== "" || channel.includes(",") || mode === "envelope" ? "envelope" : "raw";
}

/** The page's address for a target. */
export function addressOf({ kind, channel, mode, since }) {
  if (kind !== "channel") return kind === "echo" ? "/#echo" : "/";
  const query = new URLSearchParams();
  if (since !== "") query.set("since", since);
  else if (mode === "envelope" && !channel.includes(",")) query.set("mode", mode);
  return `/${encode(channel)}${query.size > 0 ? `?${query}` : ""}`;
}

/** The path of the WebSocket, its query, and the subprotocols that are offered. */
export function pathOf({ kind, channel, mode, since }) {
  if (kind !== "channel") return { path: kind === "echo" ? "/-/echo" : "/", query: {} };
  return {
    path: `/${encode(channel)}`,
    query: since === "" ? {} : { since },
    protocols: enveloped({ channel, since, mode }) === "envelope" ? ["kodama.v1"] : undefined,
  };
}

/** Whether a message can be published there: one channel. */
export function publishable({ kind, channel }) {
  return kind === "channel" && channel !== "" && !channel.includes(",");
}

/** How a body is published: JSON where it is an object or an array, else as text. */
export function publication(target, text) {
  let json = false;
  try {
    json = typeof JSON.parse(text) === "object" && JSON.parse(text) !== null;
  } catch {
    // Text, then.
  }
  return { path: `/${encode(target.channel)}`, type: json ? "application/json" : "text/plain" };
}

/** The same with curl, quoted for a shell. */
export function curlOf(origin, target, text) {
  const quote = (value) => `'${value.replaceAll("'", `'\\''`)}'`;
  const { path, type } = publication(target, text);
  const url = /[^\w/.:~%-]/.test(path) ? quote(origin + path) : origin + path;
  if (type === "application/json") return `curl --json ${quote(text)} ${url}`;
  // Whatever is not JSON or bytes is text; curl takes `@…` for a file.
  return `curl ${text.startsWith("@") ? "--data-raw" : "-d"} ${quote(text)} ${url}`;
}
