// What things are called in XMPP: the domain, a room's address, and text that XML can carry.
import { Problem } from "../../problem";

/** The server's domain as far as the page's address tells: an IP address is none (RFC 6120 §4.7.2), `localhost` is the server's default. */
export function guessDomain(hostname: string): string {
  const isAddress = /^[\d.]+$/.test(hostname) || hostname.includes(":");
  return isAddress || hostname === "" ? "localhost" : hostname;
}

/** What a localpart may not have in it (RFC 7622 §3.3.1), blanks and controls included. */
const NO_LOCALPART = /[\s\p{Cc}"&'/:<>@]/u;

/** The address of a room, `ROOM@rooms.DOMAIN`; throws a `Problem` where its name would become another one (RFC 7622 §3.3: case is folded). */
export function roomAddress(room: string, domain: string): string {
  if (NO_LOCALPART.test(room) || room !== room.toLowerCase() || room !== room.normalize("NFC")) throw unnameable(room);
  return `${room}@rooms.${domain}`;
}

/** The room that an address cannot name. */
export function unnameable(room: string): Problem {
  const detail = `No address of XMPP is that of “${room}”: there are no capitals, blanks or signs like / and @ in one. Choose another transport.`;
  return new Problem("XMPP cannot name this room", detail, 400);
}

/** The part before the `/`: without a stream's own name. */
export function bare(address: string): string {
  return address.split("/")[0] ?? "";
}

/** The part behind the first `/`; in a room, what somebody is called there. */
export function resource(address: string): string {
  const slash = address.indexOf("/");
  return slash < 0 ? "" : address.slice(slash + 1);
}

/** Text without what XML 1.0 §2.2 does not allow in it. */
export function carried(text: string): string {
  return text.replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD");
}
