// One XMPP stream over WebSocket by strophe.js (RFC 7395): logging in, what travels, and how it ends.
import { type Builder, Strophe } from "strophe.js";
import type { Target } from "../../http";
import { Problem } from "../../problem";
import type { Bound } from "../../travel";
import type { Wire } from "../../wire";
import { whyRefused } from "../probe";
import { type Fault, loginProblem, streamProblem } from "./faults";
import { guessDomain } from "./names";
import { attribute, readFault, readFrame } from "./read";

type Connection = InstanceType<typeof Strophe.Connection>;
type Mechanism = new () => InstanceType<typeof Strophe.SASLMechanism>;

export interface Listener {
  /** Logged in at the server of this domain. */
  bound(bound: Bound, domain: string): void;
  stanza(stanza: Element): void;
  /** The stream is over, and not because it was closed here. */
  ended(problem: Problem): void;
}

/** The server's domain, once one has been heard from: the next stream is for it at once. */
let heardDomain: string | undefined;

const PATH = "/xmpp-websocket";

/** By which the client takes frames: the first ones, then all others. */
const TAKERS = ["_onInitialMessage", "_onMessage"] as const;

export class Stream {
  private connection: Connection | undefined;
  private domain = heardDomain ?? guessDomain(location.hostname);
  private over = false;
  /** Whether the server has said anything. */
  private answered = false;
  private fault: Fault | undefined;
  private mechanism = "";

  constructor(
    private readonly target: Target,
    private readonly wire: Wire,
    private readonly listener: Listener,
  ) {}

  open(): void {
    const url = `${location.origin.replace(/^http/, "ws")}${PATH}`;
    this.wire.add("out", `GET ${PATH}`, "Upgrade: websocket\nSec-WebSocket-Protocol: xmpp");
    const { mechanisms, user, secret } = wayIn(this.target);
    const connection = new Strophe.Connection(url, { mechanisms });
    this.connection = connection;
    connection.rawOutput = (frame) => this.onSent(frame);
    const jid = user === undefined ? this.domain : `${Strophe.escapeNode(user)}@${this.domain}`;
    this.overhear(connection);
    connection.connect(jid, secret, (status, condition, element) => {
      if (connection === this.connection) this.onStatus(status, condition ?? "", element ?? undefined);
    });
    connection.addHandler((stanza) => this.onStanza(stanza), null, null, null);
  }

  /** Sends, unless the stream is over. */
  send(stanza: Builder): void {
    if (!this.over) this.connection?.send(stanza);
  }

  /** Ends the stream in order (RFC 7395 §3.6). */
  close(): void {
    if (this.over) return;
    this.over = true;
    this.connection?.disconnect("");
  }

  /** Frames as they come, before the client takes them: it tells neither of all of them nor why a stream was ended. */
  private overhear(connection: Connection): void {
    const socket = connection._proto as unknown as Record<(typeof TAKERS)[number], (event: MessageEvent) => void>;
    for (const taker of TAKERS) {
      const take = socket[taker].bind(socket);
      socket[taker] = (event) => {
        this.onFrame(String(event.data));
        take(event);
      };
    }
  }

  private onSent(frame: string): void {
    const element = readFrame(frame);
    this.mechanism = (element?.localName === "auth" && element.getAttribute("mechanism")) || this.mechanism;
    this.wire.add("out", titleOf(element), frame);
  }

  private onFrame(frame: string): void {
    const element = readFrame(frame);
    this.answered = true;
    this.wire.add("in", titleOf(element), frame);
    if (element?.localName === "open") heardDomain = attribute(element, "from") || heardDomain;
    if (element?.localName === "error" && element.namespaceURI === Strophe.NS["STREAM"]) this.fault = readFault(element);
  }

  private onStanza(stanza: Element): boolean {
    if (!this.over) this.listener.stanza(stanza);
    return true;
  }

  private onStatus(status: number, condition: string, element: Element | undefined): void {
    if (this.over) return;
    const { CONNECTED, AUTHFAIL, CONNFAIL, ERROR, CONNTIMEOUT, DISCONNECTED } = Strophe.Status;
    if (status === CONNECTED) return this.onBound();
    if (status === AUTHFAIL) {
      this.connection?.disconnect("");
      return this.end(loginProblem(element ? readFault(element) : { condition, text: "" }));
    }
    if (status === CONNFAIL && condition === Strophe.ErrorCondition.NO_AUTH_MECH) return this.end(loginProblem({ condition, text: "" }));
    if (([CONNFAIL, ERROR, CONNTIMEOUT, DISCONNECTED] as number[]).includes(status)) this.onLost();
  }

  private onBound(): void {
    // The stream goes to the host that the page came from, and by TLS if the page did.
    const bound = { isSecure: location.protocol === "https:", mechanism: this.mechanism, address: this.connection?.jid ?? "" };
    this.wire.add("note", `Logged in by ${bound.mechanism}, ${bound.isSecure ? "with" : "without"} TLS, as ${bound.address}`);
    this.listener.bound(bound, this.domain);
  }

  private onLost(): void {
    // The page is told at which host it is, not for which domain the server speaks: the server's answer says that.
    const other = this.fault?.condition === "host-unknown" && heardDomain !== this.domain ? heardDomain : undefined;
    if (other !== undefined) return this.moveTo(other);
    if (this.fault) return this.end(streamProblem(this.fault));
    if (this.answered) return this.end(new Problem("The stream was lost", "It is opened again by itself."));
    this.over = true;
    void whyRefused(this.target, this.wire, noStream()).then((problem) => this.listener.ended(problem));
  }

  private moveTo(domain: string): void {
    this.wire.add("note", `The server is that of ${domain}`);
    this.connection = undefined;
    this.fault = undefined;
    this.domain = domain;
    this.open();
  }

  private end(problem: Problem): void {
    this.over = true;
    this.listener.ended(problem);
  }
}

/** Says at once how a guest wants to be called (RFC 4505 §2: the trace). */
function anonymous(name: string): Mechanism {
  return class extends Strophe.SASLAnonymous {
    constructor() {
      super("ANONYMOUS", true, 20);
    }

    override clientChallenge(): string {
      return String.fromCharCode(...new TextEncoder().encode(name));
    }
  };
}

interface WayIn {
  readonly mechanisms: Mechanism[];
  readonly user?: string;
  readonly secret: string;
}

/** Whoever signed in by a password proves that he knows it (RFC 5802); a token is shown (RFC 7628); a guest only says his name. */
function wayIn({ name, token, login }: Target): WayIn {
  // Browsers compute a proof only where the page came by TLS or from this machine.
  if (login && isSecureContext) {
    const mechanisms = [Strophe.SASLSHA512, Strophe.SASLSHA256, Strophe.SASLSHA1] as Mechanism[];
    return { mechanisms, user: login.user, secret: login.password };
  }
  if (token !== undefined) return { mechanisms: [Strophe.SASLOAuthBearer as Mechanism], secret: token };
  return { mechanisms: [anonymous(name)], secret: "" };
}

/** What a frame is called in the log. */
function titleOf(element: Element | undefined): string {
  if (!element) return "text frame";
  const kind = element.getAttribute("type") ?? element.getAttribute("mechanism");
  return kind ? `${element.localName}, ${kind}` : element.localName;
}

/** HTTP is answered, this is not. */
function noStream(): Problem {
  const detail = `Nothing answers at ${PATH}: xmpp.enabled may be false, http.origins may not list this page, or something on the way lets no WebSocket through.`;
  return new Problem("No XMPP here", detail, 404);
}

