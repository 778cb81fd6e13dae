// What is said: a text or a file, and the curl that would say the same from anywhere.

import { copy } from "./element.js";
import { spoken, spokenBytes } from "./envelope.js";
import { onLanguage, t } from "./i18n.js";
import { curlOf, enveloped, publishable } from "./target.js";

/** Where no channel is chosen, this one shows what publishing is. */
const example = { kind: "channel", channel: "hello" };

/**
 * @param {(id: string) => HTMLElement} element
 * @param {object} use
 * @param {(data: string | ArrayBuffer, shown: string | ArrayBuffer) => boolean} use.say
 * @param {() => import("./target.js").Target} use.target What is chosen: there it goes.
 * @param {() => Promise<boolean>} use.ready Watches what is chosen, and waits until that is open or
 *   has failed. `false` where what is chosen can be nothing's name.
 * @param {() => boolean} use.able Whether there is, or would be, a connection to send on.
 */
export function createComposer(element, { say, target, ready, able }) {
  const field = element("text");
  const file = element("file");
  const curl = element("curl");
  const copyButton = element("copy-curl");

  /** Whether what is said there is put into envelopes. */
  const wraps = (to) => to.kind === "channel" && enveloped(to) === "envelope";
  /** Of several channels the first. */
  const first = ({ channel }) => channel.split(",")[0];

  element("composer").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value;
    if (text === "") return field.focus();
    if (!await ready()) return;
    const to = target();
    const sent = say(wraps(to) ? spoken(text, first(to)) : text, text);
    // What could not be sent stays in the field, and so does what was typed meanwhile.
    if (sent && field.value === text) field.value = "";
    changed();
    field.focus();
  });

  element("choose").addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    if (!chosen) return;
    const bytes = await chosen.arrayBuffer();
    file.value = "";
    if (!await ready()) return;
    const to = target();
    say(wraps(to) ? spokenBytes(bytes, first(to)) : bytes, bytes);
  });

  copyButton.addEventListener("click", async () => {
    await copy(curl.textContent);
    copyButton.textContent = t().talk.copied;
    setTimeout(() => copyButton.textContent = t().page.copyCurl, 1_500);
  });
  field.addEventListener("input", changed);
  onLanguage(changed);

  /** What is typed, or to whom, or whether anybody hears, is another. */
  function changed() {
    const to = target();
    const where = placeOf(to);
    element("text-name").textContent = t().talk.textTo(where);
    field.placeholder = t().talk.sayTo(where);
    for (const [id, name] of [["send", "sendTo"], ["choose", "fileTo"]]) {
      element(id).ariaLabel = element(id).title = t().talk[name](where);
    }
    element("send").disabled = element("choose").disabled = !able();
    lead(to);
  }

  /** A stranger is to see at once how a page is reached from anywhere. */
  function lead(to) {
    const own = publishable(to);
    const elsewhere = to.kind !== "channel";
    element("lead").hidden = !own && !elsewhere;
    const shown = own ? to : example;
    const text = own && field.value || "hello";
    curl.textContent = curlOf(location.origin, shown, text);
    element("lead-title").textContent = t().talk.lead(`/${shown.channel}`);
    const link = element("lead-link");
    link.hidden = own;
    link.textContent = t().talk.open(`/${shown.channel}`);
  }

  /** What is said goes there. */
  function placeOf(to) {
    if (to.kind !== "channel") return t().page[to.kind];
    return to.channel === "" ? t().page.channel : `/${first(to)}`;
  }

  return { changed };
}
