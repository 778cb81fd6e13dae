// The form that says what to talk to. While a channel is watched it is folded into one line.

import { onLanguage, t } from "./i18n.js";
import { addressOf, enveloped } from "./target.js";

const narrow = matchMedia("(max-width: 39.99rem)"); // on a phone what is said has the room

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
  const toggle = element("fold");
  const [channel, mode, since] = ["channel", "mode", "since"].map(element);

  form.elements.kind.value = first.kind;
  channel.value = first.channel;
  mode.value = first.mode;
  since.value = first.since;
  // Names as the server takes them; commas between.
  channel.pattern = "[A-Za-z0-9_.~@:=!,\\/\\-]+";
  since.pattern = "all|\\d{1,9}(ms|s|m|h)|[0-9A-Za-z_\\-]{1,32}\\.\\d{1,16}";

  function fold(folded) {
    element("controls").hidden = folded;
    toggle.setAttribute("aria-expanded", !folded);
  }

  /** In a line: what is watched, or is being chosen. */
  function name() {
    channel.title = t().talk.name;
    const now = read();
    const named = now.kind === "channel" && now.channel !== "";
    element("fold-name").textContent = named ? `/${now.channel}` : t().page[now.kind];
    element("fold-detail").textContent = named ? t().talk.watching(now) : t().talk.kinds[now.kind];
  }

  function show() {
    const kind = form.elements.kind.value;
    document.body.dataset.target = kind;
    channel.required = kind === "channel";
    for (const field of [channel, mode, since]) field.disabled = kind !== "channel";
    name();
  }

  function read() {
    const given = { channel: channel.value.trim(), mode: mode.value, since: since.value.trim() };
    given.mode = enveloped(given);
    return { kind: form.elements.kind.value, ...given };
  }

  function choose() {
    watched = read();
    mode.value = watched.mode;
    name();
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
    // What is not in sight cannot be pointed at.
    if (!form.checkValidity()) fold(false);
    if (!form.reportValidity()) return false;
    if (!settled()) choose();
    if (watched.kind === "channel") fold(true);
    return true;
  }

  toggle.addEventListener("click", () => fold(toggle.getAttribute("aria-expanded") === "true"));
  for (const radio of form.elements.kind) {
    radio.addEventListener("change", () => {
      show();
      if (radio.value !== "channel" || channel.value !== "" && form.checkValidity()) choose();
      else channel.focus();
      on.changed();
    });
  }
  // The choice between the two is one of whether there is a `since`.
  mode.addEventListener("change", () => {
    if (mode.value === "raw") since.value = "";
    if (channel.value !== "" && form.checkValidity()) choose();
  });
  for (const field of [channel, since]) {
    field.addEventListener("change", () => {
      if (channel.value !== "" && form.checkValidity() && !settled()) choose();
    });
  }
  form.addEventListener("input", () => {
    name();
    on.changed();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  // Who goes on to write is done here. What is above moves, the field does not.
  element("text").addEventListener("focus", () => {
    if (watched.kind === "channel" && settled() && element("filter").value === "") fold(true);
  });
  onLanguage(name);
  show();
  fold(first.kind === "channel" || narrow.matches);

  return {
    read,
    settle,
    settled,
    /** Shows the form, where something is asked for in it. */
    unfold: () => fold(false),
    /** Enter in one of its fields. */
    onEnter(listener) {
      form.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.target.type === "radio") return;
        event.preventDefault();
        listener();
      });
    },
  };
}
