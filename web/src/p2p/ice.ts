// The servers that help two pages to reach each other (docs/turn.md): asked for once, and again before their credentials end.
import { fields } from "../envelope";

/** What `GET /api/ice` said, and until when that holds in milliseconds since 1970; `Infinity` where it does not say. */
interface Known {
  readonly servers: RTCIceServer[];
  readonly until: number;
}

/** Asked for again so long before the end: about as long as it may take to be connected. */
const BEFORE_MS = 60_000;
/** Without an answer the next try is after so long. */
const RETRY_MS = 10_000;
/** The longest that a timer of a browser waits. */
const LONGEST_MS = 2 ** 31 - 1;

/** Asks the server; `undefined` if it cannot be reached. */
export type AskIce = () => Promise<Response | undefined>;

export class IceServers {
  private known: Promise<Known> | undefined;

  constructor(
    private readonly ask: AskIce,
    private readonly now: () => number = Date.now,
  ) {}

  /** What an `RTCPeerConnection` is to be told. Without an answer, and where the server has none, there are none: pages of one network find each other all the same. */
  async servers(): Promise<RTCIceServer[]> {
    const known = await (this.known ?? this.learn());
    return (known.until - BEFORE_MS > this.now() ? known : await this.learn()).servers;
  }

  /** Who asks is somebody else now. */
  forget(): void {
    this.known = undefined;
  }

  /** Calls `tell` with new servers whenever the credentials of those before are about to end; what is returned stops that. */
  renew(tell: (servers: RTCIceServer[]) => void): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let over = false;
    const next = async () => {
      const { until } = await (this.known ?? this.learn());
      const due = Math.min(Math.max(until - BEFORE_MS - this.now(), RETRY_MS), LONGEST_MS);
      if (!over) timer = setTimeout(() => void renewed(), due);
    };
    const renewed = async () => {
      const servers = await this.servers();
      if (!over) tell(servers);
      await next();
    };
    void next();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }

  private learn(): Promise<Known> {
    this.known = this.asked();
    return this.known;
  }

  private async asked(): Promise<Known> {
    const response = await this.ask();
    if (!response?.ok) return { servers: [], until: this.now() + BEFORE_MS + RETRY_MS };
    const raw = fields(await response.json().catch(() => undefined));
    const servers = Array.isArray(raw["iceServers"]) ? (raw["iceServers"] as RTCIceServer[]) : [];
    return { servers, until: Number(raw["expires"]) * 1_000 || Infinity };
  }
}
