// A room by XMPP: presence goes in and out, messages are of type `groupchat` (XEP-0045). Where a message stands, and what
// was said before, is asked of the log: both are in no stanza.
import { $msg, $pres, Builder } from "strophe.js";
import { withToken } from "../../account";
import type { Ack, Envelope, Joined } from "../../envelope";
import type { Target } from "../../http";
import { formatOffset } from "../../offset";
import type { Signal } from "../../p2p/signals";
import { Problem } from "../../problem";
import type { Bound } from "../../travel";
import type { Wire } from "../../wire";
import { PageReader } from "../pages";
import type { Draft, Link, Sink, Start } from "../transport";
import { stanzaProblem } from "./faults";
import { bare, carried, resource, roomAddress, unnameable } from "./names";
import { Occupants, type Seen, isOwn, whyOut } from "./occupants";
import { Places } from "./places";
import { attribute, readSeen, stanzaFault, stanzaId } from "./read";
import { Signals, readSignalled } from "./signals";
import { Stream } from "./stream";
import { Waiting } from "./waiting";

const MUC = "http://jabber.org/protocol/muc";
const PING = "urn:xmpp:ping";

export class RoomLink implements Link {
  private readonly stream: Stream;
  private readonly occupants = new Occupants();
  private readonly places = new Places();
  private readonly waiting = new Waiting();
  private readonly signals = new Signals((stanza) => this.stream.send(stanza));
  private readonly abort = new AbortController();
  private readonly log: PageReader;
  /** The room's address, and what one is called in it; empty until one is there. */
  private room = "";
  private nick = "";
  /** Whether the room hides who its people are: then signals come from occupants, and reach them. */
  private hides = false;
  private bound: Bound | undefined;
  /** The log is read up to now: from here on it only says where messages stand. */
  private caughtUp = false;
  private reading = false;
  private readAgain = false;

  constructor(
    private readonly target: Target,
    start: Start,
    private readonly sink: Sink,
    wire: Wire,
  ) {
    const told: Sink = { ...sink, joined: (joined) => this.onCursor(joined), message: (envelope) => this.onLogged(envelope) };
    this.log = new PageReader(reader(target), start, told, wire, this.abort.signal);
    this.stream = new Stream(target, wire, {
      bound: (bound, domain) => this.onBound(bound, domain),
      stanza: (stanza) => this.onStanza(stanza),
      ended: (problem) => this.end(problem),
    });
    this.stream.open();
  }

  publish(draft: Draft): Promise<Ack> {
    if (this.nick === "") return Promise.reject(new Problem("Not in the room", "The message is sent when this page is."));
    const answer = this.waiting.add(draft.key);
    this.stream.send($msg({ to: this.room, type: "groupchat", id: draft.key }).c("body").t(carried(draft.text)));
    return answer;
  }

  signal(to: string, signal: Signal): Promise<number> {
    if (this.nick === "") return Promise.reject(new Problem("Not in the room", "It is said when this page is."));
    return this.signals.say(`${this.room}/${this.nick}`, this.room, to, signal);
  }

  close(): void {
    this.abort.abort();
    if (this.nick !== "") this.stream.send($pres({ to: `${this.room}/${this.nick}`, type: "unavailable" }));
    this.nick = "";
    this.stream.close();
    this.waiting.giveUp();
    this.signals.giveUp();
  }

  private onBound(bound: Bound, domain: string): void {
    this.bound = bound;
    try {
      this.room = roomAddress(this.target.room, domain);
    } catch (cause) {
      return this.end(cause instanceof Problem ? cause : unnameable(this.target.room));
    }
    const { name, token } = this.target;
    const nick = token === undefined ? name : withToken(token, name).name;
    // The log is asked for what was said before: it says where each message stands.
    this.stream.send($pres({ to: `${this.room}/${nick.trim()}` }).c("x", { xmlns: MUC }).c("history", { maxchars: "0" }));
  }

  private onStanza(stanza: Element): void {
    const fromRoom = bare(attribute(stanza, "from")) === this.room;
    if (stanza.localName === "iq") this.answer(stanza);
    else if (stanza.localName === "presence" && fromRoom) this.onPresence(stanza);
    else if (stanza.localName === "message" && fromRoom) this.onMessage(stanza);
  }

  private onPresence(presence: Element): void {
    if (attribute(presence, "type") === "error") return this.end(stanzaProblem(stanzaFault(presence)));
    const seen = readSeen(presence);
    this.occupants.see(seen);
    if (isOwn(seen)) this.onOwn(seen);
    if (this.caughtUp) this.sink.present(this.occupants.presence);
  }

  /** Oneself is in the room, called otherwise, or not there any more. */
  private onOwn({ from, there, codes }: Seen): void {
    if (there) {
      // XEP-0045 §7.2.2: a room in which all see addresses says so to whoever enters.
      if (this.nick === "") this.hides = !codes.includes("100");
      if (this.nick === "" && this.bound) this.sink.bound(this.bound);
      this.nick = resource(from);
      return void this.readLog();
    }
    // XEP-0045 §7.6: under another name one is still there.
    if (codes.includes("303")) return;
    this.nick = "";
    this.end(new Problem("This page is not in the room any more", `It was ${whyOut(codes)}. Join again, or choose another room.`, 403));
  }

  private onMessage(message: Element): void {
    const id = attribute(message, "id");
    if (attribute(message, "type") === "error") return this.onRefused(id, stanzaProblem(stanzaFault(message)));
    const signalled = attribute(message, "type") === "chat" ? readSignalled(message) : undefined;
    if (signalled) return this.sink.signalled(signalled);
    const logged = stanzaId(message, this.room);
    // What an application tells its clients is not in the log, nor is the subject.
    if (logged === "") return;
    if (resource(attribute(message, "from")) === this.nick) this.waiting.returned(id, logged);
    if (this.places.heard(logged, performance.now()) && this.nick !== "") void this.readLog();
  }

  private onRefused(id: string, problem: Problem): void {
    this.waiting.refuse(id, problem);
    this.signals.refuse(id, problem);
  }

  /** RFC 6120 §8.2.3: every question has an answer. Whether one is still there (XEP-0199) is the only one answered with yes. */
  private answer(iq: Element): void {
    const type = attribute(iq, "type");
    if (type !== "get" && type !== "set") return this.signals.answered(attribute(iq, "id"));
    const isPing = type === "get" && iq.firstElementChild?.namespaceURI === PING;
    const answer = new Builder("iq", { type: isPing ? "result" : "error", id: attribute(iq, "id"), to: attribute(iq, "from") });
    if (!isPing) answer.c("error", { type: "cancel" }).c("service-unavailable", { xmlns: "urn:ietf:params:xml:ns:xmpp-stanzas" });
    this.stream.send(answer);
  }

  /** Reads the log on; what comes while it is read is read after it. */
  private async readLog(): Promise<void> {
    this.readAgain = true;
    if (this.reading) return;
    this.reading = true;
    try {
      while (this.readAgain && !this.abort.signal.aborted) await this.readOn();
    } catch (cause) {
      if (!this.abort.signal.aborted) this.end(cause instanceof Problem ? cause : new Problem("The page stumbled", String(cause)));
    }
    this.reading = false;
  }

  private async readOn(): Promise<void> {
    this.readAgain = false;
    if ((await this.log.turn()) === "more") this.readAgain = true;
    else this.caughtUp = true;
    for (const { envelope, heardAt } of this.places.take()) this.tell(envelope, heardAt);
  }

  private onCursor(joined: Joined): void {
    this.caughtUp = false;
    const { presence } = this.occupants;
    const address = this.hides ? `${this.room}/${this.nick}` : this.bound?.address;
    this.sink.joined({ ...joined, presence, ...(address === undefined ? {} : { address }) });
    this.sink.present(presence);
  }

  private onLogged(envelope: Envelope): void {
    if (this.caughtUp) return this.places.stands(envelope);
    this.places.tell(envelope);
    this.tell(envelope);
  }

  private tell(envelope: Envelope, heardAt?: number): void {
    this.sink.message(envelope, heardAt);
    this.waiting.placed(envelope.id, formatOffset(envelope.offset));
  }

  private end(problem: Problem): void {
    this.close();
    this.sink.lost(problem);
  }
}

/** A guest reads the log without a name: a poll under one would be presence of its own, and outlast the stream's. */
function reader(target: Target): Target {
  return target.token === undefined ? { room: target.room, name: "" } : target;
}
