// The page put together: one connection to the ticker, its state, its messages, our answers.

import { createConnection } from "./connection.js";
import { createMessageList } from "./message_list.js";
import { recall, remember } from "./settings.js";
import { createStateView } from "./state_view.js";
import { strings } from "./strings.js";

const element = (id) => document.getElementById(id);
const scheme = location.protocol === "https:" ? "wss://" : "ws://";
const host = `${location.host}/`;
const list = createMessageList(element("log"), element("latest"));
const view = createStateView(element);
const counts = { in: 0, out: 0 };
let state;

const connection = createConnection(scheme + host, {
  state(next) {
    const wasOpen = state?.name === "open" || state?.name === "closing";
    state = next;
    view.show(next);
    element("send").disabled = next.name !== "open";
    if (next.name === "open") note(strings.opened);
    // Attempts that fail are the state's to show; they would fill the log.
    if (wasOpen && next.code !== undefined) note(strings.closedWith(next.code, next.reason));
  },
  message(data) {
    log("in", data);
    view.wave();
    // The ticker's own words only: what else is said here wants no answer from a machine.
    if (answer.checked && /^echo \d+$/.test(data)) say(`client: ${data}`);
  },
});

function note(text) {
  list.append({ kind: "note", data: text, at: new Date() });
}

function log(kind, data) {
  list.append({ kind, data, at: new Date() });
  element(`count-${kind}`).textContent = strings.count(++counts[kind]);
}

/** Sends a text and logs it, if there is a connection. */
function say(text) {
  const sent = connection.send(text);
  if (sent) log("out", text);
  return sent;
}

const answer = element("answer");
answer.checked = recall("answer", "on") === "on";
answer.addEventListener("change", () => remember("answer", answer.checked ? "on" : "off"));

element("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = element("text");
  // What could not be sent stays in the field.
  if (field.value !== "" && say(field.value)) field.value = "";
  field.focus();
});

element("toggle").addEventListener("click", () => {
  const connected = state.name === "open" || state.name === "connecting";
  if (connected) connection.close();
  else connection.open();
});

element("scheme").textContent = scheme;
element("host").textContent = host;
connection.open();
