// What is used of WebTorrent, which has no types of its own (webtorrent.io/docs).
declare module "webtorrent/dist/webtorrent.min.js" {
  export interface TorrentFile {
    readonly name: string;
    readonly length: number;
    readonly offset: number;
  }

  export interface ClientTorrent {
    readonly infoHash: string;
    readonly name: string;
    readonly length: number;
    readonly files: readonly TorrentFile[];
    readonly progress: number;
    readonly downloaded: number;
    readonly uploaded: number;
    readonly downloadSpeed: number;
    readonly uploadSpeed: number;
    readonly numPeers: number;
    on(event: "metadata" | "done" | "wire" | "close", listener: () => void): this;
    on(event: "error" | "warning", listener: (error: Error | string) => void): this;
    destroy(options?: { destroyStore?: boolean }): void;
  }

  export interface TorrentOptions {
    readonly announce?: readonly string[];
    readonly announceList?: readonly (readonly string[])[];
    readonly store?: unknown;
    readonly preloadedStore?: unknown;
    readonly pieceLength?: number;
    readonly storeCacheSlots?: number;
    readonly name?: string;
  }

  export default class WebTorrent {
    constructor(options: Record<string, unknown>);
    seed(file: Blob, options: TorrentOptions, onSeed: (torrent: ClientTorrent) => void): ClientTorrent;
    add(id: string, options: TorrentOptions): ClientTorrent;
    on(event: "error", listener: (error: Error | string) => void): this;
    destroy(): void;
  }
}
