// Gets every signal that comes and gives it to the call it belongs to, or to whoever answers rings of its kind.
//
// What users need to know:
//   switchboard.answer(kind, { rings, single? })  from now on `rings(incoming)` is told of every ring of this kind: `incoming.name`,
//                         `.person`, `.ring` (all that the other page put into it), `.over` (a signal: it has stopped), and
//                         `await incoming.accept()` (the Peer), `incoming.decline()` for the user, or `incoming.refuse(why)` for this page
//                         alone. `single`: two that ring each other at once are one call, that with the smaller id.
//   switchboard.ring(person, ring)  rings all pages of somebody: `(await outgoing.outcome)` is `{ peer }` or `{ ending }`;
//                         `outgoing.hangUp()` stops it. `ring.kind` says who is to answer there.
// Whoever rings adds tracks or makes a data channel as soon as he has the peer; so may the other one.
import { type Own, personOf } from "./addresses";
import type { Ending } from "./ending";
import type { IceServers } from "./ice";
import { type Carrier, Line } from "./line";
import { Peer, type PeerParts } from "./peer";
import { type Exchange, IncomingRing, Outgoing, type Party } from "./ringing";
import { type Incoming, type Ring, type Said, newCall, readSignal } from "./signals";

export interface Answerer {
  rings(ring: IncomingRing): void;
  readonly single?: boolean;
}

/** So many rings that nobody has looked at are answered in such a time, in milliseconds: whoever rings without end is not to use up what this
 * page may say to others. The rest rings out. */
const REBUFFS = 10;
const REBUFFS_MS = 10_000;

/** What a switchboard is made of. */
export interface Parts {
  readonly carrier: Carrier;
  readonly ice: IceServers;
  /** `undefined` while this page has no address. */
  readonly own: () => Own | undefined;
  /** `relay`: only by way of TURN. */
  readonly policy: () => RTCIceTransportPolicy;
  /** Makes a peer. */
  readonly peer?: (parts: PeerParts) => Peer;
}

export class Switchboard implements Exchange {
  private readonly parties = new Map<string, Party>();
  private readonly answerers = new Map<string, Answerer>();
  /** What is taken, by which page, while its peer is being made. */
  private readonly making = new Map<string, { readonly address: string; readonly peer: Promise<Peer> }>();
  /** By call, what the other side is called by now, if that is not what it began with. */
  private readonly renames = new Map<string, string>();
  /** By call, the pages that have taken it after another one had. */
  private readonly late = new Map<string, readonly string[]>();
  /** Rings that were rebuffed of late. */
  private rebuffed = 0;

  constructor(private readonly parts: Parts) {}

  answer(kind: string, answerer: Answerer): void {
    this.answerers.set(kind, answerer);
  }

  ring(person: string, ring: Ring): Outgoing {
    void this.parts.ice.servers();
    const outgoing = new Outgoing(this, newCall(), person, ring);
    this.parties.set(outgoing.call, outgoing);
    return outgoing;
  }

  /** A signal has come. */
  heard({ from, name, signal }: Incoming): void {
    const heard = readSignal(signal);
    if (!heard) return;
    const { call, ...said } = heard;
    const party = this.parties.get(call);
    if (party) this.route(party, from, said);
    else if ("ring" in said) this.rung(call, from, name, said.ring);
    // Anything else about a call that nobody here knows is for another page of the same person, or late.
  }

  /** The page has a link again, perhaps with another address. */
  relinked(): void {
    for (const party of this.parties.values()) party.relinked();
  }

  /** Whoever had one address has another one from now on: where a room hides who its people are, it ends with what they are called. */
  renamed(former: string, now: string): void {
    for (const [call, party] of this.parties) {
      if (this.personIn(party) !== former) continue;
      this.renames.set(call, now);
      party.renamed(now);
    }
  }

  /** Ends all calls. */
  hangUp(why: Ending["why"]): void {
    for (const party of [...this.parties.values()]) party.hangUp(why);
  }

  tell(to: string, call: string, said: Said): Promise<number> {
    return this.parts.carrier.signal(to, { call, ...said });
  }

  connect(call: string, address: string, polite: boolean): Promise<Peer> {
    const peer = this.make(call, address, polite);
    this.making.set(call, { address, peer });
    void peer.finally(() => this.making.delete(call));
    return peer;
  }

  dismiss(to: string, call: string, why: string): void {
    new Line(this.parts.carrier, call, this.personOf(to), to).close(why);
  }

  rebuff(to: string, call: string, why: string): void {
    if (this.rebuffed >= REBUFFS) return;
    this.rebuffed++;
    setTimeout(() => this.rebuffed--, REBUFFS_MS);
    this.say(to, call, why);
  }

  quieten(call: string): void {
    const own = this.parts.own();
    if (own) this.say(personOf(own.address, own), call, "elsewhere");
  }

  /** Says once that it is over: whoever is gone by then need not know. */
  private say(to: string, call: string, bye: string): void {
    this.tell(to, call, { bye }).catch(() => {});
  }

  forget(call: string): void {
    this.parties.delete(call);
    this.renames.delete(call);
    this.late.delete(call);
  }

  /** Who is on the other side, by his present address. */
  private personIn(party: Party): string {
    return this.renames.get(party.call) ?? party.person;
  }

  private personOf(address: string): string {
    return personOf(address, this.parts.own());
  }

  private route(party: Party, from: string, said: Said): void {
    if (this.personOf(from) !== this.personIn(party)) return this.fromOurselves(party, from, said);
    // Its offers are not those of the page that has the call.
    if (this.late.get(party.call)?.includes(from)) return;
    const making = this.making.get(party.call);
    const taker = making?.address ?? party.address;
    if ("accept" in said && taker !== undefined) return this.second(party.call, from, taker);
    if (making) void making.peer.then((peer) => peer.hear(from, said));
    else party.hear(from, said);
  }

  /** Two pages of one person have taken it at the same moment: the first has it. */
  private second(call: string, from: string, taker: string): void {
    // However many rings of others have been rebuffed: that page would wait for a call that never comes.
    if (from === taker) return;
    this.late.set(call, [...(this.late.get(call) ?? []), from]);
    this.say(from, call, "elsewhere");
  }

  /** Another page of whoever sits here has taken or declined what rings. */
  private fromOurselves(party: Party, from: string, said: Said): void {
    const own = this.parts.own();
    const isOurs = own && personOf(from, own) === personOf(own.address, own);
    if (isOurs && party instanceof IncomingRing && "bye" in said && said.bye === "elsewhere") party.hear(from, said);
  }

  private rung(call: string, from: string, name: string, ring: Ring): void {
    const answerer = this.answerers.get(ring.kind);
    if (!answerer) return this.rebuff(from, call, "unsupported");
    const person = this.personOf(from);
    const rival = answerer.single ? this.rival(person, ring.kind) : undefined;
    if (rival && rival.call < call) return;
    const incoming = new IncomingRing(this, call, person, from, name, ring);
    this.parties.set(call, incoming);
    if (rival) rival.giveWay(incoming.accept());
    else answerer.rings(incoming);
  }

  /** One's own ringing of the very person who rings. */
  private rival(person: string, kind: string): Outgoing | undefined {
    const all = [...this.parties.values()];
    return all.find((party): party is Outgoing => party instanceof Outgoing && party.person === person && party.ring.kind === kind);
  }

  private async make(call: string, address: string, polite: boolean): Promise<Peer> {
    const { ice, policy, carrier, peer: make = (parts) => new Peer(parts) } = this.parts;
    const person = this.personOf(address);
    const servers = await ice.servers();
    const line: Line = new Line(carrier, call, person, address, (problem) => peer.fail({ by: "nobody", why: "refused", problem }));
    const peer: Peer = make({ person, line, polite, servers, ice, policy: policy() });
    this.parties.set(call, peer);
    void peer.ended.then(() => this.forget(call));
    const now = this.renames.get(call);
    if (now !== undefined) peer.renamed(now);
    if (polite) line.say({ accept: true });
    return peer;
  }
}
