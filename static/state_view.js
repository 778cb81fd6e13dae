// Shows the state of the connection: words, a countdown, and rings on water.

import { onLanguage, t } from "./i18n.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");
const wide = matchMedia("(min-width: 75rem)"); // pond.css draws rings beyond the pond there
const maxWaves = 4; // at once; the water stays calm under load

/** @param {(id: string) => HTMLElement} element */
export function createStateView(element) {
  const name = element("state-name");
  const detail = element("state-detail");
  const retry = element("state-retry");
  const toggle = element("toggle");
  const waves = document.querySelector(".waves");
  const countdown = document.querySelector(".countdown");
  let tick;
  let draining;
  let shown;

  /** @param {import("./connection.js").State} state */
  function show(state) {
    say(state);
    clearInterval(tick);
    draining?.cancel();
    retry.hidden = state.name !== "waiting";
    if (state.name === "waiting") countDown(state.delay);
    if (state.name === "open") wave();
  }

  function say(state) {
    shown = state;
    document.body.dataset.state = state.name;
    name.textContent = state.status === undefined ? t().states[state.name] : t().refused;
    const code = state.status ?? state.code;
    if (state.name === "open") detail.textContent = t().since(state.at);
    else detail.textContent = code === undefined ? "" : t().closed(code, state.reason);
    const connected = state.name === "open" || state.name === "connecting";
    toggle.textContent = connected ? t().disconnect : t().connect;
  }

  function countDown(delay) {
    const due = performance.now() + delay;
    const say = () => {
      const seconds = Math.max(1, Math.ceil((due - performance.now()) / 1000));
      retry.textContent = t().retryIn(seconds);
    };
    say();
    tick = setInterval(say, 250);
    draining = countdown.animate(
      [{ strokeDashoffset: 0 }, { strokeDashoffset: 1 }],
      { duration: delay, fill: "both" },
    );
  }

  /** One ring runs outwards from the stone. */
  function wave() {
    if (still.matches || document.hidden || waves.childElementCount >= maxWaves) return;
    const ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    ring.setAttribute("class", "wave");
    ring.setAttribute("r", "15");
    waves.append(ring);
    ring.animate([
      { r: "15px", opacity: 0.7, strokeWidth: "2px" },
      { r: `${wide.matches ? 320 : 97}px`, opacity: 0, strokeWidth: "0.5px" },
    ], { duration: 2600, easing: "cubic-bezier(0.16, 0.62, 0.4, 1)" })
      .finished.finally(() => ring.remove());
  }

  onLanguage(() => shown && say(shown));

  return { show, wave };
}
