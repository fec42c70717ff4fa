// One message: where it stands, who said it, what, and how long it took.
import { shown } from "../envelope";
import { milliseconds } from "../http";
import { formatOffset } from "../offset";
import type { Pending } from "../outbox";
import type { MessageEntry } from "../room";
import { readMagnet } from "../torrents/magnet";
import { session } from "./console";
import { hue } from "./hue";
import { TorrentCard } from "./torrents";

interface Props {
  readonly entry: MessageEntry;
  /** The first of its epoch: the epoch is written out above it. */
  readonly newEpoch: boolean;
}

export function MessageRow({ entry, newEpoch }: Props) {
  const { envelope, how } = entry;
  const offset = formatOffset(envelope.offset);
  return (
    <li
      class="message"
      data-testid="message"
      data-offset={offset}
      data-from={envelope.from}
      data-name={envelope.name}
      data-how={how}
      data-own={entry.roundTrip !== undefined}
      data-hue={hue(envelope.from)}
    >
      {newEpoch && <span class="epoch">epoch {envelope.offset.epoch}</span>}
      <span class="seq" title={envelope.id ? `Offset ${offset}, id ${envelope.id}` : `Offset ${offset}`}>
        <span class="offscreen">Offset {offset}: </span>
        <span aria-hidden="true">{String(envelope.offset.seq)}</span>
      </span>
      <span class="says">
        <b class="name" title={envelope.from}>
          {envelope.name || "…"}
        </b>
        {envelope.about?.kind === "reply" && <Quote name={envelope.about.name} text={envelope.about.text} />}
        {envelope.event !== "message" && <span class="event-name">{envelope.event}</span>}
        <Words entry={entry} />
        <Felt felt={entry.felt} />
      </span>
      <Took entry={entry} />
    </li>
  );
}

/** What it says now, or that it says nothing any more. */
function Words({ entry: { envelope, edited } }: { readonly entry: MessageEntry }) {
  if (envelope.about?.kind === "retracted") {
    return (
      <span class="retracted" data-testid="retracted">
        taken back by {envelope.about.name}
      </span>
    );
  }
  const said = shown(envelope);
  const magnet = readMagnet(said);
  // A link and nothing else is told by what it leads to.
  const isLink = magnet !== undefined && /^magnet:\S+$/.test(said.trim());
  return (
    <>
      {!isLink && (
        <span class="text" data-testid="text">
          {said}
        </span>
      )}
      {magnet && <TorrentCard magnet={magnet} />}
      {edited && (
        <span class="edited" data-testid="edited">
          edited
        </span>
      )}
    </>
  );
}

function Quote({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <span class="quote" data-testid="quote">
      {name}: {text || "…"}
    </span>
  );
}

/** Each reaction once, with the number of those who feel so. */
function Felt({ felt }: { readonly felt: MessageEntry["felt"] }) {
  const all = Object.values(felt ?? {}).flat();
  if (all.length === 0) return null;
  return (
    <span class="felt" data-testid="reactions">
      {[...new Set(all)].map((one) => (
        <span class="chip" key={one}>
          {one} {all.filter((other) => other === one).length}
        </span>
      ))}
    </span>
  );
}

/** Own messages: the round trip. Others': from the server's stamp, by two clocks, so marked as approximate. */
function Took({ entry }: { readonly entry: MessageEntry }) {
  const clock = new Date(entry.envelope.time);
  const stamp = clock.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const [label, title] = tookText(entry);
  return (
    <span class="took" data-testid="took">
      <span class="took-label" title={title}>
        {label}
      </span>
      {entry.envelope.time > 0 && (
        <time class="clock" dateTime={clock.toISOString()} title={clock.toLocaleString()}>
          {stamp}
        </time>
      )}
    </span>
  );
}

function tookText(entry: MessageEntry): readonly [label: string, title: string] {
  if (entry.roundTrip !== undefined) return [milliseconds(entry.roundTrip), "From sending to its return on the stream"];
  if (entry.how === "missed") return ["missed", "Said while the connection was down"];
  if (entry.how === "history") return ["history", "Said before you came"];
  if (entry.delay === undefined) return ["", "When it was said is being asked"];
  return [`≈ ${Math.round(entry.delay)} ms`, "From the server's stamp to arrival; two clocks, so approximate"];
}

export function PendingRow({ pending }: { readonly pending: Pending }) {
  const failed = pending.state === "failed";
  const label = failed ? "not sent" : pending.state === "held" ? "held" : "sending…";
  return (
    <li class="message pending" data-testid="pending" data-state={pending.state}>
      <span class="seq" aria-hidden="true">
        …
      </span>
      <span class="says">
        <span class="text">{pending.text}</span>
        {pending.detail && <span class={failed ? "field-error" : "hint"}>{pending.detail}</span>}
        {failed && <Choices pendingKey={pending.key} />}
      </span>
      <span class="took">
        <span class="took-label">{label}</span>
      </span>
    </li>
  );
}

function Choices({ pendingKey }: { readonly pendingKey: string }) {
  return (
    <span class="choices">
      <button type="button" class="button small" onClick={() => session.outbox.retry(pendingKey)}>
        Send again
      </button>
      <button type="button" class="button small" onClick={() => session.outbox.discard(pendingKey)}>
        Discard
      </button>
    </span>
  );
}
