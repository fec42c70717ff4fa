// A direct connection to one other page, kept up until somebody hangs up. Knows nothing of what goes through it and of no UI.
//
// What users of a `Peer` need to know:
//   peer.connection       the RTCPeerConnection: add tracks, make data channels, listen for `track` and `datachannel`. Offers and
//                         answers are made by themselves whenever it wants them; never make any by hand, and do not close it.
//   peer.state            a signal: "connecting", "connected", "reconnecting" (it mends itself), "ended".
//   peer.ended            a promise of why it is over (ending.ts).
//   peer.hangUp(why?)     ends it, and tells the other one.
//   peer.person, .polite  who is on the other side; whether it is the one who was rung.
// A connection that is lost is looked for anew (ICE restart) for `PATIENCE_MS`; a link that drops changes nothing. Peers are made by the
// switchboard, when a ring is accepted.
import { signal } from "@preact/signals";
import { fingerprints, hasUfrag, isSame, withRole } from "./description";
import type { Ending } from "./ending";
import type { IceServers } from "./ice";
import type { Line } from "./line";
import type { Said } from "./signals";

export type PeerState = "connecting" | "connected" | "reconnecting" | "ended";

/** What a peer is made of. */
export interface PeerParts {
  /** Who is on the other side. */
  readonly person: string;
  readonly line: Line;
  /** The one who was rung gives way when both make an offer at once (W3C WebRTC 1.0, §10.7). */
  readonly polite: boolean;
  /** What to connect by now, and where to ask again. */
  readonly servers: RTCIceServer[];
  readonly ice: IceServers;
  readonly policy: RTCIceTransportPolicy;
}

/** How long a connection may take to come about or back, in milliseconds. */
const PATIENCE_MS = 45_000;
/** Consent is checked every few seconds (RFC 7675 §5.1): a short silence ends by itself, after a longer one new ways are looked for. */
const SILENCE_MS = 3_000;
/** The one who rang begins; the other one has his turn if nothing comes, in milliseconds. */
const COURTESY_MS = 2_000;
/**
 * Whether offers are set only when they are answered, if they are the polite one's or the connection stands. In Chromium it must be so: after
 * a rollback it decodes the other one's picture, but shows it no more; and with what it gathers for a restart it tries the other one's old
 * candidates until it hears of new ones, and stays with such a pair, by which Firefox gets nothing. Firefox (its `vendor` is empty) has
 * neither flaw, and lets the other one know its new candidates at once.
 */
const PROPOSES = globalThis.navigator?.vendor !== "";
/** Candidates kept for a description that has not come yet. */
const EARLY_KEPT = 100;

class OtherPage extends Error {
  override readonly message = "Another page has taken the place of the other one: its certificate is not the one that the call began with";
}

export class Peer {
  readonly connection: RTCPeerConnection;
  readonly state = signal<PeerState>("connecting");
  readonly ended: Promise<Ending>;
  /** Who is on the other side, as he is called by now. */
  person: string;

  private makingOffer = false;
  /** An offer that is not set before it is answered. */
  private proposal: RTCSessionDescriptionInit | undefined;
  /** How the other one described himself last. Once he has, he knows that it is this page he talks to. */
  private described: RTCSessionDescriptionInit | undefined;
  /** By which the other page is known. */
  private certificates: readonly string[] = [];
  /** An offer was said twice: there may be two answers to it. */
  private hasRepeated = false;
  private early: readonly RTCIceCandidateInit[] = [];
  private order: Promise<void> = Promise.resolve();
  private end!: (ending: Ending) => void;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private courtesy: ReturnType<typeof setTimeout> | undefined;
  private readonly stopRenewing: () => void;

  constructor(private readonly parts: PeerParts) {
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.person = parts.person;
    const connection = new RTCPeerConnection(configuration(parts, parts.servers));
    this.connection = connection;
    connection.onnegotiationneeded = () => this.onNeed();
    connection.onicecandidate = ({ candidate }) => this.parts.line.say({ candidate: candidate?.toJSON() ?? null });
    connection.onconnectionstatechange = () => this.onState();
    this.stopRenewing = parts.ice.renew((servers) => this.connection.setConfiguration(configuration(parts, servers)));
    addEventListener("online", this.lookAnew);
    this.waitFor();
  }

  get call(): string {
    return this.parts.line.call;
  }


  get polite(): boolean {
    return this.parts.polite;
  }

  /** Where the other page was heard last. */
  get address(): string {
    return this.parts.line.to;
  }

  /** The other page says something about this call. */
  hear(from: string, said: Said): void {
    if (this.isOver) return;
    this.parts.line.heardFrom(from);
    if ("bye" in said) this.onBye(said.bye);
    else if ("here" in said && !this.parts.line.hasTold(from)) this.repeat();
    else if ("description" in said) this.inOrder(() => this.onDescription(said.description));
    else if ("candidate" in said) this.inOrder(() => this.onCandidate(said.candidate));
  }

  /** There is a link again, perhaps with another address: the other one has to know, and may have missed what was on its way. */
  relinked(): void {
    if (this.isOver) return;
    this.repeat();
    this.parts.line.say({ here: true });
    this.parts.line.relinked();
  }

  renamed(person: string): void {
    this.person = person;
    this.parts.line.renamed(person);
  }

  /** Ends it and tells the other one why. */
  hangUp(why: Ending["why"] = "hangup"): void {
    if (this.isOver) return;
    this.parts.line.close(why);
    this.finish({ by: "here", why });
  }

  /** Ends it without another word: the server does not carry any. */
  fail(ending: Ending): void {
    if (this.isOver) return;
    this.parts.line.cut();
    this.finish(ending);
  }

  private get isOver(): boolean {
    return this.state.peek() === "ended";
  }

  /** Two offers that cross cost a round; after an answer the browser says again what is still needed. */
  private onNeed(): void {
    if (!this.polite || this.described) return this.ask();
    this.courtesy ??= setTimeout(() => !this.described && this.ask(), COURTESY_MS);
  }

  private ask(): void {
    if (PROPOSES && (this.polite || this.described)) this.inOrder(() => this.propose());
    else void this.offer();
  }

  private async propose(): Promise<void> {
    if (this.isAsking) return;
    this.proposal = await this.connection.createOffer();
    this.describe();
  }

  private async offer(): Promise<void> {
    this.makingOffer = true;
    try {
      await this.connection.setLocalDescription();
      this.describe();
    } catch (cause) {
      this.stumble(cause);
    } finally {
      this.makingOffer = false;
    }
  }

  private describe(): void {
    const description = this.proposal ?? this.connection.localDescription;
    if (!description || this.isOver) return;
    const { type, sdp = "" } = description;
    this.parts.line.say({ description: { type, sdp: type === "offer" ? withRole(sdp, this.connection) : sdp } });
  }

  /** Whether an offer waits for its answer. */
  private get isAsking(): boolean {
    return this.proposal !== undefined || this.connection.signalingState === "have-local-offer";
  }

  /** Perfect negotiation: of two offers that cross, that of the impolite one counts; the other one forgets his, and is asked again. */
  private async onDescription(description: RTCSessionDescriptionInit): Promise<void> {
    const isKnown = this.described !== undefined && isSame(this.described, description);
    if (description.type === "offer") {
      if (!this.polite && (this.makingOffer || this.isAsking)) return;
      // One that comes a second time is answered a second time, as before.
      if (isKnown && !this.isAsking) return this.describe();
      await this.onOffer(description);
    } else if (this.isAsking && !(isKnown && this.hasRepeated)) {
      // The second answer to an offer said twice is none to the offer after it.
      await this.onAnswer(description);
    } else return;
    const early = this.early;
    this.early = [];
    for (const candidate of early) await this.onCandidate(candidate);
  }

  private async onOffer(offer: RTCSessionDescriptionInit): Promise<void> {
    this.proposal = undefined;
    await this.setTheirs(offer);
    await this.connection.setLocalDescription();
    this.describe();
  }

  private async onAnswer(answer: RTCSessionDescriptionInit): Promise<void> {
    const { proposal } = this;
    this.proposal = undefined;
    if (proposal) await this.connection.setLocalDescription(proposal);
    await this.setTheirs(answer);
  }

  /**
   * A page keeps its certificate for as long as a connection lasts (W3C WebRTC 1.0, `setConfiguration`): whoever shows another one (RFC 8122 §5)
   * is another page, under whatever name or address he has come by, and the call was not with him (RFC 8827).
   */
  private async setTheirs(description: RTCSessionDescriptionInit): Promise<void> {
    const shown = fingerprints(description);
    if (this.certificates.length === 0) this.certificates = shown;
    if (!shown.every((one) => this.certificates.includes(one))) throw new OtherPage();
    await this.connection.setRemoteDescription(description);
    this.described = description;
  }

  private async onCandidate(candidate: RTCIceCandidateInit | null): Promise<void> {
    const ufrag = candidate?.usernameFragment;
    // Of a description that is yet to come, or of one that never counted: then it waits in vain.
    if (!this.described || (ufrag && !hasUfrag(this.described, ufrag))) {
      if (candidate) this.early = [...this.early, candidate].slice(-EARLY_KEPT);
      return;
    }
    // One candidate that this browser does not understand is one way less, and no reason to give up.
    await this.connection.addIceCandidate(candidate ?? undefined).catch((cause: unknown) => console.warn(cause));
  }

  private onBye(why: string): void {
    // Meant for another page: this one's acceptance was heard.
    if (why === "elsewhere" && this.described) return;
    this.parts.line.cut();
    this.finish({ by: "there", why });
  }

  /** Says again what may have been lost with a link; an offer without an answer would block every later one. */
  private repeat(): void {
    const { connectionState } = this.connection;
    if (this.isAsking && !this.makingOffer) {
      // What is not said yet need not be said twice.
      this.hasRepeated ||= this.parts.line.isQuiet;
      if (this.parts.line.isQuiet) this.describe();
    } else if (connectionState === "disconnected" || connectionState === "failed") this.lookAnew();
  }

  private onState(): void {
    if (this.isOver) return;
    clearTimeout(this.silence);
    const { connectionState } = this.connection;
    if (connectionState === "connected") {
      clearTimeout(this.patience);
      this.patience = undefined;
      this.state.value = "connected";
      return;
    }
    if (this.state.peek() === "connected") this.state.value = "reconnecting";
    this.waitFor();
    if (connectionState === "failed") this.lookAnew();
    else if (connectionState === "disconnected") this.silence = setTimeout(this.lookAnew, SILENCE_MS);
  }

  /** Another round of finding ways between the two; what is sent goes on meanwhile where it still can. */
  private readonly lookAnew = (): void => {
    if (!this.isOver) this.connection.restartIce();
  };

  private waitFor(): void {
    this.patience ??= setTimeout(() => {
      this.parts.line.close("lost");
      this.finish({ by: "nobody", why: "lost" });
    }, PATIENCE_MS);
  }

  private inOrder(act: () => Promise<void>): void {
    this.order = this.order.then(() => (this.isOver ? undefined : act().catch((cause: unknown) => this.stumble(cause))));
  }

  private stumble(cause: unknown): void {
    if (this.isOver) return;
    console.warn(cause);
    if (!(cause instanceof OtherPage)) return this.hangUp("error");
    // The one who was there before is to know it, too.
    this.parts.line.tellAll();
    this.hangUp("certificate");
  }

  private finish(ending: Ending): void {
    this.state.value = "ended";
    clearTimeout(this.patience);
    clearTimeout(this.silence);
    clearTimeout(this.courtesy);
    this.stopRenewing();
    removeEventListener("online", this.lookAnew);
    this.connection.close();
    this.end(ending);
  }
}

function configuration({ policy }: PeerParts, iceServers: RTCIceServer[]): RTCConfiguration {
  return { iceServers, iceTransportPolicy: policy, bundlePolicy: "max-bundle" };
}
