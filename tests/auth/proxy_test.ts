/** Who is behind a proxy, and who is believed about that. */
import { assertEquals } from "@std/assert";
import { clientOf, isExempt, isLocal, isTrusted, type Trust } from "../../lib/auth/proxy.ts";
import { parseNetwork } from "../../lib/http/address.ts";

function peerOf(hostname: string) {
  return { hostname, port: hostname === "" ? 0 : 1234 };
}

function headersOf(forwarded: string | undefined): Map<string, string> {
  return new Map(forwarded === undefined ? [] : [["x-forwarded-for", forwarded]]);
}

const known: Trust = ["127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"].map((n) => parseNetwork(n)!);

type Row = [forwarded: string | undefined, client: string];
/** Of a peer whose word is taken, whoever it is: the last address, if it is one. */
const anybody: Row[] = [
  ["192.0.2.7", "192.0.2.7"],
  ["198.51.100.1, 192.0.2.7", "192.0.2.7"],
  ["192.0.2.7,10.0.0.1", "10.0.0.1"],
  ["2001:db8::7", "2001:db8::7"],
  ["192.0.2.7:4711", "192.0.2.7"],
  ["[2001:db8::7]:4711", "2001:db8::7"],
  ["[2001:db8::7]", "2001:db8::7"],
  [undefined, "10.0.0.9"],
  ["", "10.0.0.9"],
  ["unknown", "10.0.0.9"],
  ["_hidden", "10.0.0.9"],
  ["1.2.3.4.5", "10.0.0.9"],
  ["x".repeat(1000), "10.0.0.9"],
];
/** Where proxies are known: past them, the first that is none. */
const networks: Row[] = [
  ["192.0.2.7", "192.0.2.7"],
  ["198.51.100.1, 192.0.2.7", "192.0.2.7"],
  ["192.0.2.7,10.0.0.1", "192.0.2.7"],
  ["127.0.0.1, 192.0.2.7, 10.0.0.1, 2001:db8:1::5", "192.0.2.7"],
  ["192.0.2.7, 11.0.0.1", "11.0.0.1"],
  ["192.0.2.7, 2001:db8:2::5", "2001:db8:2::5"],
  // Proxies all the way: the first of them asks.
  ["10.0.0.3, 10.0.0.2", "10.0.0.3"],
  // Behind what is no address nobody knows who it was: the last proxy that is known.
  ["192.0.2.7, unknown, 10.0.0.1", "10.0.0.1"],
  ["192.0.2.7, unknown", "10.0.0.9"],
  [undefined, "10.0.0.9"],
  ["", "10.0.0.9"],
];
for (const [trust, rows] of [["on", anybody], [known, networks]] as [Trust, Row[]][]) {
  const what = trust === "on" ? "whoever connects is believed" : "proxies are known by address";
  for (const [forwarded, client] of rows) {
    const name = `where ${what}, the client of ${forwarded?.slice(0, 50)} is ${client}`;
    Deno.test(name, () => {
      const peer = peerOf("10.0.0.9"), headers = headersOf(forwarded);
      const found = clientOf({ headers }, peer, trust);
      assertEquals(found.hostname, client);
      // What is passed on has no port, by which the log tells them apart.
      assertEquals(found.port, client === peer.hostname ? peer.port : 0);
      assertEquals(clientOf({ headers }, peer, "off"), peer);
    });
  }
}

Deno.test("who is no proxy that is known is not believed", () => {
  const headers = headersOf("192.0.2.7");
  for (const hostname of ["11.0.0.1", "192.0.2.7", "::1", "2001:db8:2::1"]) {
    assertEquals(isTrusted(peerOf(hostname), known), false, hostname);
    assertEquals(clientOf({ headers }, peerOf(hostname), known).hostname, hostname);
  }
  // Who can open the socket is on this machine.
  for (const hostname of ["10.255.0.1", "::ffff:10.0.0.1", "2001:db8:1:f::1", ""]) {
    assertEquals(isTrusted(peerOf(hostname), known), true, hostname);
    assertEquals(clientOf({ headers }, peerOf(hostname), known).hostname, "192.0.2.7");
  }
});

const locals: [peer: string, forwarded: string | undefined, trust: Trust, local: boolean][] = [
  ["127.0.0.1", undefined, known, true],
  ["127.0.0.1", "127.0.0.1", known, true],
  ["127.0.0.1", "::1", known, true],
  ["127.0.0.1", "192.0.2.7", known, false],
  ["127.0.0.1", "127.0.0.1, 192.0.2.7", known, false],
  ["127.0.0.1", "127.0.0.1, 192.0.2.7, 10.0.0.1", known, false],
  ["127.0.0.1", "unknown", known, false],
  ["127.0.0.1", "", known, false],
  ["::1", "127.0.0.1", known, false],
  ["10.0.0.1", "127.0.0.1", known, false],
  ["10.0.0.1", undefined, known, false],
  ["", "127.0.0.1", known, true],
  ["", "192.0.2.7", known, false],
];
for (const [hostname, forwarded, trust, local] of locals) {
  const what = `${hostname || "a Unix socket"} for ${forwarded}`;
  Deno.test(`${what} ${local ? "is" : "is not"} this machine, where proxies are known`, () =>
    assertEquals(isLocal({ headers: headersOf(forwarded), peer: peerOf(hostname) }, trust), local));
}

Deno.test("connections of this machine and of known proxies are not counted by address", () => {
  const rows: [hostname: string, trust: Trust, exempt: boolean][] = [
    ...["127.0.0.1", "::1", "::ffff:127.0.0.1", ""].map((h) =>
      [h, "off", true] as [string, Trust, boolean]
    ),
    ["192.0.2.7", "off", false],
    ["192.0.2.7", "on", false],
    ["10.0.0.1", "off", false],
    ["10.0.0.1", known, true],
    ["192.0.2.7", known, false],
  ];
  for (const [hostname, trust, exempt] of rows) {
    assertEquals(isExempt(peerOf(hostname), trust), exempt, `${hostname}, ${trust}`);
  }
});
