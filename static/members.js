// Who is there on the channel that the page watches: asked again and again, as long as somebody looks.

import { h } from "./element.js";
import { onLanguage, t } from "./i18n.js";

const pause = 5_000; // ms between questions
const most = 12; // names that are shown

/** @param {HTMLElement} place Where it is shown. */
export function createMembers(place) {
  const line = h("p.hint.members", { hidden: true });
  place.append(line);
  let timer, told;
  let asked = 0; // the current question: what is answered to those before it counts no more

  /**
   * Shows who is there, or nothing.
   * @param {{ path: string, token?: string } | undefined} channel One channel's path, and who asks.
   */
  function follow(channel) {
    asked++;
    clearInterval(timer);
    show(undefined);
    if (channel === undefined) return;
    ask(channel);
    timer = setInterval(() => document.hidden || ask(channel), pause);
  }

  async function ask({ path, token }) {
    const mine = ++asked;
    const headers = { Accept: "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    try {
      const response = await fetch(`${path}?presence`, { headers });
      if (mine === asked) show(response.ok ? await response.json() : undefined);
    } catch {
      // The connection's own state says that the server is gone.
      if (mine === asked) show(undefined);
    }
  }

  function show(who) {
    told = who;
    line.hidden = who === undefined;
    if (who === undefined) return;
    const { connections, members } = who;
    const names = members.slice(0, most).map(({ sub, connections }) =>
      t().members.name(sub, connections)
    );
    const nameless = connections - members.reduce((sum, { connections }) => sum + connections, 0);
    const text = t().members.there(connections, names, members.length - names.length, nameless);
    if (line.textContent !== text) line.textContent = text;
  }

  onLanguage(() => show(told));

  return { follow };
}
