// The form that says what to talk to.

import { onLanguage, t } from "./i18n.js";
import { addressOf, enveloped } from "./target.js";

/**
 * @param {(id: string) => HTMLElement} element
 * @param {import("./target.js").Target} first What the address of the page says.
 * @param {object} on
 * @param {(target: import("./target.js").Target) => void} on.chosen Another was chosen, to be watched.
 * @param {() => void} on.changed Another is being typed.
 */
export function createTargetForm(element, first, on) {
  let watched = first;
  const form = element("target");
  const [channel, mode, since] = ["channel", "mode", "since"].map(element);

  form.elements.kind.value = first.kind;
  channel.value = first.channel;
  mode.value = first.mode;
  since.value = first.since;
  // Names as the server takes them; commas between.
  channel.pattern = "[A-Za-z0-9_.~@:=!,\\/\\-]+";
  since.pattern = "all|\\d{1,9}(ms|s|m|h)|[0-9A-Za-z_\\-]{1,32}\\.\\d{1,16}";
  const name = () => channel.title = t().talk.name;
  onLanguage(name);
  name();

  function show() {
    const kind = form.elements.kind.value;
    document.body.dataset.target = kind;
    channel.required = kind === "channel";
    for (const field of [channel, mode, since]) field.disabled = kind !== "channel";
  }

  function read() {
    const given = { channel: channel.value.trim(), mode: mode.value, since: since.value.trim() };
    given.mode = enveloped(given);
    return { kind: form.elements.kind.value, ...given };
  }

  function choose() {
    watched = read();
    mode.value = watched.mode;
    on.chosen(watched);
  }

  /** Whether what is chosen is what is watched. */
  function settled() {
    const now = read();
    return now.kind === watched.kind &&
      (now.kind !== "channel" || addressOf(now) === addressOf(watched));
  }

  /**
   * Watches what is chosen, if that is another. Where it is no channel, the browser says so.
   * @returns {boolean} Whether what is chosen is now what is watched.
   */
  function settle() {
    if (!form.reportValidity()) return false;
    if (!settled()) choose();
    return true;
  }

  for (const radio of form.elements.kind) {
    radio.addEventListener("change", () => {
      show();
      if (radio.value !== "channel" || channel.value !== "" && form.checkValidity()) choose();
      else channel.focus();
      on.changed();
    });
  }
  mode.addEventListener("change", () => {
    if (mode.value === "raw") since.value = "";
    if (channel.value !== "" && form.checkValidity()) choose();
  });
  form.addEventListener("input", on.changed);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose();
  });
  show();

  return { read, settle, settled };
}
