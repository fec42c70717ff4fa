// Socket.IO by its own client: the room's namespace, events with acknowledgements, and a session that is restored after
// a cut (docs/socketio.md). The client outlives the cut: it knows what its session is restored by.
import { Manager, type Socket } from "socket.io-client";
import { type Ack, fields, readJoined, text } from "../envelope";
import type { Target } from "../http";
import { type Offset, isSame, parseOffset } from "../offset";
import type { Signal } from "../p2p/signals";
import { Problem, readProblem } from "../problem";
import type { Travel, Way } from "../travel";
import type { Wire } from "../wire";
import { readSaid } from "./arguments";
import { watchEngine } from "./engine";
import { dispatchOwn } from "./events";
import { Senders } from "./senders";
import { type Draft, type Link, type Sink, type Start, type Transport, startQuery } from "./transport";

/** How long an acknowledgement may take. */
const ACK_MS = 15_000;
/** The client's own attempts to reconnect: the first after about so long, later ones at most so far apart. */
const RETRY_MS = 500;
const RETRY_MOST_MS = 15_000;

/** An event that a client would take for its own comes under this name, its own in front (docs/socketio.md). */
const WRAPPED = "hubbub:event";

class RoomSocket implements Link {
  private readonly manager: Manager;
  private readonly socket: Socket;
  private readonly senders: Senders;
  private open = false;
  /** The last offset heard; what the client has its session restored from. */
  private position: Offset | undefined;
  /** What the server said before it put this client out. */
  private refusal: Problem | undefined;

  constructor(
    private readonly target: Target,
    ways: readonly Way[],
    private readonly start: Start,
    private sink: Sink,
    private readonly wire: Wire,
  ) {
    this.position = "since" in start ? start.since : undefined;
    this.senders = new Senders(target, wire, (envelope) => this.sink.introduced(envelope));
    this.manager = new Manager(location.origin, {
      transports: [...ways],
      autoConnect: false,
      reconnectionDelay: RETRY_MS,
      reconnectionDelayMax: RETRY_MOST_MS,
    });
    this.manager.on("reconnect_attempt", (n) => this.onAttempt(n));
    this.socket = this.manager.socket(`/${target.room}`, { auth: (give) => give(this.auth()) });
    this.socket.onAny((event: string, ...args: unknown[]) => this.open && this.onEvent(event, args));
    this.socket.on("connect", () => this.open && this.onConnect());
    this.socket.on("connect_error", (error) => this.open && this.onRefused(error));
    this.socket.on("disconnect", (reason) => this.open && this.onDown(reason));
  }

  connect(): void {
    this.open = true;
    // Socket.IO protocol 5, "Packet encoding": a comma ends the namespace.
    if (this.target.room.includes(",")) return queueMicrotask(() => this.open && this.end(unnameable()));
    this.wire.add("note", `Socket.IO connects to the namespace /${this.target.room}`);
    this.socket.connect();
    this.watch();
  }

  /** Goes on with the session that `close` left, and tells another sink. */
  resume(sink: Sink): void {
    this.sink = sink;
    this.connect();
  }

  /** Whether this client is the one to go on from there: it is the same person, who has heard nothing otherwise. */
  fits({ room, name, token }: Target, start: Start): boolean {
    const { target, position } = this;
    const samePerson = room === target.room && name === target.name && token === target.token;
    return samePerson && "since" in start && position !== undefined && isSame(start.since, position);
  }

  async publish(draft: Draft): Promise<Ack> {
    const answer = fields(await this.emitted(draft.text));
    if (answer["error"] !== undefined) throw readProblem(answer["error"]);
    return { id: text(answer["id"]), offset: text(answer["offset"]) };
  }

  async signal(to: string, signal: Signal): Promise<number> {
    // What is said while the client reconnects would be said then, perhaps to nobody: whoever says it knows better.
    if (!this.socket.connected) throw new Problem("The client is not connected", "It is said when it is.");
    const answer = fields(await this.socket.timeout(ACK_MS).emitWithAck("hubbub:signal", { to, signal }).catch(silent));
    if (answer["error"] !== undefined) throw readProblem(answer["error"]);
    return Number(answer["sessions"]) || 0;
  }

  /** Drops the connection without a word to the namespace, as a network would, and stays down. */
  close(): void {
    this.open = false;
    this.wire.add("note", "The connection is dropped");
    this.manager._close();
  }

  /** An event has no key by which a repetition is known: what became of it is not guessed. */
  private emitted(text: string): Promise<unknown> {
    return this.socket
      .timeout(ACK_MS)
      .emitWithAck("message", text)
      .catch(() => {
        throw new Problem("No acknowledgement came", "It may have been kept. If it does not appear, send it again.", 409);
      });
  }

  private auth(): object {
    const { name, token } = this.target;
    const start = this.position ? { since: this.position } : this.start;
    return { ...(token === undefined ? { name } : { token }), ...startQuery(start) };
  }

  private watch(): void {
    const { engine } = this.manager;
    const isCurrent = () => this.open && this.manager.engine === engine;
    watchEngine(engine, this.wire, (travel: Travel) => isCurrent() && this.sink.travels(travel));
  }

  /** The attempt's engine is there as soon as this is told. */
  private onAttempt(attempt: number): void {
    this.wire.add("note", `The client reconnects by itself, attempt ${attempt}`);
    queueMicrotask(() => this.watch());
  }

  private onConnect(): void {
    const { id, recovered } = this.socket;
    this.wire.add("note", `Socket ${id ?? ""}, recovered: ${recovered}`);
  }

  private onEvent(event: string, args: readonly unknown[]): void {
    const offset = parseOffset(text(args.at(-1)));
    if (event === "hubbub:joined") return offset ? this.onJoined(args[0]) : this.end(withoutOffsets());
    // What an application tells its clients is not in the room's log, and has no offset; nor has what the server says itself.
    if (!offset || event === "hubbub:left") return event.startsWith("hubbub:") ? this.onOwn(event, args[0]) : undefined;
    this.position = offset;
    const [name, said] = event === WRAPPED ? [text(args[0]), args.slice(1, -1)] : [event, args.slice(0, -1)];
    this.sink.message({ offset, time: 0, event: name, ...readSaid(said) });
    this.senders.ask(offset);
  }

  /** A new session may go on from where the former stopped as well: the log is the same. */
  private onJoined(data: unknown): void {
    const joined = readJoined(data);
    const goesOn = this.position !== undefined && joined.cursor !== undefined && isSame(joined.cursor, this.position);
    if (!goesOn) this.position = joined.cursor;
    const session = this.socket.recovered ? "recovered" : "new";
    this.sink.joined({ ...joined, recovered: joined.recovered || goesOn, session });
    this.sink.present(joined.presence);
  }

  private onOwn(event: string, data: unknown): void {
    this.refusal = dispatchOwn(event, data, this.sink) ?? this.refusal;
  }

  /** The server says no, or it cannot be reached: then the client tries again by itself. */
  private onRefused(error: Error & { data?: unknown }): void {
    this.wire.add("note", `connect_error: ${error.message}`);
    if (this.socket.active) this.sink.mending();
    else this.end(readProblem(error.data));
  }

  private onDown(reason: Socket.DisconnectReason): void {
    this.wire.add("note", `disconnect: ${reason}`);
    if (this.socket.active) this.sink.mending();
    else this.end(this.refusal ?? new Problem("The server put this client out of the room", "It is tried again by itself."));
  }

  private end(problem: Problem): void {
    this.close();
    this.sink.lost(problem);
  }
}

function unnameable(): Problem {
  return new Problem("Socket.IO cannot name this room", "A comma would end its name there: choose another transport.", 400);
}

function silent(): never {
  throw new Problem("No acknowledgement came", "It is said again.");
}

function withoutOffsets(): Problem {
  return new Problem("This server tells no offsets", "This page follows a room by them: set socketio.recovery to auto.", 400);
}

/** Socket.IO that travels in these ways, the first of them first. */
export function socketio(...ways: readonly Way[]): Transport {
  let kept: RoomSocket | undefined;
  return (target, start, sink, wire) => {
    if (kept?.fits(target, start)) kept.resume(sink);
    else (kept = new RoomSocket(target, ways, start, sink, wire)).connect();
    return kept;
  };
}
