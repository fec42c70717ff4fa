// Who is there, kept up to date from joins and leaves.
import type { Occupant, Presence, PresenceChange } from "./envelope";

/** Presence after somebody came or went. Rooms that only count stay a number. */
export function afterMove(before: Presence | undefined, change: PresenceChange): Presence {
  const { count, action, user, name } = change;
  if (!action || !user) return { count };
  const others = (before?.occupants ?? []).filter((o) => o.user !== user);
  const occupants = action === "join" ? [...others, { user, name: name || user }] : others;
  return { count, occupants };
}

/** Occupants by name, the same for every reader. */
export function byName(occupants: readonly Occupant[]): readonly Occupant[] {
  return occupants.toSorted((a, b) => a.name.localeCompare(b.name) || a.user.localeCompare(b.user));
}
