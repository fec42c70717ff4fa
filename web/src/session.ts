// One stay in a room: the link, its state, what it brought, and how it comes back after a cut.
import { batch, signal } from "@preact/signals";
import { type Writing, afterWriting } from "./about";
import { backoff } from "./backoff";
import type { Envelope, Joined, Occupant, Presence, PresenceChange } from "./envelope";
import { type Target, ask } from "./http";
import { readPolicy } from "./link";
import { type Offset, formatOffset } from "./offset";
import { Outbox, type Pending } from "./outbox";
import { paced } from "./pace";
import { type Own, isHidden, reached } from "./p2p/addresses";
import { IceServers } from "./p2p/ice";
import type { Carrier } from "./p2p/line";
import type { Signal } from "./p2p/signals";
import { Switchboard } from "./p2p/switchboard";
import { addressAfter, afterMove, goneBetween } from "./people";
import { Problem } from "./problem";
import { type Entry, type Faults, Room } from "./room";
import { TRANSPORTS } from "./transports";
import type { Link, Sink, Start, TransportName } from "./transports/transport";
import type { Bound, Travel, Way } from "./travel";
import { Wire } from "./wire";

export type State = "idle" | "connecting" | "live" | "cut" | "retrying";

export interface Settings extends Target {
  readonly transport: TransportName;
}

/** Whoever keeps something for people by their addresses, which in a room that hides who they are end with what they are called. */
export interface Follower {
  /** He has another address from now on, and this name. */
  renamed(former: string, now: string, name: string): void;
  /** Nobody has this address any more; the next one who has it may be somebody else. */
  gone(person: string): void;
}

/** How much history a first join asks for. */
const HISTORY = 50;
const SAMPLES_KEPT = 50;

export class Session implements Carrier {
  readonly state = signal<State>("idle");
  readonly settings = signal<Settings | undefined>(undefined);
  readonly problem = signal<Problem | undefined>(undefined);
  readonly entries = signal<readonly Entry[]>([]);
  readonly faults = signal<Faults>({ gaps: 0, duplicates: 0 });
  /** `undefined`: not known, or presence is off in this room. */
  readonly presence = signal<Presence | undefined>(undefined);
  /** Who is writing at the moment. */
  readonly writing = signal<readonly Writing[]>([]);
  /** How the link travels, where it can in several ways. */
  readonly way = signal<Way | undefined>(undefined);
  /** When the next attempt is due, in milliseconds since 1970; `undefined` when none is. */
  readonly retryAt = signal<number | undefined>(undefined);
  /** Round trips of own messages in milliseconds, by transport, over the whole visit. */
  readonly samples = signal<Partial<Record<TransportName, readonly number[]>>>({});
  /** What is not in the room yet, shown together with what is. */
  readonly pending = signal<readonly Pending[]>([]);
  /** Where this page can be told signals; `undefined` where it cannot. */
  readonly address = signal<string | undefined>(undefined);
  readonly wire = new Wire();
  readonly outbox = new Outbox({
    publisher: () => (this.state.value === "live" && this.link ? (draft) => this.link!.publish(draft) : undefined),
    kept: (offset, sentAt) => this.kept(offset, sentAt),
  });

  /** By what two pages reach each other. */
  readonly ice = new IceServers(() => this.askIce());

  /** Calls are the page's, not the link's: they go on while there is none. */
  readonly switchboard = new Switchboard({
    carrier: this,
    ice: this.ice,
    own: () => this.own,
    policy: () => readPolicy(location.search),
  });

  private readonly leaving: (() => void)[] = [];
  private readonly followers: Follower[] = [];
  /** Where and as whom one came in last, also once one was shown out. */
  private last: Settings | undefined;
  private room = new Room();
  private link: Link | undefined;
  /** Counts links: what an earlier one still says is not listened to. */
  private generation = 0;
  private attempt = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** When the link went down, once there had been one; monotonic. */
  private downSince: number | undefined;

  private readonly show = paced(() =>
    batch(() => {
      this.entries.value = this.room.entries;
      this.faults.value = this.room.faults;
      this.pending.value = this.outbox.pending.value;
    }),
  );

  constructor() {
    this.outbox.pending.subscribe(() => this.show());
  }

  /** The offset to go on from, as snippets show it. */
  get resumePoint(): Offset | undefined {
    return this.room.resumePoint;
  }

  signal(to: string, what: Signal): Promise<number> {
    const link = this.state.peek() === "live" ? this.link : undefined;
    return link?.signal?.(to, what) ?? Promise.reject(new Problem("Nothing carries signals now", "They go out when there is a link that does."));
  }

  /** Enters a room, or changes the transport within it: the log goes on where it was. */
  join(settings: Settings): void {
    const before = this.settings.value;
    const sameRoom = before !== undefined && before.room === settings.room && this.room.entries.length > 0;
    // Calls are between people of a room: to the other one, this page is a stranger under any other name.
    if (this.last && !isSamePlace(this.last, settings)) this.leave();
    this.last = settings;
    if (before?.token !== settings.token) this.ice.forget();
    if (before && sameRoom) this.room.mark("plain", changeText(before, settings));
    this.drop();
    if (!sameRoom) this.enterAnew();
    this.settings.value = settings;
    this.attempt = 0;
    this.connect();
  }

  /** Ends what is between people of a room: calls, and what else wants to be told. */
  leave(): void {
    for (const act of this.leaving) act();
    this.switchboard.hangUp("left");
  }

  /** `act` is done before one goes to another room, becomes somebody else, or leaves the page. */
  whenLeaving(act: () => void): void {
    this.leaving.push(act);
  }

  /** Is told where people go by other addresses than before. */
  followedBy(follower: Follower): void {
    this.followers.push(follower);
  }

  /** Drops the link and leaves it down until `reconnect`. */
  cut(): void {
    this.drop();
    this.room.mark("plain", "Connection cut. What others say meanwhile arrives when you reconnect.");
    this.state.value = "cut";
    this.show();
  }

  /** Tries again at once. */
  reconnect(): void {
    this.drop();
    this.attempt = 0;
    this.connect();
  }

  private enterAnew(): void {
    this.room = new Room();
    this.downSince = undefined;
    this.presence.value = undefined;
    this.outbox.clear();
    this.show();
  }

  private connect(): void {
    const settings = this.settings.value;
    if (!settings) return;
    this.state.value = "connecting";
    this.problem.value = undefined;
    const point = this.room.resumePoint;
    const start: Start = point ? { since: point } : { last: HISTORY };
    const sink = this.sinkFor(++this.generation);
    this.link = TRANSPORTS[settings.transport].open(settings, start, sink, this.wire);
  }

  /** Closes the link if there is one; nothing it says afterwards counts. */
  private drop(): void {
    this.generation++;
    clearTimeout(this.timer);
    this.retryAt.value = undefined;
    this.link?.close();
    this.link = undefined;
    this.wentDown();
  }

  private wentDown(): void {
    this.writing.value = [];
    this.way.value = undefined;
    if (this.state.value === "live") this.downSince = performance.now();
  }

  private sinkFor(generation: number): Sink {
    const ifCurrent =
      <A extends unknown[]>(act: (...args: A) => void) =>
      (...args: A) => {
        if (generation === this.generation) act(...args);
      };
    const room = this.room;
    return {
      joined: ifCurrent((joined) => this.onJoined(joined)),
      message: ifCurrent((envelope, heardAt) => this.onMessage(envelope, heardAt)),
      // Also after a cut: it is about what was heard before.
      introduced: (envelope) => this.onIntroduced(room, envelope),
      stands: ifCurrent((cursor) => this.room.stands(cursor)),
      present: ifCurrent((presence) => this.onPresent(presence)),
      moved: ifCurrent((change) => this.onMoved(change)),
      writes: ifCurrent((writing) => void (this.writing.value = afterWriting(this.writing.value, writing))),
      signalled: ifCurrent((incoming) => this.switchboard.heard(incoming)),
      travels: ifCurrent((travel) => this.onTravels(travel)),
      bound: ifCurrent((bound) => this.onBound(bound)),
      mending: ifCurrent(() => this.onMending()),
      lost: ifCurrent((problem) => this.onLost(problem)),
    };
  }

  private onJoined(joined: Joined): void {
    const away = this.downSince === undefined ? undefined : performance.now() - this.downSince;
    this.downSince = undefined;
    this.attempt = 0;
    this.room.joined(joined, away);
    this.problem.value = undefined;
    this.state.value = "live";
    this.address.value = joined.address;
    this.show();
    void this.outbox.pump();
    if (joined.address !== undefined) this.switchboard.relinked();
  }

  private onMessage(envelope: Envelope, heardAt = performance.now()): void {
    this.room.accept(envelope, heardAt, Date.now() - (performance.now() - heardAt));
    this.silent(envelope);
    this.show();
    const offset = formatOffset(envelope.offset);
    if (this.outbox.pending.value.some((p) => p.offset === offset)) {
      this.outbox.arrived(offset);
      this.sample(offset);
    }
  }

  /** Whoever has said what he wrote, or has gone, is not writing it any more. */
  private silent({ from: user, name }: { readonly from: string; readonly name: string }): void {
    if (this.writing.value.length > 0) this.writing.value = afterWriting(this.writing.value, { user, name, typing: false });
  }

  private onIntroduced(room: Room, envelope: Envelope): void {
    this.silent(envelope);
    room.introduced(envelope);
    this.show();
  }

  private onTravels(travel: Travel): void {
    this.way.value = travel.way;
    this.room.travels(travel);
    this.show();
  }

  private onBound(bound: Bound): void {
    this.room.bound(bound);
    this.show();
  }

  private onPresent(presence: Presence | undefined): void {
    const gone = goneBetween(this.presence.value, presence);
    this.presence.value = presence;
    this.miss(gone);
  }

  private onMoved(change: PresenceChange): void {
    this.presence.value = afterMove(this.presence.value, change);
    this.address.value = addressAfter(this.address.value, change);
    this.follow(change);
    if (change.action === "leave" && change.user) this.silent({ from: change.user, name: change.name ?? "" });
  }

  /** Where a room hides who its people are, their addresses end with what they are called: calls and files go with them. */
  private follow({ action, user = "", former, name }: PresenceChange): void {
    const { own } = this;
    if (!own || !isHidden(own) || name === undefined) return;
    if (action === "leave") return this.miss([{ user, name }]);
    if (former === undefined) return;
    const [before, now] = [former, name].map((called) => reached({ user, name: called }, own)) as [string, string];
    this.switchboard.renamed(before, now);
    for (const follower of this.followers) follower.renamed(before, now, name);
  }

  private miss(gone: readonly Occupant[]): void {
    const { own } = this;
    if (!own || !isHidden(own)) return;
    for (const person of gone) for (const follower of this.followers) follower.gone(reached(person, own));
  }

  /** EventSource and Socket.IO's client reconnect by themselves; until they have, nothing is sent. */
  private onMending(): void {
    this.wentDown();
    this.state.value = "retrying";
  }

  private onLost(problem: Problem): void {
    this.wentDown();
    this.link = undefined;
    this.generation++;
    this.problem.value = problem;
    if (problem.passing) this.retryLater(problem.retryAfter);
    else if (this.room.resumePoint) this.state.value = "cut";
    else this.turnedAway();
  }

  /** Refused at the door: the form is there to try another way. */
  private turnedAway(): void {
    this.state.value = "idle";
    this.settings.value = undefined;
    this.outbox.clear();
  }

  private retryLater(retryAfter: number | undefined): void {
    const delay = retryAfter === undefined ? backoff(this.attempt++, Math.random()) : retryAfter * 1000;
    this.state.value = "retrying";
    this.retryAt.value = Date.now() + delay;
    this.timer = setTimeout(() => {
      this.retryAt.value = undefined;
      this.connect();
    }, delay);
  }

  /** Who sits here, as the room knows him; `undefined` where he cannot be told signals. */
  get own(): Own | undefined {
    const [address, settings] = [this.address.value, this.settings.value];
    return address !== undefined && settings ? { address, room: settings.room, isGuest: settings.token === undefined } : undefined;
  }

  private askIce(): Promise<Response | undefined> {
    const { token, name } = this.settings.peek() ?? { name: "" };
    const who = token === undefined ? `?name=${encodeURIComponent(name)}` : "";
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    return ask(this.wire, `/api/ice${who}`, { headers }).catch(() => undefined);
  }

  private kept(offset: string, sentAt: number): boolean {
    // An application may answer in the room's place: then nobody says where the message stands.
    if (offset === "") return true;
    const back = this.room.settle(offset, sentAt) !== undefined;
    if (back) this.sample(offset);
    this.show();
    return back;
  }

  /** Notes how long an own message took, if the link stood all the while. */
  private sample(offset: string): void {
    const entry = this.room.find(offset);
    const transport = this.settings.value?.transport;
    if (!transport || entry?.how !== "live" || entry.roundTrip === undefined) return;
    const before = this.samples.value[transport] ?? [];
    this.samples.value = { ...this.samples.value, [transport]: [...before.slice(1 - SAMPLES_KEPT), entry.roundTrip] };
  }
}

/** Whether others find the same person there under the same address; who comes with a token is called what that says. */
function isSamePlace(before: Settings, after: Settings): boolean {
  return before.room === after.room && before.token === after.token && (after.token !== undefined || before.name === after.name);
}

function changeText(before: Settings, after: Settings): string {
  if (before.transport === after.transport) return "Joined again.";
  return `From ${TRANSPORTS[before.transport].title} to ${TRANSPORTS[after.transport].title}.`;
}
