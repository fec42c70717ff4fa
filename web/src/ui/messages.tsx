// The log of the room, offset by offset along its spine, and what is still on its way out.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Entry, Marker } from "../room";
import { session, view } from "./console";
import { MessageRow, PendingRow } from "./message";

/** Closer to the end than this, the list follows what arrives. */
const NEAR_END_PX = 80;

export function Messages() {
  const entries = session.entries.value;
  const pending = session.pending.value.filter((p) => p.state !== "kept");
  const { box, behind, onScroll, follow } = useFollowing(entries.length + pending.length);
  const empty = entries.length + pending.length === 0;
  return (
    <section class="log">
      <div class="log-scroll" ref={box} onScroll={onScroll} tabIndex={0} role="log" aria-live="polite" aria-label="Messages">
        {empty && <Empty />}
        <ol class="spine" data-state={session.state.value} data-testid="messages" hidden={empty}>
          {entries.map((entry, i) => (
            <Row key={entry.key} entry={entry} before={entries[i - 1]} />
          ))}
          {pending.map((p) => (
            <PendingRow key={p.key} pending={p} />
          ))}
          <li class="spine-end" aria-hidden="true" />
        </ol>
      </div>
      {behind && (
        <button type="button" class="button small newest" onClick={follow}>
          Newest ↓
        </button>
      )}
    </section>
  );
}

/** Keeps the end of the list in sight unless the reader has scrolled away from it. */
function useFollowing(size: number) {
  const box = useRef<HTMLDivElement>(null);
  const [behind, setBehind] = useState(false);
  const follow = () => {
    const el = box.current;
    if (el) el.scrollTop = el.scrollHeight;
  };
  const onScroll = () => {
    const el = box.current;
    if (el) setBehind(el.scrollHeight - el.scrollTop - el.clientHeight > NEAR_END_PX);
  };
  useEffect(() => {
    if (!behind) follow();
  }, [size, behind, view.value]);
  // The room for it shrinks when something stands below it, and a message may grow that is there already.
  useEffect(() => {
    if (behind || !box.current) return;
    const watch = new ResizeObserver(follow);
    for (const el of [box.current, ...box.current.children]) watch.observe(el);
    return () => watch.disconnect();
  }, [behind, size === 0]);
  return { box, behind, onScroll, follow };
}

function Row({ entry, before }: { readonly entry: Entry; readonly before: Entry | undefined }) {
  const newEpoch = before === undefined || startsEpoch(entry, before);
  // The same element again is skipped when drawing: a long list costs only what changed.
  return useMemo(
    () => (entry.kind === "marker" ? <MarkerRow marker={entry} /> : <MessageRow entry={entry} newEpoch={newEpoch} />),
    [entry, newEpoch],
  );
}

function startsEpoch(entry: Entry, before: Entry): boolean {
  if (entry.kind === "marker") return false;
  return before.kind === "marker" ? false : before.envelope.offset.epoch !== entry.envelope.offset.epoch;
}

function MarkerRow({ marker }: { readonly marker: Marker }) {
  const resumed = marker.resumed;
  return (
    <li
      class="marker"
      data-tone={marker.tone}
      data-testid={resumed ? "resumed" : (marker.about ?? "marker")}
      data-missed={resumed?.missed}
      data-recovered={resumed?.recovered}
      data-session={resumed?.session}
    >
      <span class="marker-text">{marker.text}</span>
    </li>
  );
}

function Empty() {
  const joined = session.settings.value !== undefined;
  return (
    <div class="empty">
      <h2 class="empty-title">{joined ? "Nothing has been said here yet." : "One room, every way in."}</h2>
      <p>
        {joined
          ? "Say something, or open this page a second time with another transport: both read the same log, in the same order. Call whoever is there from the list of people; drop a file on him, or here for everybody."
          : "Polling, long polling, Server-Sent Events, WebSocket, Socket.IO and XMPP read one log in one order. Join, talk, call each other, drop files; cut the connection, and watch it go on exactly where it stopped."}
      </p>
      {!joined && (
        <button type="button" class="button primary to-form" onClick={() => (view.value = "room")}>
          Choose a room
        </button>
      )}
    </div>
  );
}
