// What is said: a text or a file over the WebSocket, or published to the channel by HTTP.

import { copy } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { curlOf, enveloped, publication, publishable } from "./target.js";

/**
 * @param {(id: string) => HTMLElement} element
 * @param {object} use
 * @param {(data: string | ArrayBuffer) => boolean} use.say
 * @param {(text: string) => void} use.note
 * @param {() => import("./target.js").Target} use.target What is chosen: there it goes.
 * @param {() => Promise<boolean>} use.ready Watches what is chosen, and waits until that is open or
 *   has failed. `false` where what is chosen can be nothing's name.
 * @param {() => boolean} use.able Whether there is, or would be, a connection to send on.
 * @param {() => string} use.token Who says it; empty for nobody.
 * @param {() => void} use.refused A publish was, for want of a token perhaps.
 */
export function createComposer(element, { say, note, target, ready, able, token, refused }) {
  const field = element("text");
  const file = element("file");

  /** Text as the connection wants it: an envelope's client speaks JSON. */
  function spoken(text) {
    const { kind, channel } = target();
    if (kind !== "channel" || enveloped(target()) === "raw") return text;
    if (/^\s*\{\s*"(sub|unsub|pub)"/.test(text)) return text;
    return JSON.stringify({ pub: channel.split(",")[0], data: text });
  }

  element("composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value;
    if (text === "") return field.focus();
    if (!await ready()) return;
    // What could not be sent stays in the field, and so does what was typed meanwhile.
    if (say(spoken(text)) && field.value === text) field.value = "";
    changed();
    field.focus();
  });

  element("choose").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const bytes = await chosen.arrayBuffer();
    file.value = "";
    if (await ready()) send(bytes);
  });

  function send(bytes) {
    const { kind, channel } = target();
    if (kind !== "channel" || enveloped(target()) === "raw") return say(bytes);
    const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
    say(JSON.stringify({ pub: channel.split(",")[0], base64: btoa(text) }));
  }

  element("publish").addEventListener("click", async () => {
    const text = field.value;
    if (!await ready()) return;
    const { path, type } = publication(target(), text);
    const headers = { "Content-Type": type };
    if (token()) headers.Authorization = `Bearer ${token()}`;
    try {
      const response = await fetch(path, { method: "POST", headers, body: text });
      const answer = await response.text();
      if (!response.ok) {
        if (response.status === 401 || response.status === 403) refused();
        return note(t().talk.refused(response.status, answer.trim()));
      }
      const { id, subscribers } = JSON.parse(answer);
      note(t().talk.published(id, subscribers));
      if (field.value === text) field.value = "";
      changed();
    } catch {
      note(t().talk.unreachable);
    }
  });

  element("copy-curl").addEventListener("click", () => copy(element("curl").textContent));
  field.addEventListener("input", changed);
  onLanguage(changed);

  /** What is typed, or to whom, or whether anybody hears, is another. */
  function changed() {
    const to = target();
    const where = placeOf(to);
    element("text-name").textContent = t().talk.textTo(where);
    field.placeholder = t().talk.sayTo(where);
    for (const [id, name] of [["send", "sendTo"], ["choose", "fileTo"], ["publish", "publishTo"]]) {
      element(id).ariaLabel = element(id).title = t().talk[name](where);
    }
    element("send").disabled = element("choose").disabled = !able();
    const one = publishable(to);
    element("publish").disabled = !one;
    element("curl-line").hidden = !one;
    if (one) element("curl").textContent = curlOf(location.origin, to, field.value || "hello");
  }

  /** What is said goes there: of several channels to the first. */
  function placeOf({ kind, channel }) {
    if (kind !== "channel") return t().page[kind];
    return channel === "" ? t().page.channel : `/${channel.split(",")[0]}`;
  }

  return { changed };
}
