// What the page talks to: the ticker, the echo or a channel, and the URLs of each. Pure.

/**
 * @typedef {object} Target
 * @property {"ticker" | "echo" | "channel"} kind
 * @property {string} channel One name, or several with commas.
 * @property {"raw" | "envelope"} mode
 * @property {string} since An id, an age, `all`, or empty.
 */

/** What a channel's page begins with, unless its address says otherwise. */
const recent = "10m";

const encode = (names) =>
  names.split(",").map((name) => name.split("/").map(encodeURIComponent).join("/")).join(",");

/** What the address of the page says. @returns {Target} */
export function targetOf({ pathname, search, hash }) {
  const query = new URLSearchParams(search);
  const since = query.get("since") ?? (query.has("mode") ? "" : recent);
  let channel = pathname.slice(1);
  try {
    channel = decodeURIComponent(channel);
  } catch {
    // The server would not have served the page there.
  }
  const kind = channel !== "" ? "channel" : /^#echo(&|$)/.test(hash) ? "echo" : "ticker";
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
  if (since === "") query.set("mode", enveloped({ channel, since, mode }));
  else if (since !== recent) query.set("since", since);
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

/** Whether a text is published as JSON: where it is an object or an array. */
export function isJson(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null;
  } catch {
    return false;
  }
}

/** The same with curl, quoted for a shell. */
export function curlOf(origin, target, text) {
  const quote = (value) => `'${value.replaceAll("'", `'\\''`)}'`;
  const path = `/${encode(target.channel)}`;
  const url = /[^\w/.:~%-]/.test(path) ? quote(origin + path) : origin + path;
  if (isJson(text)) return `curl --json ${quote(text)} ${url}`;
  // Whatever is not JSON or bytes is text; curl takes `@…` for a file.
  return `curl ${text.startsWith("@") ? "--data-raw" : "-d"} ${quote(text)} ${url}`;
}
