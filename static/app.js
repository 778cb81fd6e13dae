// The page put together: one connection, what is said on it, and the wire below it.

import { createComposer } from "./composer.js";
import { createConnection } from "./connection.js";
import { createFrameList } from "./frame_list.js";
import { createFrameView } from "./frame_view.js";
import { createHandshakeView } from "./handshake_view.js";
import { createLanguageSwitch, t } from "./i18n.js";
import { createMembers } from "./members.js";
import { createMeter } from "./meter.js";
import { createStateView } from "./state_view.js";
import { createTabs } from "./tabs.js";
import { createTalk } from "./talk.js";
import { createTap } from "./tap.js";
import { createTapNotice, tellExamples } from "./tap_notice.js";
import { addressOf, pathOf, targetOf } from "./target.js";
import { createTargetForm } from "./target_form.js";
import { createThemeSwitch } from "./theme.js";
import { createToken } from "./token.js";
import { createWireLog, messageKey } from "./wire_log.js";

const element = (id) => document.getElementById(id);
const scheme = location.protocol === "https:" ? "wss://" : "ws://";
const base = scheme + location.host;

createLanguageSwitch(element("language"));
createThemeSwitch(element("theme"));
const tabs = createTabs(element("tabs"), element("parts"));
const view = createStateView(element);
const members = createMembers(document.querySelector("#talk .sheet-head"));
const meter = createMeter(element("meter"), base);
const frameView = createFrameView(element("frame"));
const frames = createFrameList(element("frame-list"), (record) => frameView.show(record));
const handshake = createHandshakeView(element("handshake-body"));
let renewed = false; // the token is another than the one that was connected with
const token = createToken(element, () => {
  renewed = true;
  composer.changed();
});
let target = targetOf(location);
let state;
/** Those who wait until the connection is open, or has failed. */
const waiting = [];
let attempts = 0;
let as; // the number that marks the page's connection in its request line, if it is tapped
let nth = { in: 0, out: 0 };

const wire = createWireLog({
  heads(conn) {
    notice.seen();
    handshake.show(conn);
  },
  frame(record) {
    notice.seen();
    frames.add(record);
    frameView.changed(record);
  },
  lost: (n) => frames.note(() => t().tap.lost(n)),
});

const tap = createTap(base, {
  open: () => wire.reset(),
  event: wire.event,
  gone: () => notice.gone(),
});

const notice = createTapNotice(element, () => {
  tellExamples(wire.event);
  handshake.example();
});

async function where() {
  const id = await tap.ready();
  nth = { in: 0, out: 0 };
  as = id && `${++attempts}`;
  const { path, query, protocols } = pathOf(target);
  const who = target.kind === "channel" && token.value ? { token: token.value } : {};
  const all = { ...query, ...who, ...id ? { tap: id, as } : {} };
  notice.tapped(id !== undefined);
  const search = new URLSearchParams(all);
  return { url: `${base}${path}${search.size > 0 ? `?${search}` : ""}`, protocols };
}

const connection = createConnection(where, {
  state(next) {
    const wasOpen = state?.name === "open" || state?.name === "closing";
    state = next;
    view.show(next);
    composer.changed();
    members.follow(watched());
    if (next.status === 401 || next.status === 403) token.ask();
    if (next.name !== "connecting") { for (const go of waiting.splice(0)) go(); }
    if (next.name === "open") {
      talk.note(t().talk.opened(pathOf(target).path));
      notice.opened();
    }
    // Attempts that fail are the state's to show; they would fill the log.
    if (wasOpen && next.code !== undefined) talk.note(t().talk.closedWith(next.code, next.reason));
    if (wasOpen && next.name === "connecting") talk.note(t().talk.closedWith(1000, ""));
  },
  message(data) {
    talk.log("in", data, keyOf("out"));
    meter.count(data);
    view.wave();
    // The ticker's own words only: what else is said here wants no answer from a machine.
    if (target.kind === "ticker" && talk.answers && /^echo \d+$/.test(data)) say(`client: ${data}`);
  },
});

/** The one channel that is watched, if one is. */
function watched() {
  const { path } = pathOf(target);
  const one = state.name === "open" && target.kind === "channel" && !path.includes(",");
  return one ? { path, token: token.value } : undefined;
}

/** Names the next message one way, where the wire shows it. */
function keyOf(dir) {
  return as && messageKey(as, dir, ++nth[dir]);
}

/** Sends a message and logs it, if there is a connection. */
function say(data) {
  const sent = connection.send(data);
  if (sent) {
    talk.log("out", data, keyOf("in"));
    meter.count(data);
  }
  return sent;
}

const talk = createTalk(element, (key) => {
  frames.choose(key);
  tabs.show("frames");
});
const composer = createComposer(element, {
  say,
  note: talk.note,
  target: () => form.read(),
  able: () => state?.name === "open" || !chosen(),
  async ready() {
    const same = chosen();
    if (!form.settle()) return false;
    // The same as before, as somebody else.
    if (!same && renewed) watch(target);
    if (state.name === "connecting") await new Promise((resolve) => waiting.push(resolve));
    return true;
  },
  token: () => token.value,
  refused: () => token.ask(),
});

/** Whether the connection is to what is chosen, as whom the page says. */
function chosen() {
  return form.settled() && !renewed;
}

const form = createTargetForm(element, target, {
  chosen: watch,
  changed: () => composer.changed(),
});

function watch(next) {
  target = next;
  renewed = false;
  history.replaceState(null, "", addressOf(target));
  showAddress();
  connection.renew();
}

function showAddress() {
  element("scheme").textContent = scheme;
  element("host").textContent = location.host + pathOf(target).path;
  composer.changed();
}

element("toggle").addEventListener("click", () => {
  const connected = state.name === "open" || state.name === "connecting";
  if (connected) connection.close();
  else connection.open();
});

showAddress();
connection.open();
