// The form that says what to talk to.

import { onLanguage, t } from "./i18n.js";
import { enveloped } from "./target.js";

/**
 * @param {(id: string) => HTMLElement} element
 * @param {import("./target.js").Target} first What the address of the page says.
 * @param {(target: import("./target.js").Target) => void} on Another was chosen.
 */
export function createTargetForm(element, first, on) {
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
    mode.value = given.mode = enveloped(given);
    return { kind: form.elements.kind.value, ...given };
  }

  for (const radio of form.elements.kind) {
    radio.addEventListener("change", () => {
      show();
      if (radio.value !== "channel") on(read());
      else if (channel.value !== "" && form.checkValidity()) on(read());
      else channel.focus();
    });
  }
  mode.addEventListener("change", () => {
    if (mode.value === "raw") since.value = "";
    if (channel.value !== "" && form.checkValidity()) on(read());
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    on(read());
  });
  show();
}
