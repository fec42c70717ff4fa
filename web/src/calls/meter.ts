// Looks once a second how a connection does, and keeps the last minute.
import { signal } from "@preact/signals";
import { type Counts, type Path, type Reading, type Stat, readBetween, readCounts, readPath } from "./stats";

const EVERY_MS = 1_000;
/** Readings kept: a minute. */
export const KEPT = 60;

export class Meter {
  readonly path = signal<Path | undefined>(undefined);
  /** The newest last. */
  readonly readings = signal<readonly Reading[]>([]);
  private timer: ReturnType<typeof setInterval> | undefined;
  private before: Counts | undefined;

  watch(connection: RTCPeerConnection): void {
    this.stop();
    void this.look(connection);
    this.timer = setInterval(() => void this.look(connection), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async look(connection: RTCPeerConnection): Promise<void> {
    if (connection.connectionState === "closed") return this.stop();
    // Its values have no type of their own in TypeScript's library.
    const report = (await connection.getStats()) as unknown as ReadonlyMap<string, Stat>;
    this.path.value = readPath(report);
    const now = readCounts(report);
    const { before } = this;
    this.before = now;
    if (before && now.at > before.at) this.readings.value = [...this.readings.peek().slice(1 - KEPT), readBetween(report, before, now)];
  }
}
