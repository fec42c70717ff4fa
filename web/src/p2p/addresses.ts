// Whom an address names (docs/signals.md, "Addresses"): that cannot be told from it alone, but from one's own beside it. A server's domain may
// itself begin with `rooms.` or `guest.`.
import type { Occupant } from "../envelope";

/** Who sits here. */
export interface Own {
  /** By which this page is told signals: `USER/RESOURCE`, or `ROOM@rooms.DOMAIN/NICK` in a room that hides who its people are. */
  readonly address: string;
  readonly room: string;
  /** Whether nobody vouches for the name. */
  readonly isGuest: boolean;
}

/** The room's own address, if it hides who its people are: then everybody's begins with it, also one's own. */
function hiding({ address, room }: Own): string | undefined {
  const at = bare(address);
  return at.startsWith(`${room}@rooms.`) ? at : undefined;
}

/** Whether the room hides who its people are, as one's own address there shows. */
export function isHidden(own: Own): boolean {
  return hiding(own) !== undefined;
}

/** All that an address says of who it is: the same for all pages of one user. */
export function personOf(address: string, own: Own | undefined): string {
  const at = bare(address);
  return own && at === hiding(own) ? address : at;
}

/** By which address somebody in the room is rung, as he sees it himself. */
export function reached({ user, name }: Occupant, own: Own): string {
  const room = hiding(own);
  return room === undefined ? user : `${room}/${name}`;
}

/** Whether this is who sits here. */
export function isSelf(person: Occupant, own: Own): boolean {
  return reached(person, own) === personOf(own.address, own);
}

/** Whether nobody vouches for the name of the one at this address. A room that hides who its people are does not tell. */
export function isGuest(address: string, own: Own): boolean {
  if (hiding(own) !== undefined) return false;
  const guests = own.isGuest ? host(own.address) : `guest.${host(own.address)}`;
  return host(address) === guests;
}

/** What is to be known of a guest before one talks to him. */
export const GUEST = "a guest: anybody may call himself so";

function bare(address: string): string {
  return address.split("/", 1)[0] ?? "";
}

function host(address: string): string {
  return bare(address).slice(bare(address).indexOf("@") + 1);
}
