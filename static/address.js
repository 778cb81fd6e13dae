// The page's address follows what is shown, so that it can be copied at any time.

import { linkOf, shownOf } from "./link.js";

const quiet = 200; // ms: browsers refuse addresses that change many times a second

/** @param {() => string} address Of what is talked to. */
export function createAddress(address) {
  const shown = shownOf(location.hash);
  let timer;

  function write() {
    clearTimeout(timer);
    timer = undefined;
    history.replaceState(null, "", linkOf(address(), shown));
  }

  return {
    /** What the address said when the page was opened, and what it says now. */
    shown,
    /** Something else is shown. @param {import("./link.js").Shown} what */
    set(what) {
      Object.assign(shown, what);
      timer ??= setTimeout(write, quiet);
    },
    /** At once: something else is talked to. */
    write,
    get link() {
      return location.origin + linkOf(address(), shown);
    },
  };
}
