// What has arrived of a file. Pieces become parts of some size, which browsers keep outside the page's memory, on disk if need be.

/** Collected before it becomes a part, in bytes. */
const PART = 8 * 1024 * 1024;
/** Pieces collected at most: a sender may make them as small as he likes, and each costs more than its bytes. */
const PIECES = 1024;

export class Parts {
  private parts: Blob[] = [];
  private pieces: ArrayBuffer[] = [];
  private size = 0;

  add(piece: ArrayBuffer): void {
    this.pieces.push(piece);
    this.size += piece.byteLength;
    if (this.size >= PART || this.pieces.length >= PIECES) this.close();
  }

  /** All of it. Whatever the sender calls it, it is nothing that a browser opens by itself. */
  get file(): Blob {
    this.close();
    return new Blob(this.parts, { type: "application/octet-stream" });
  }

  clear(): void {
    this.parts = [];
    this.pieces = [];
    this.size = 0;
  }

  private close(): void {
    if (this.size > 0) this.parts.push(new Blob(this.pieces));
    this.pieces = [];
    this.size = 0;
  }
}
