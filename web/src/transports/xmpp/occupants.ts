// Who is in a room, from the presence each sends into it (XEP-0045 §7.2, §7.6, §7.14).
import type { Occupant, Presence } from "../../envelope";
import { bare, resource } from "./names";

/** What a presence from a room says of somebody. */
export interface Seen {
  /** `ROOM@rooms.DOMAIN/NICK`. */
  readonly from: string;
  readonly there: boolean;
  /** Who that is, where the room tells; else `""`. */
  readonly address: string;
  /** XEP-0045 §15.6.2. */
  readonly codes: readonly string[];
}

export class Occupants {
  private readonly byNick = new Map<string, Occupant>();

  /** Somebody came, went, or says how he is. */
  see({ from, there, address }: Seen): void {
    const name = resource(from);
    if (there) this.byNick.set(name, { user: bare(address) || from, name });
    else this.byNick.delete(name);
  }

  get presence(): Presence {
    return { count: this.byNick.size, occupants: [...this.byNick.values()] };
  }
}

/** The codes of XEP-0045 §15.6.2 by which one is put out. */
const WHY_OUT: Readonly<Record<string, string>> = {
  "301": "banned",
  "307": "put out",
  "321": "not a member any more",
  "322": "not a member, and the room is for members now",
  "332": "put out because the service is closing",
};

/** The codes of a presence that is one's own. */
const OWN = "110";

/** Whether this presence is one's own. */
export function isOwn({ codes }: Seen): boolean {
  return codes.includes(OWN);
}

/** Why oneself is not there any more, in words. */
export function whyOut(codes: readonly string[]): string {
  return codes.map((code) => WHY_OUT[code]).find((why) => why !== undefined) ?? "taken out of the room";
}
