// An event of Socket.IO carries what its sender put into it and where it stands, not who said it and when. That is
// in the log: this asks for it, for all that arrived within a frame at once.
import type { Envelope } from "../envelope";
import { type Target, ask, roomPath } from "../http";
import { type Offset, formatOffset } from "../offset";
import { paced } from "../pace";
import type { Wire } from "../wire";
import { readPage } from "./pages";

/** More is not in one answer (docs/http.md, `limit`). */
const MOST = 1_000;

/** Says who spoke at these offsets: one call of `tell` for each, in order. */
export class Senders {
  private unknown: readonly Offset[] = [];
  private readonly soon = paced(() => void this.look());

  constructor(
    private readonly target: Target,
    private readonly wire: Wire,
    private readonly tell: (envelope: Envelope) => void,
  ) {}

  ask(offset: Offset): void {
    this.unknown = [...this.unknown, offset].slice(-MOST);
    this.soon();
  }

  private async look(): Promise<void> {
    const asked = stretch(this.unknown);
    this.unknown = [];
    if (!asked) return;
    const response = await ask(this.wire, roomPath(this.target, "messages", asked)).catch(() => undefined);
    if (response?.ok) readPage(await response.json()).messages.forEach(this.tell);
  }
}

/** The query for all offsets of the newest epoch; of an older one nothing is kept any more. */
export function stretch(offsets: readonly Offset[]): { since: string; limit: number } | undefined {
  const last = offsets.at(-1);
  const first = offsets.find(({ epoch }) => epoch === last?.epoch);
  if (!first || !last) return undefined;
  const limit = Math.min(MOST, Number(last.seq - first.seq) + 1);
  return { since: formatOffset({ epoch: first.epoch, seq: first.seq - 1n }), limit };
}
