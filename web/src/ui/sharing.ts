// What the page shares with others, and what it is about to.
import { signal } from "@preact/signals";
import { Transfers } from "../files/transfers";
import { reached } from "../p2p/addresses";
import { TRACKER } from "../torrents/client";
import { Torrents } from "../torrents/torrents";
import { session, view } from "./console";

export const transfers = new Transfers(session.switchboard);
export const torrents = new Torrents(session.ice, ownTracker);

/** Files of which nobody has said yet who is to have them. */
export const chosen = signal<readonly File[]>([]);

/** Whoever may come in by a token only is known to the tracker by it, too. */
function ownTracker(): string {
  const token = session.settings.peek()?.token;
  return token === undefined ? TRACKER : `${TRACKER}?token=${encodeURIComponent(token)}`;
}

/** Offers files to one person. */
export function sendTo(user: string, name: string, files: readonly File[]): void {
  const { own } = session;
  transfers.send(own ? reached({ user, name }, own) : user, name, files);
  view.value = "chat";
}

/** Shares files with everybody in the room that is open. */
export function shareWithRoom(files: readonly File[]): void {
  const room = session.settings.value?.room;
  const say = (magnet: string) => {
    // It may have taken a while, and another room may be open.
    if (session.settings.value?.room === room) session.outbox.add(magnet);
  };
  for (const file of files) void torrents.seed(file, say);
}

addEventListener("online", () => transfers.hurry());
session.whenLeaving(() => transfers.leave());
session.followedBy(transfers);

// A file that is dropped beside what takes files would be opened in place of this page.
for (const event of ["dragover", "drop"]) addEventListener(event, (e) => e.preventDefault());
