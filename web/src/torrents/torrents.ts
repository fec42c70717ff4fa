// What this page shares with everybody in a room by WebTorrent, and what it fetches from others.
import { type Signal, signal } from "@preact/signals";
import type { ClientTorrent } from "webtorrent/dist/webtorrent.min.js";
import { savedName } from "../files/names";
import type { IceServers } from "../p2p/ice";
import { objection } from "./bounds";
import { TRACKER, webtorrent } from "./client";
import { type Magnet, writeMagnet } from "./magnet";
import { FileStore, PartStore, pieceLength } from "./stores";

/**
 * `reading`: the pieces' hashes of an own file are being worked out. `seeding`: it is there for others. `finding`: nobody who
 * has it was found yet. `larger`: it is, than whoever wanted it was told. `fetching`: it arrives. `whole`: all is there, every piece is the one that was meant, and others can have it from here.
 */
export type ShareState = "reading" | "seeding" | "finding" | "larger" | "fetching" | "whole" | "failed";

/** A file of a torrent that is whole. */
export interface SharedFile {
  readonly name: string;
  readonly size: number;
  readonly url: string;
}

/** A torrent that this page is busy with. */
export interface Share {
  readonly key: string;
  /** Known once the pieces of an own file are read. */
  readonly infoHash?: string;
  readonly name: string;
  readonly size?: number;
  readonly state: ShareState;
  /** Bytes that are here; of an own file, that others have had. */
  readonly bytes: number;
  readonly peers: number;
  /** Bytes a second. */
  readonly down: number;
  readonly up: number;
  readonly files: readonly SharedFile[];
  /** What stands in the way, in words. */
  readonly why?: string;
}

/** How often figures are looked at, in milliseconds. */
const LOOK_MS = 400;
const NOTHING = { bytes: 0, peers: 0, down: 0, up: 0, files: [] } as const;

export class Torrents {
  readonly list: Signal<readonly Share[]> = signal([]);
  private readonly torrents = new Map<string, ClientTorrent>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private last = 0;

  constructor(
    private readonly ice: IceServers,
    /** The address of the tracker for this page: by its token, where it has one. */
    private readonly tracker: () => string,
  ) {}

  /** Shares a file; `say` is told the link once it can be had. */
  async seed(file: File, say: (magnet: string) => void): Promise<void> {
    const name = savedName(file.name);
    const key = this.begin({ name, size: file.size, state: "reading" });
    if (file.size === 0) return this.change(key, { state: "failed", why: "An empty file has no pieces that could be shared." });
    const length = pieceLength(file.size);
    const options = { name, announce: [this.tracker()], pieceLength: length, preloadedStore: new FileStore(file, length), storeCacheSlots: 4 };
    await this.run(key, (client) => client.seed(new File([file], name), options, (torrent) => this.seeded(key, torrent, say)));
  }

  /** Fetches what a link names, by this server's tracker only. */
  async fetch({ infoHash, name, size }: Magnet): Promise<void> {
    if (this.of(infoHash)) return;
    const key = this.begin({ infoHash, name: name || infoHash, state: "finding", ...(size === undefined ? {} : { size }) });
    let store: PartStore | undefined;
    // Called as a constructor, by WebTorrent.
    const keep = function (chunkLength: number) {
      store = new PartStore(chunkLength);
      return store;
    };
    await this.run(key, (client) => {
      const torrent = client.add(infoHash, { announce: [this.tracker()], store: keep, storeCacheSlots: 4 });
      torrent.on("metadata", () => this.described(key, torrent, size));
      torrent.on("done", () => this.fetched(key, torrent, store));
      return torrent;
    });
  }

  /** Neither fetches nor shares it any more; what was not saved is gone. */
  stop(key: string): void {
    this.torrents.get(key)?.destroy({ destroyStore: true });
    this.forget(key);
  }

  private drop(key: string): void {
    this.torrents.get(key)?.destroy();
    this.torrents.delete(key);
    if (this.torrents.size === 0) this.rest();
  }

  private forget(key: string): void {
    this.torrents.delete(key);
    const share = this.list.value.find((one) => one.key === key);
    for (const { url } of share?.files ?? []) URL.revokeObjectURL(url);
    this.list.value = this.list.value.filter((one) => one.key !== key);
    if (this.torrents.size === 0) this.rest();
  }

  /** What this page does with the torrent of this hash. */
  of(infoHash: string): Share | undefined {
    return this.list.value.find((share) => share.infoHash === infoHash);
  }

  private begin(share: Pick<Share, "name" | "state" | "size" | "infoHash">): string {
    const key = `t${++this.last}`;
    this.list.value = [...this.list.value, { key, ...NOTHING, ...share }];
    return key;
  }

  private async run(key: string, start: (client: Awaited<ReturnType<typeof webtorrent>>) => ClientTorrent): Promise<void> {
    try {
      const client = await webtorrent(this.ice);
      // It may have been stopped meanwhile.
      if (!this.list.value.some((share) => share.key === key)) return;
      const torrent = start(client);
      this.torrents.set(key, torrent);
      torrent.on("error", (error) => this.failed(key, error));
      torrent.on("warning", (error) => this.change(key, { why: wordsOf(error) }));
      torrent.on("wire", () => this.change(key, { why: undefined }));
      this.timer ??= setInterval(() => this.look(), LOOK_MS);
    } catch (cause) {
      this.failed(key, cause);
    }
  }

  private seeded(key: string, torrent: ClientTorrent, say: (magnet: string) => void): void {
    const { infoHash, name, length } = torrent;
    const before = this.of(infoHash);
    // The very same file is shared already: the link is only said once more.
    if (before && before.key !== key) this.forget(key);
    else this.change(key, { infoHash, name, size: length, state: "seeding" });
    say(writeMagnet({ infoHash, name, size: length }, TRACKER));
  }

  /** It is known what it is, before any of it has come. */
  private described(key: string, torrent: ClientTorrent, told: number | undefined): void {
    const { name, length } = torrent;
    const against = objection(torrent, told);
    if (against) this.drop(key);
    this.change(key, { name, size: length, state: "fetching", ...against });
  }

  private fetched(key: string, torrent: ClientTorrent, store: PartStore | undefined): void {
    if (!store) return;
    const files = torrent.files.map(({ name, length, offset }) => ({ name, size: length, url: URL.createObjectURL(store.file(offset, length)) }));
    this.change(key, { state: "whole", files, bytes: torrent.length });
  }

  private failed(key: string, cause: unknown): void {
    this.drop(key);
    this.change(key, { ...NOTHING, state: "failed", why: wordsOf(cause) });
  }

  private look(): void {
    this.list.value = this.list.value.map((share) => {
      const torrent = this.torrents.get(share.key);
      if (!torrent || share.state === "reading") return share;
      const { numPeers: peers, downloadSpeed: down, uploadSpeed: up, downloaded, uploaded } = torrent;
      return { ...share, peers, down, up, bytes: share.state === "seeding" ? uploaded : downloaded };
    });
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private change(key: string, change: { [Member in keyof Share]?: Share[Member] | undefined }): void {
    this.list.value = this.list.value.map((share) => (share.key === key ? ({ ...share, ...change } as Share) : share));
  }
}

/** Without what an address says after its path: a token is nobody's business. */
function wordsOf(cause: unknown): string {
  const words = cause instanceof Error ? cause.message : String(cause);
  return words.replace(/(wss?:\/\/[^\s?]+)\?\S*/g, "$1");
}
