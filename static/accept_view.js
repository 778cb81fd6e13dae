// From the key to the accept value, step by step, computed here.

import { h } from "./element.js";
import { acceptOf, guid } from "./handshake.js";
import { t } from "./i18n.js";
import { hex } from "./wire.js";

/**
 * @param {string} key
 * @param {string | undefined} received What the server answered.
 */
export async function acceptSteps(key, received) {
  const words = t().handshake.steps;
  if (!globalThis.crypto?.subtle) return h("p.quiet", {}, t().handshake.noCrypto);
  const { sha1, accept } = await acceptOf(key);
  const step = (name, ...value) => h("li", {}, h("span.step", {}, name), h("code", {}, ...value));
  const list = h(
    "ol.steps",
    {},
    step(words.key, key),
    step(words.guid, h("span.dim", {}, key), h("wbr"), guid),
    step(words.sha1, hex(sha1)),
    step(words.base64, h("span", { id: "accept-computed" }, accept)),
  );
  if (received === undefined) return list;
  const equal = received === accept;
  list.append(h(
    `li.${equal ? "equal" : "different"}`,
    {},
    h("span.step", {}, words.received),
    h("code", { id: "accept-received" }, received),
    h("p", {}, equal ? t().handshake.equal : t().handshake.different),
  ));
  return list;
}
