/**
 * IP addresses as numbers: which network one is in, and whose it is.
 * @module
 */

/** An address in 128 bits; of IPv4 as IPv6 maps it (RFC 4291, 2.5.5.2), so that each has one number. */
export type Address = bigint;

/** A network, or one address alone. */
export interface Network {
  /** Its addresses without the bits in which they differ. */
  prefix: bigint;
  /** How many bits that are. */
  free: bigint;
}

/** The upper bits of an IPv4 address. */
const MAPPED = 0xffffn << 32n;
/** Bits of an IPv6 address in which those of one household, or one machine, differ (RFC 6177). */
const HOST_BITS = 64n;

/** Reads an address, without a port and without brackets; `undefined` if it is none. */
export function parseAddress(text: string): Address | undefined {
  // RFC 4007, 11.2: behind % is which link it is on.
  const [address] = text.split("%", 1);
  return text.includes(":") ? parseIPv6(address!) : parseIPv4(address!);
}

/** Reads an address, or a network as `192.0.2.0/24` or `2001:db8::/32`; `undefined` if it is neither. */
export function parseNetwork(text: string): Network | undefined {
  const [, first = "", bits] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(first);
  const size = first.includes(":") ? 128 : 32;
  const length = bits === undefined ? size : Number(bits);
  if (address === undefined || length > size) return undefined;
  const free = BigInt(size - length);
  return { prefix: address >> free, free };
}

/** Whether an address is in one of some networks. */
export function isIn(address: Address, networks: readonly Network[]): boolean {
  return networks.some(({ prefix, free }) => address >> free === prefix);
}

/**
 * Who has an address, in 64 bits and never 0: of IPv4 the address; of IPv6 its /64, which is the least that anybody is
 * given. No IPv6 network that is routed begins as the numbers of IPv4 do.
 */
export function ownerOf(address: Address): bigint {
  return address >> 32n === 0xffffn ? address : address >> HOST_BITS;
}

function parseIPv4(text: string): Address | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const bytes = match?.slice(1).map(Number);
  if (bytes === undefined || bytes.some((byte) => byte > 255)) return undefined;
  return bytes.reduce((all, byte) => all << 8n | BigInt(byte), 0xffffn);
}

/** RFC 4291, 2.2: eight groups, of which `::` stands for those of 0; the last two perhaps as IPv4. */
function parseIPv6(text: string): Address | undefined {
  const tail = /:(\d+\.[\d.]+)$/.exec(text)?.[1];
  const low = tail === undefined ? undefined : parseIPv4(tail);
  if (tail !== undefined && low === undefined) return undefined;
  const whole = low === undefined
    ? text
    : text.slice(0, -tail!.length) + groupsOf(low ^ MAPPED).join(":");
  const halves = whole.split("::");
  const [left = [], right = []] = halves.map((half) => half === "" ? [] : half.split(":"));
  const zeros = 8 - left.length - right.length;
  if (halves.length > 2 || (halves.length === 2 ? zeros < 1 : zeros !== 0)) return undefined;
  const groups = [...left, ...Array<string>(zeros).fill("0"), ...right];
  if (!groups.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return undefined;
  return groups.reduce((all, group) => all << 16n | BigInt(`0x${group}`), 0n);
}

/** The two groups of an IPv4 address. */
function groupsOf(address: bigint): string[] {
  return [address >> 16n, address & 0xffffn].map((group) => group.toString(16));
}
