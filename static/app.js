// The page put together: one connection, what is said on it, and the wire below it.

import { createAddress } from "./address.js";
import { createComposer } from "./composer.js";
import { createConnection } from "./connection.js";
import { meaningOf } from "./envelope.js";
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
import { addressOf, enveloped, pathOf, targetOf } from "./target.js";
import { createTargetForm } from "./target_form.js";
import { createThemeSwitch } from "./theme.js";
import { createToken } from "./token.js";
import { createWhatIf } from "./what_if.js";
import { hex } from "./wire.js";
import { createWireLog, messageKey } from "./wire_log.js";

const element = (id) => document.getElementById(id);
const scheme = location.protocol === "https:" ? "wss://" : "ws://";
const base = scheme + location.host;

createLanguageSwitch(element("language"));
createThemeSwitch(element("theme"));
let target = targetOf(location);
const address = createAddress(() => addressOf(target));
const tabs = createTabs(element("tabs"), element("parts"), (part) => address.set({ part }));
const view = createStateView(element);
const members = createMembers(element("members"));
const meter = createMeter(element("meter"), base);
const frameView = createFrameView(element("frame"), {
  field: (field) => address.set({ field }),
  link: () => address.link,
});
const frames = createFrameList(element("frame-list"), element("newest"), {
  shown: (record) => frameView.show(record),
  chosen: (record) => address.set({ frame: linked(record), field: undefined }),
});
const handshake = createHandshakeView(element("handshake-body"));
let renewed = false; // the token is another than the one that was connected with
const token = createToken(element, () => {
  renewed = true;
  composer.changed();
});
let state;
/** Those who wait until the connection is open, or has failed. */
const waiting = [];
let attempts = 0;
let as; // the number that marks the page's connection in its request line, if it is tapped
let nth = { in: 0, out: 0 };
let began; // the id up to which a channel's messages were published before this connection
let cursor; // the id of the last one that was heard: who was cut off goes on behind it

const wire = createWireLog({
  heads(conn) {
    if (conn.id < 0) return;
    notice.seen();
    handshake.show(conn);
  },
  frame(record) {
    if (record.conn.id >= 0) notice.seen();
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

createWhatIf(element, wire.play, choose);

async function where() {
  const id = await tap.ready();
  nth = { in: 0, out: 0 };
  as = id && `${++attempts}`;
  const { path, query, protocols } = pathOf(target);
  const who = target.kind === "channel" && token.value ? { token: token.value } : {};
  const since = cursor && query.since ? { since: cursor } : {};
  const all = { ...query, ...since, ...who, ...id ? { tap: id, as } : {} };
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
    talk.watching(next.name === "open" ? target : undefined);
    if (next.status === 401 || next.status === 403) {
      token.ask();
      form.unfold();
    }
    if (next.name !== "connecting") { for (const go of waiting.splice(0)) go(); }
    if (next.name === "open") {
      began = undefined;
      talk.note(t().talk.opened(pathOf(target).path));
      notice.opened();
    }
    // Attempts that fail are the state's to show; they would fill the log.
    if (wasOpen && next.code !== undefined) talk.note(t().talk.closedWith(next.code, next.reason));
    if (wasOpen && next.name === "connecting") talk.note(t().talk.closedWith(1000, ""));
  },
  message(data) {
    meter.count(data);
    view.wave();
    const key = keyOf("out");
    if (target.kind === "channel" && enveloped(target) === "envelope") return hear(data, key);
    talk.log("in", data, key);
    // The ticker's own words only: what else is said here wants no answer from a machine.
    if (target.kind === "ticker" && talk.answers && /^echo \d+$/.test(data)) say(`client: ${data}`);
  },
});

/** Logs what an envelope says; what only keeps the books is to be seen among the frames. */
function hear(text, key) {
  const said = meaningOf(text, began);
  if (said === undefined) return talk.log("in", text, key);
  if ("open" in said) began ??= said.open;
  if (said.lost) talk.note(t().talk.lost(said.lost), key);
  if ("error" in said) talk.note(t().talk.refused(said.error), key);
  if (!("data" in said)) return;
  cursor = said.id;
  // Who looks for the first time is shown a message, not where the subscriber stands.
  frames.suggest(key);
  const channel = target.channel.includes(",") ? said.channel : undefined;
  talk.log("in", said.data, key, { channel, past: said.past });
}

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

/** Sends a message and logs it, if there is a connection. `shown` is what of it is for a reader. */
function say(data, shown = data) {
  const sent = connection.send(data);
  if (sent) {
    talk.log("out", shown, keyOf("in"));
    meter.count(data);
  }
  return sent;
}

/** A frame as a link holds it. */
function linked({ dir, frame, message }) {
  return { dir, hex: hex(frame.bytes, ""), deflated: message?.compressed ?? false };
}

const talk = createTalk(element, {
  choose(key) {
    frames.choose(key);
    tabs.show("frames");
    address.set({ part: "frames" });
  },
  filtered: (filter) => address.set({ filter }),
});
const composer = createComposer(element, {
  say,
  target: () => form.read(),
  able: () => state?.name === "open" || !chosen(),
  ready,
});

/** Watches what is chosen, and waits until that is open or has failed. */
async function ready() {
  const same = chosen();
  if (!form.settle()) return false;
  // The same as before, as somebody else.
  if (!same && renewed) watch(target);
  if (state.name === "connecting") await new Promise((resolve) => waiting.push(resolve));
  return true;
}

/** Whether the connection is to what is chosen, as whom the page says. */
function chosen() {
  return form.settled() && !renewed;
}

const form = createTargetForm(element, target, {
  chosen: watch,
  changed: () => composer.changed(),
});
form.onEnter(ready);

function watch(next) {
  target = next;
  renewed = false;
  cursor = undefined;
  // What another said is not to be taken for what this one says.
  state = { name: "connecting" };
  talk.clear();
  address.write();
  showAddress();
  connection.renew();
}

function showAddress() {
  element("scheme").textContent = scheme;
  element("host").textContent = location.host + pathOf(target).path;
  composer.changed();
}

/** What the address of the page says is to be seen. */
function showLinked({ part, filter, frame, field }) {
  if (filter) talk.filter(filter);
  if (part) tabs.show(part);
  if (!frame) return;
  choose(wire.play("link", frame.dir, frame.hex, frame.deflated), field);
}

/** Shows a frame that was just told of, and a field of it. */
function choose(record, field) {
  frames.chooseRecord(record);
  if (field === undefined) return;
  frameView.light(field);
  address.set({ field });
}

element("toggle").addEventListener("click", () => {
  const connected = state.name === "open" || state.name === "connecting";
  if (connected) connection.close();
  else connection.open();
});

// Another link was opened in its place: the page itself changes its address without this being told.
addEventListener("hashchange", () => location.reload());

showLinked({ ...address.shown });
showAddress();
connection.open();
