// What is said: a text or a file over the WebSocket, or published to the channel by HTTP.

import { copy } from "./element.js";
import { onLanguage, t } from "./i18n.js";
import { curlOf, enveloped, publication, publishable } from "./target.js";

/**
 * @param {(id: string) => HTMLElement} element
 * @param {object} use
 * @param {(data: string | ArrayBuffer) => boolean} use.say
 * @param {(text: string) => void} use.note
 * @param {() => import("./target.js").Target} use.target
 * @param {string | null} use.token What the page was opened with.
 */
export function createComposer(element, { say, note, target, token }) {
  const field = element("text");
  const file = element("file");

  /** Text as the connection wants it: an envelope's client speaks JSON. */
  function spoken(text) {
    const { kind, channel } = target();
    if (kind !== "channel" || enveloped(target()) === "raw") return text;
    if (/^\s*\{\s*"(sub|unsub|pub)"/.test(text)) return text;
    return JSON.stringify({ pub: channel.split(",")[0], data: text });
  }

  element("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    // What could not be sent stays in the field.
    if (field.value !== "" && say(spoken(field.value))) field.value = "";
    changed();
    field.focus();
  });

  element("choose").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (chosen) send(await chosen.arrayBuffer());
    file.value = "";
  });

  function send(bytes) {
    const { kind, channel } = target();
    if (kind !== "channel" || enveloped(target()) === "raw") return say(bytes);
    const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
    say(JSON.stringify({ pub: channel.split(",")[0], base64: btoa(text) }));
  }

  element("publish").addEventListener("click", async () => {
    const { path, type } = publication(target(), field.value);
    const headers = { "Content-Type": type, ...token ? { Authorization: `Bearer ${token}` } : {} };
    try {
      const response = await fetch(path, { method: "POST", headers, body: field.value });
      const text = await response.text();
      if (!response.ok) return note(t().talk.refused(response.status, text.trim()));
      const { id, subscribers } = JSON.parse(text);
      note(t().talk.published(id, subscribers));
      field.value = "";
      changed();
    } catch {
      note(t().talk.unreachable);
    }
  });

  element("copy-curl").addEventListener("click", () => copy(element("curl").textContent));
  field.addEventListener("input", changed);
  onLanguage(changed);

  /** What is typed, or to whom, is another. */
  function changed() {
    const able = publishable(target());
    element("publish").disabled = !able;
    element("curl-line").hidden = !able;
    if (!able) return;
    element("curl").textContent = curlOf(location.origin, target(), field.value || "hello");
  }

  /** Whether there is a connection to send on. */
  function enable(on) {
    element("send").disabled = element("choose").disabled = !on;
  }

  return { changed, enable };
}
