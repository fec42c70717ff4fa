// What the whole page shares: the session, what the form holds, who is signed in, and which view a phone shows.
import { computed, effect, signal } from "@preact/signals";
import type { Account } from "../account";
import { type Place, guestName, readHash, writeHash } from "../link";
import { Phone } from "../calls/phone";
import { Session } from "../session";

export type View = "chat" | "room" | "wire" | "code";

export const session = new Session();
export const phone = new Phone(session.switchboard);
export const account = signal<Account | undefined>(undefined);
export const view = signal<View>("room");
export const form = signal<Place>({
  room: "lobby",
  name: guestName(Math.random()),
  transport: "websocket",
  ...readHash(location.hash),
});

/** Whether the form says something else than the room that is open. */
export const changed = computed(() => {
  const open = session.settings.value;
  const { room, name, transport } = form.value;
  if (!open) return true;
  return open.room !== room || open.name !== name || open.transport !== transport || open.token !== account.value?.token;
});

/** Enters the room that the form names and writes it into the page's address. */
export function join(): void {
  const place = { ...form.value, room: form.value.room.trim(), name: form.value.name.trim() };
  form.value = place;
  history.replaceState(null, "", writeHash(place));
  session.join({ ...place, ...credentials() });
  view.value = "chat";
}

/** What the one who is signed in shows. */
function credentials() {
  if (!account.value) return {};
  const { token, login } = account.value;
  return { token, ...(login ? { login } : {}) };
}

addEventListener("hashchange", () => {
  form.value = { ...form.value, ...readHash(location.hash) };
});

// A network that comes back is not left waiting for the next attempt.
addEventListener("online", () => {
  if (session.state.value === "retrying") session.reconnect();
});

// Whoever leaves the page leaves his calls, and takes his files back.
addEventListener("pagehide", () => session.leave());

effect(() => {
  const room = session.settings.value?.room;
  const call = phone.call.value;
  const caller = call?.state.value === "incoming" ? call.partner.name : undefined;
  document.title = caller ? `${caller} calls · Hubbub` : room ? `${room} · Hubbub` : "Hubbub";
});
