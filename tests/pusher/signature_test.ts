/** Signatures, beside the examples that Pusher's documentation has. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  channelText,
  CLOCKS,
  isAuthentic,
  isBody,
  requestFault,
  sign,
  userText,
} from "../../lib/pusher/signature.ts";

const app = {
  ...{ id: "3", key: "278d425bdf160c739803", secret: "7ad3773142a6692b25b8" },
  prefix: "",
};
const SOCKET = "1234.1234";
const PRIVATE = "58df8b0c36d6982b82c3ecf6b4662e34fe8c25bba48f5369f135bf843651c3a4";
const DATA = '{"user_id":10,"user_info":{"name":"Mr. Channels"}}';
const PRESENCE = "31935e7d86dba64c2a90aed31fdc61869f9b22ba9d8863bba239c03ca481bc80";

Deno.test("a subscription is signed as in Pusher's documentation; one byte of it that is another is refused", () => {
  const flipped = `${PRIVATE.slice(0, -1)}5`;
  const rows: [
    socket: string,
    channel: string,
    data: string | undefined,
    auth: string,
    is: boolean,
  ][] = [
    [SOCKET, "private-foobar", undefined, `${app.key}:${PRIVATE}`, true],
    [SOCKET, "presence-foobar", DATA, `${app.key}:${PRESENCE}`, true],
    ["1234.1235", "private-foobar", undefined, `${app.key}:${PRIVATE}`, false],
    [SOCKET, "private-foobaz", undefined, `${app.key}:${PRIVATE}`, false],
    [SOCKET, "private-foobar", "", `${app.key}:${PRIVATE}`, false],
    [SOCKET, "presence-foobar", DATA.replace("10", "11"), `${app.key}:${PRESENCE}`, false],
    [SOCKET, "presence-foobar", `${DATA} `, `${app.key}:${PRESENCE}`, false],
    [SOCKET, "presence-foobar", undefined, `${app.key}:${PRESENCE}`, false],
    [SOCKET, "private-foobar", undefined, `${app.key}:${flipped}`, false],
    [SOCKET, "private-foobar", undefined, `${app.key}:${PRIVATE.toUpperCase()}`, false],
    [SOCKET, "private-foobar", undefined, `${app.key}:${PRIVATE}0`, false],
    [SOCKET, "private-foobar", undefined, `${app.key}:${PRIVATE.slice(1)}`, false],
    [SOCKET, "private-foobar", undefined, `${app.key}:`, false],
    [SOCKET, "private-foobar", undefined, app.key, false],
    [SOCKET, "private-foobar", undefined, `other:${PRIVATE}`, false],
    [SOCKET, "private-foobar", undefined, PRIVATE, false],
    [SOCKET, "private-foobar", undefined, "", false],
    [SOCKET, "private-foobar", undefined, `${app.key}:${"é".repeat(64)}`, false],
  ];
  for (const [socket, channel, data, auth, is] of rows) {
    assertEquals(isAuthentic(app, channelText(socket, channel, data), auth), is, auth);
  }
});

Deno.test("a user's data is signed as socket_id::user::user_data", () => {
  const data = '{"id":"ann"}', auth = `${app.key}:${sign(app, `1.2::user::${data}`)}`;
  assert(isAuthentic(app, userText("1.2", data), auth));
  assert(!isAuthentic(app, userText("1.3", data), auth));
  // What is signed for a channel is none for a user.
  assert(!isAuthentic(app, channelText("1.2", "user", data), auth));
});

const QUERY = "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0" +
  "&body_md5=ec365a775a4cd0599faeb73354201b6f" +
  "&auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c";
const BODY = '{"name":"foo","channels":["project-3"],"data":"{\\"some\\":\\"data\\"}"}';
const THEN = 1353088179_000;

function fault(query: string, method = "POST", path = "/apps/3/events", now = THEN) {
  return requestFault(app, { method, path, parameters: new URLSearchParams(query) }, now);
}

Deno.test("a request is signed as in Pusher's documentation; whatever of it is another is refused", () => {
  assertEquals(fault(QUERY), undefined);
  const encoder = new TextEncoder();
  assert(isBody(new URLSearchParams(QUERY), encoder.encode(BODY)));
  assert(!isBody(new URLSearchParams(QUERY), encoder.encode(`${BODY} `)));
  assert(!isBody(new URLSearchParams(QUERY), new Uint8Array(0)));
  assert(!isBody(new URLSearchParams(""), encoder.encode(BODY)));
  assert(isBody(new URLSearchParams(""), new Uint8Array(0)));
  const rows: [query: string, why: RegExp, method?: string, path?: string][] = [
    [QUERY, /^auth_signature is not/, "GET"],
    [QUERY, /^auth_signature is not/, "POST", "/apps/3/batch_events"],
    [`${QUERY}&info=user_count`, /^auth_signature is not/],
    [QUERY.replace("ec365", "ec366"), /^auth_signature is not/],
    [QUERY.replace("1353088179", "1353088180"), /^auth_signature is not/],
    [QUERY.replace("e6c", "e6d"), /^auth_signature is not/],
    [QUERY.replace("e6c", "e6"), /^auth_signature is not/],
    [QUERY.replace("da45", "DA45"), /^auth_signature is not/],
    [QUERY.replace("auth_key=2", "auth_key=3"), /^auth_key is not this app's/],
    [QUERY.replace("version=1.0", "version=2.0"), /^auth_version/],
    [QUERY.replace("timestamp=1", "timestamp=-"), /^auth_timestamp is not a number/],
    [QUERY.replace("timestamp=1", "timestamp=1e"), /^auth_timestamp is not a number/],
    [QUERY.replace(/&auth_signature.*/, ""), /are needed/],
    [QUERY.replace("auth_key", "key"), /are needed/],
    [QUERY.replace("auth_timestamp", "timestamp"), /are needed/],
    ["", /are needed/],
  ];
  for (const [query, why, method, path] of rows) {
    assertMatch(fault(query, method, path) ?? "", why, query);
  }
});

Deno.test("what would have been signed is said, and nothing of the secret", () => {
  const why = fault(QUERY.replace("e6c", "e6d"))!;
  assert(why.includes("POST\\n/apps/3/events\\nauth_key=278d425bdf160c739803&auth_timestamp="));
  assert(!why.includes(app.secret) && !why.includes(sign(app, "")));
});

Deno.test("a time is taken up to 600 s from the server's, and one second more is refused", () => {
  for (
    const [seconds, is] of [[0, true], [CLOCKS, true], [-CLOCKS, true], [CLOCKS + 1, false], [
      -CLOCKS - 1,
      false,
    ]] as const
  ) {
    const why = fault(QUERY, "POST", "/apps/3/events", THEN + seconds * 1000);
    if (is) assertEquals(why, undefined);
    else assertMatch(why!, /^auth_timestamp is not within 600 s/);
  }
});

Deno.test("parameters are signed in the order of their names, in small letters, not percent-encoded", () => {
  const text = "GET\n/apps/3/channels\nauth_key=278d425bdf160c739803&auth_timestamp=1353088179" +
    "&auth_version=1.0&filter_by_prefix=presence-&info=user_count,subscription_count";
  const query =
    "info=user_count%2Csubscription_count&Auth_Key=278d425bdf160c739803&auth_version=1.0" +
    `&filter_by_prefix=presence-&auth_timestamp=1353088179&auth_signature=${sign(app, text)}`;
  assertEquals(fault(query, "GET", "/apps/3/channels"), undefined);
});
