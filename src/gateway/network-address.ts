// Whom a connection comes from, as far as limits are concerned: an IPv4 address, or
// the /64 of an IPv6 address, since a host or a home has a whole /64 and may speak
// from any address in it (RFC 6177).

import { isIPv4, isIPv6 } from "node:net";
import type * as uWS from "uWebSockets.js";

/**
 * The peer of the socket, or what a trusted proxy has appended last to `header`: entries before
 * that one are the client's own claim.
 */
export function addressOf(
  response: uWS.HttpResponse,
  request: uWS.HttpRequest,
  header: string | null,
): string {
  const forwarded = header === null ? "" : request.getHeader(header.toLowerCase());
  const last = forwarded.slice(forwarded.lastIndexOf(",") + 1).trim();
  return networkOf(last !== "" ? last : peerOf(response));
}

/** Only while the connection is open. */
export function peerOf(response: uWS.HttpResponse): string {
  return Buffer.from(response.getRemoteAddressAsText()).toString();
}

/**
 * `203.0.113.7` of that address, with a port or mapped into IPv6; `2001:db8:0:1::/64` of every IPv6
 * address in it. What is no address stands for itself.
 */
export function networkOf(text: string): string {
  const host =
    /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  if (isIPv4(host)) return host;
  const [address] = host.split("%", 1);
  if (!isIPv6(address!)) return text;
  const groups = groupsOf(address!);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return [groups[6]!, groups[7]!].flatMap((pair) => [pair >> 8, pair & 255]).join(".");
  const network = groups.slice(0, 4).map((group) => group.toString(16));
  return `${network.join(":")}::/64`;
}

/** The eight groups of a valid IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [head, tail] = address.split("::", 2).map(groupsIn);
  if (tail === undefined) return head!;
  const zeros = Array<number>(8 - head!.length - tail.length).fill(0);
  return [...head!, ...zeros, ...tail];
}

function groupsIn(part: string): readonly number[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => {
    if (!group.includes(".")) return [parseInt(group, 16)];
    const [a, b, c, d] = group.split(".").map(Number);
    return [(a! << 8) | b!, (c! << 8) | d!];
  });
}
