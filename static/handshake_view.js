// The handshake: the accept value worked out, then line by line, with what each line is for.

import { acceptSteps } from "./accept_view.js";
import { h } from "./element.js";
import { exampleKey, parseHead } from "./handshake.js";
import { onLanguage, t } from "./i18n.js";

/** @param {HTMLElement} place */
export function createHandshakeView(place) {
  let conn;
  let turn = 0;

  /** @param {object} next A connection, with its heads as far as they have come. */
  function show(next) {
    // Another client of the same tap is not what is on show, where the page's own is there.
    if (conn && conn.as !== undefined && next.as === undefined) return;
    conn = next;
    draw();
  }

  async function draw() {
    const mine = ++turn;
    const words = t().handshake;
    const request = conn?.request && parseHead(conn.request);
    const response = conn?.response && parseHead(conn.response);
    const key = request?.get("sec-websocket-key") ?? (request ? undefined : exampleKey);
    const steps = key && await acceptSteps(key, response?.get("sec-websocket-accept"));
    if (mine !== turn) return;
    place.replaceChildren(...[
      ...steps ? [h("h3", {}, words.accept)] : [],
      !request && h("p.quiet", {}, words.example),
      ...steps ? [steps] : [],
      ...request ? head(words.request, request, words.first.request) : [],
      ...response ? head(words.response, response, words.first.response, request) : [],
      ...response ? agreed(response, request) : [],
    ].filter(Boolean));
  }

  onLanguage(() => conn && draw());

  return {
    show,
    /** Works the RFC's own pair through. */
    example() {
      conn = {};
      draw();
    },
  };
}

/** @param {object} [before] A head that has explained its fields. */
function head(title, { first, fields }, note, before) {
  const known = t().handshake.fields;
  const lines = fields.filter(({ name }) => name.toLowerCase() in known);
  const rest = fields.filter(({ name }) => !(name.toLowerCase() in known));
  const line = ({ name, value }) => [h("b", {}, `${name}:`), ` ${value}`];
  // What the page adds to see the connection is no part of what is asked for.
  const asked = first.replace(/([?&](?:tap|as)=[\w-]+)+/, "").replace(/^(\S+ [^?\s]+)&/, "$1?");
  const parts = [h("li", {}, h("code.first", { title: first }, asked), h("p", {}, note))];
  for (const field of lines) {
    const name = field.name.toLowerCase();
    const meaning = before?.get(name) ? undefined : h("p", {}, known[name]);
    parts.push(h("li", { "data-name": name }, h("code", {}, ...line(field)), meaning));
  }
  const list = h("ol.head", { role: "list" }, ...parts);
  if (rest.length === 0) return [h("h3", {}, title), list];
  const others = h("details.others", {}, h("summary", {}, t().handshake.others(rest.length)));
  others.append(...rest.map((field) => h("code", {}, ...line(field))));
  return [h("h3", {}, title), list, others];
}

/** What extension and subprotocol were chosen, and what they mean. */
function agreed(response, request) {
  const words = t().handshake;
  const extensions = response.get("sec-websocket-extensions");
  const protocol = response.get("sec-websocket-protocol");
  const list = h("ul.agreed", {}, h("li", {}, extensions ? words.deflate : words.noDeflate));
  for (const [parameter, meaning] of Object.entries(words.parameters)) {
    const found = extensions?.match(new RegExp(`${parameter}(=\\d+)?`));
    if (found) list.append(h("li", {}, h("code", {}, found[0]), " ", meaning));
  }
  list.append(h("li", {}, protocol ? words.protocol(protocol) : words.noProtocol));
  if (request?.first.includes("tap=")) list.append(h("li.quiet", {}, words.tapped));
  return [h("h3", {}, words.agreed), list];
}
