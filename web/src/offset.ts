// Offsets: `EPOCH-SEQ`, the place of a message in its room (docs/http.md, "Offsets").

/** Where a message stands. Within an epoch `seq` counts 1, 2, 3, …; a new epoch is a new history. */
export interface Offset {
  readonly epoch: number;
  /** A 64-bit number on the server, so a bigint here: exact however long a room lives. */
  readonly seq: bigint;
}

const PATTERN = /^(\d{1,10})-(\d{1,20})$/;

/** Reads `1763800000-42`; `undefined` for anything else. */
export function parseOffset(text: string): Offset | undefined {
  const match = PATTERN.exec(text);
  if (!match) return undefined;
  return { epoch: Number(match[1]), seq: BigInt(match[2] ?? "") };
}

/** The wire form of an offset. */
export function formatOffset(offset: Offset): string {
  return `${offset.epoch}-${offset.seq}`;
}

/** Whether both are the same place. */
export function isSame(a: Offset, b: Offset): boolean {
  return a.epoch === b.epoch && a.seq === b.seq;
}

/** Whether `a` is covered by a cursor standing at `b`: same epoch and not after it. */
export function isCovered(a: Offset, b: Offset): boolean {
  return a.epoch === b.epoch && a.seq <= b.seq;
}
