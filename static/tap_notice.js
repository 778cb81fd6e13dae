// What the page says where the wire is not to be seen, and why.

import { onLanguage, t } from "./i18n.js";
import { examples } from "./rfc.js";

/**
 * @param {(id: string) => HTMLElement} element
 * @param {() => void} instead Shows something else, once, where the server does not show it.
 */
export function createTapNotice(element, instead) {
  const places = [element("frames-notice"), element("handshake-notice")];
  /** @type {"waiting" | "off" | "gone" | undefined} */
  let why = "waiting";
  let tapped = false;
  let instructed = false;

  function show(next) {
    why = next;
    for (const place of places) {
      place.hidden = why === undefined;
      place.textContent = why === undefined ? "" : t().tap[why];
    }
    document.body.dataset.tap = why ?? "on";
  }

  onLanguage(() => show(why));
  show(why);

  return {
    /** The connection to come is watched, or not. */
    tapped: (on) => tapped = on,
    /** It is open: without a tap, only now it is sure that the server refused it. */
    opened() {
      if (tapped || why === "gone") return;
      show("off");
      if (!instructed) instead();
      instructed = true;
    },
    seen: () => why !== undefined && tapped && show(undefined),
    gone: () => tapped && show("gone"),
  };
}

/** Tells the RFC's own frames as a tap would. */
export function tellExamples(event) {
  examples.forEach(([dir, hex], i) => event({ t: i, conn: -1, dir, kind: "frame", hex }));
}
