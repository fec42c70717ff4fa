// Where the pieces of a torrent are, behind the interface that WebTorrent wants of a store (npm abstract-chunk-store): in the very file
// that is shared, or as parts that the browser keeps outside the page's memory. So nothing is copied into storage that outlives the page.

type Got = (error: Error | null, bytes?: Uint8Array) => void;
type Done = (error: Error | null) => void;

/** Which bytes of a piece. */
interface Range {
  readonly offset?: number;
  readonly length?: number;
}

/** A store whose pieces are found by `piece`. */
abstract class Store {
  constructor(readonly chunkLength: number) {}

  protected abstract piece(index: number): Blob | undefined;

  get(index: number, range: Range | null | Got, got?: Got): void {
    if (typeof range === "function") return this.get(index, null, range);
    const tell = got ?? (() => {});
    const piece = this.piece(index);
    if (!piece) return queueMicrotask(() => tell(new Error("not here")));
    const from = range?.offset ?? 0;
    const end = range?.length === undefined ? piece.size : from + range.length;
    void piece.slice(from, end).arrayBuffer().then(
      (bytes) => tell(null, new Uint8Array(bytes)),
      (cause: unknown) => tell(new Error(String(cause))),
    );
  }

  put(_index: number, _bytes: Uint8Array, done: Done = () => {}): void {
    queueMicrotask(() => done(null));
  }

  close(done: Done = () => {}): void {
    queueMicrotask(() => done(null));
  }

  destroy(done: Done = () => {}): void {
    this.close(done);
  }
}

/** Pieces of a file that is there. */
export class FileStore extends Store {
  constructor(
    private readonly file: Blob,
    chunkLength: number,
  ) {
    super(chunkLength);
  }

  protected piece(index: number): Blob {
    return this.file.slice(index * this.chunkLength, (index + 1) * this.chunkLength);
  }
}

/** Pieces that arrive. */
export class PartStore extends Store {
  private parts: (Blob | undefined)[] = [];

  protected piece(index: number): Blob | undefined {
    return this.parts[index];
  }

  override put(index: number, bytes: Uint8Array, done: Done = () => {}): void {
    this.parts[index] = new Blob([bytes as BlobPart]);
    queueMicrotask(() => done(null));
  }

  /** These bytes of the whole, once all of it is there. Whatever it is called, it is nothing that a browser opens by itself. */
  file(offset: number, length: number): Blob {
    return new Blob(this.parts as Blob[]).slice(offset, offset + length, "application/octet-stream");
  }

  override destroy(done: Done = () => {}): void {
    this.parts = [];
    this.close(done);
  }
}

const SMALLEST = 16 * 1024;
const LARGEST = 4 * 1024 * 1024;
/** About so many pieces. */
const PIECES = 1024;

/** How long the pieces of a file of so many bytes are: a power of two. */
export function pieceLength(bytes: number): number {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, bytes / PIECES)));
  return Math.min(LARGEST, Math.max(SMALLEST, wanted));
}
