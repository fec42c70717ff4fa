// Who is there, kept up to date from joins and leaves.
import type { Occupant, Presence, PresenceChange } from "./envelope";

/** Presence after somebody came or went, or is called otherwise. Rooms that only count stay a number. */
export function afterMove(before: Presence | undefined, change: PresenceChange): Presence {
  const { count, action, user, name } = change;
  if (!action || !user) return { count };
  const others = (before?.occupants ?? []).filter((o) => o.user !== user);
  const occupants = action !== "leave" ? [...others, { user, name: name || user }] : others;
  return { count, occupants };
}

/** One's own address after such a change: where a room hides who its people are, it ends with what one is called (docs/signals.md). */
export function addressAfter(own: string | undefined, { former, name }: PresenceChange): string | undefined {
  if (own === undefined || former === undefined || name === undefined) return own;
  const [room = ""] = own.split("/", 1);
  return own === `${room}/${former}` ? `${room}/${name}` : own;
}

/** Occupants by name, the same for every reader. */
export function byName(occupants: readonly Occupant[]): readonly Occupant[] {
  return occupants.toSorted((a, b) => a.name.localeCompare(b.name) || a.user.localeCompare(b.user));
}

/**
 * Who is not in the second list any more as he was in the first. Where a room hides who its people are, they have ids there by which somebody
 * else of the same name is another one; one protocol, though, has addresses in their place.
 */
export function goneBetween(before: Presence | undefined, after: Presence | undefined): readonly Occupant[] {
  if (!before?.occupants || !after?.occupants) return [];
  const there = new Map(after.occupants.map(({ user, name }) => [name, user]));
  return before.occupants.filter(({ user, name }) => {
    const now = there.get(name);
    return now === undefined || (now !== user && isId(now) && isId(user));
  });
}

const isId = (user: string) => !user.includes("@");
