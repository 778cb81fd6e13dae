/**
 * The Pusher protocol: whatever a client says is something that can be asked for, or refused; and what an app's server has
 * not signed is not taken.
 * @module
 */
import { nameFault } from "../../lib/hub/name.ts";
import { draftOf, eventOf } from "../../lib/pusher/event.ts";
import { channelOf, nameOf } from "../../lib/pusher/name.ts";
import { Code, readAsked, readMember, readUserData } from "../../lib/pusher/protocol.ts";
import { requestFault } from "../../lib/pusher/signature.ts";
import { hold, type Target } from "./target.ts";

const decoder = new TextDecoder();

/** A text, as a client sends it. */
export const pusherMessages: Target = {
  name: "pusher-messages",
  share: 20,
  run(input) {
    const text = decoder.decode(input), asked = readAsked(text);
    if ("code" in asked) {
      hold(asked.code === Code.Malformed, `refused with ${asked.code}`);
      return { seen: asked.message, kind: asked.message };
    }
    if (asked.ask === "trigger") {
      const { event, data } = asked, { kind, body } = draftOf("btc", { event, data });
      const again = eventOf({ kind, body });
      hold(again.event === event && again.data === data, "an event is not what it was");
    }
    if ("channel" in asked) {
      const { channel: name } = asked, channel = channelOf("7/", name);
      if (channel !== undefined) {
        hold(nameFault(channel) === undefined, `${channel} is no name`);
        hold(nameOf("7/", channel) === name, `${channel} is not ${name}`);
      }
    }
    const who = "data" in asked && asked.data !== undefined
      ? [readMember(asked.data), readUserData(asked.data)]
      : [];
    const seen = JSON.stringify([asked, who]);
    return { seen, kind: `${asked.ask} ${who.map((user) => typeof user).join(" ")}` };
  },
};

const app = {
  ...{ id: "3", key: "278d425bdf160c739803", secret: "7ad3773142a6692b25b8", prefix: "" },
};
const key = await crypto.subtle.importKey(
  "raw",
  new TextEncoder().encode(app.secret),
  { name: "HMAC", hash: "SHA-256" },
  false,
  ["sign"],
);

/** Method, path and query of a request, with line breaks between them. */
export const pusherRequests: Target = {
  name: "pusher-requests",
  share: 10,
  async run(input) {
    const [method = "", path = "", query = ""] = decoder.decode(input).split("\n");
    const parameters = new URLSearchParams(query);
    const fault = requestFault(app, { method, path, parameters }, 1353088179_000);
    if (fault === undefined) {
      // By Web Crypto alone, and as Pusher's documentation says it.
      const all = Object.fromEntries([...parameters].map(([k, v]) => [k.toLowerCase(), v]));
      const signature = all.auth_signature;
      delete all.auth_signature;
      const pairs = Object.keys(all).sort().map((name) => `${name}=${all[name]}`).join("&");
      const text = new TextEncoder().encode(`${method}\n${path}\n${pairs}`);
      const own = new Uint8Array(await crypto.subtle.sign("HMAC", key, text)).toHex();
      hold(own === signature, "what nobody signed is taken");
      hold(Math.abs(Number(all.auth_timestamp) - 1353088179) <= 600, "an old one is taken");
    }
    const seen = fault ?? "taken";
    return { seen, kind: seen.slice(0, 40) };
  },
};
