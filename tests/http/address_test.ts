import { assertEquals } from "@std/assert";
import { isIn, ownerOf, parseAddress, parseNetwork } from "../../lib/http/address.ts";

const addresses: [text: string, address: bigint | undefined][] = [
  ["0.0.0.0", 0xffff_0000_0000n],
  ["192.0.2.255", 0xffff_c000_02ffn],
  ["::ffff:192.0.2.255", 0xffff_c000_02ffn],
  ["::FFFF:c000:2ff", 0xffff_c000_02ffn],
  ["::", 0n],
  ["::1", 1n],
  ["1::", 1n << 112n],
  ["1:2:3:4:5:6:7:8", 0x0001_0002_0003_0004_0005_0006_0007_0008n],
  ["1:2:3:4:5:6:1.2.3.4", 0x0001_0002_0003_0004_0005_0006_0102_0304n],
  ["1::8", (1n << 112n) + 8n],
  ["1:2:3:4:5:6:7::", 0x0001_0002_0003_0004_0005_0006_0007_0000n],
  ["fe80::1%eth0", (0xfe80n << 112n) + 1n],
  ...[
    ...[
      "",
      "1",
      "1.2.3",
      "1.2.3.4.5",
      "256.0.0.1",
      "1.2.3.04x",
      "1.2.3.4:80",
      " 1.2.3.4",
      "1.2.3.-4",
    ],
    ...[":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "[::1]"],
    ...["1:2:3:4:5:6:7:8::", "::1.2.3", "::1.2.3.256", "1.2.3.4::", "unknown", "_hidden", "::1 "],
  ].map((text) => [text, undefined] as [string, undefined]),
];
for (const [text, address] of addresses) {
  Deno.test(`parseAddress() of ${JSON.stringify(text)} is ${address?.toString(16)}`, () =>
    assertEquals(parseAddress(text), address));
}

const networks: [network: string, inside: string[], outside: string[]][] = [
  ["192.0.2.1", ["192.0.2.1", "::ffff:192.0.2.1"], ["192.0.2.0", "192.0.2.2", "::1"]],
  ["192.0.2.0/24", ["192.0.2.0", "192.0.2.255"], ["192.0.1.255", "192.0.3.0"]],
  ["192.0.2.77/31", ["192.0.2.76", "192.0.2.77"], ["192.0.2.75", "192.0.2.78"]],
  ["0.0.0.0/0", ["1.2.3.4", "255.255.255.255"], ["::1", "2001:db8::1"]],
  ["2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db7:ffff::", "2001:db9::"]],
  ["::1/128", ["::1"], ["::2", "127.0.0.1"]],
  ["::/0", ["::1", "1.2.3.4"], []],
];
for (const [network, inside, outside] of networks) {
  Deno.test(`${network} has its first and its last address, and not those beside`, () => {
    const all = [parseNetwork(network)!];
    for (const text of inside) assertEquals(isIn(parseAddress(text)!, all), true, text);
    for (const text of outside) assertEquals(isIn(parseAddress(text)!, all), false, text);
  });
}

for (
  const text of [
    "",
    "on",
    "192.0.2.0/33",
    "::/129",
    "1.2.3/8",
    "1.2.3.4/",
    "1.2.3.4/8/8",
    "1.2.3.4/-1",
  ]
) {
  Deno.test(`parseNetwork() refuses ${JSON.stringify(text)}`, () =>
    assertEquals(parseNetwork(text), undefined));
}

Deno.test("ownerOf() tells IPv4 addresses apart, and IPv6 ones by /64", () => {
  const owner = (text: string) => ownerOf(parseAddress(text)!);
  assertEquals(owner("2001:db8:1:2::1"), owner("2001:db8:1:2:ffff:ffff:ffff:ffff"));
  assertEquals(owner("::ffff:192.0.2.1"), owner("192.0.2.1"));
  const others = ["2001:db8:1:2::1", "2001:db8:1:3::1", "192.0.2.1", "192.0.2.2"];
  assertEquals(new Set(others.map(owner)).size, others.length);
  for (const text of others) assertEquals(owner(text) > 0n && owner(text) < 1n << 64n, true);
});
