import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { objection } from "../src/torrents/bounds";
import { readMagnet, writeMagnet } from "../src/torrents/magnet";
import { FileStore, PartStore, pieceLength } from "../src/torrents/stores";

const HASH = "76438d535e5e6984b4aa82283e8021363c225813";

describe("magnet links", () => {
  test("are read as they were written", () => {
    for (const magnet of [
      { infoHash: HASH, name: "tern & colony #1 + 😀.jpg", size: 3_000_000 },
      { infoHash: HASH, name: "", size: 0 },
      { infoHash: HASH, name: "no size" },
    ]) {
      const link = writeMagnet(magnet, "wss://chat.example/tracker");
      expect(link).not.toMatch(/\s/);
      expect(readMagnet(link)).toEqual(magnet);
      expect(new URLSearchParams(link.slice("magnet:?".length)).get("tr")).toBe("wss://chat.example/tracker");
    }
  });

  test("are found in what is said around them", () => {
    expect(readMagnet(`look: magnet:?xt=urn:btih:${HASH}&dn=x (nice)`)).toEqual({ infoHash: HASH, name: "x" });
    expect(readMagnet(`<magnet:?dn=x&xt=urn:sha1:no&xt=urn:btih:${HASH.toUpperCase()}>`)).toEqual({ infoHash: HASH, name: "x" });
  });

  test("may have their hash in base 32", () => {
    const bytes = Buffer.from(HASH, "hex");
    const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const letters = bits.match(/.{5}/g)!.map((five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five, 2)]).join("");
    expect(readMagnet(`magnet:?xt=urn:btih:${letters}`)).toEqual({ infoHash: HASH, name: "" });
  });

  test("are none without a hash of BitTorrent, or in the midst of a word", () => {
    const none = ["magnet:?dn=x", "magnet:?xt=urn:btih:abc", `magnet:?xt=urn:btih:${HASH}0`, `notmagnet:?xt=urn:btih:${HASH}`, "magnet:", HASH];
    for (const said of none) expect(readMagnet(said), said).toBeUndefined();
    expect(readMagnet(`magnet:?xt=urn:btih:${HASH}&xl=-1`)).toEqual({ infoHash: HASH, name: "" });
  });
});

describe("what a link leads to", () => {
  const described = (length: number, files = 1) => ({ length, files: Array.from({ length: files }) });

  test("is fetched if it is no larger than was said, or small", () => {
    for (const [torrent, told] of [[described(5), 5], [described(4), 5], [described(0), 0], [described(100_000_000), undefined], [described(5, 100), 5]] as const) {
      expect(objection(torrent, told)).toBeUndefined();
    }
  });

  test("is asked for once more if it is larger", () => {
    expect(objection(described(100e9), 12_000)).toEqual({ state: "larger", why: "It is 100 GB, and not 12 kB as the link says." });
    expect(objection(described(100e9), undefined)).toEqual({ state: "larger", why: "It is 100 GB, which the link does not say." });
    expect(objection(described(1), 0)?.state).toBe("larger");
  });

  test("is not fetched if it has more files than can be shown", () => {
    expect(objection(described(1, 100_000), 1)).toMatchObject({ state: "failed", why: expect.stringContaining("100000 files") });
  });
});

describe("stores", () => {
  const bytes = randomBytes(40_000);
  const LENGTH = 16_384;
  const get = (store: Pick<FileStore, "get">, index: number, range: { offset?: number; length?: number } | null = null) =>
    new Promise<Uint8Array>((resolve, reject) => store.get(index, range, (error, got) => (error ? reject(error) : resolve(got!))));
  const put = (store: PartStore, index: number, piece: Uint8Array) => new Promise((resolve) => store.put(index, piece, resolve));

  test("a file is its own store", async () => {
    const store = new FileStore(new Blob([bytes as BlobPart]), LENGTH);
    expect(Buffer.from(await get(store, 1))).toEqual(bytes.subarray(LENGTH, 2 * LENGTH));
    expect(Buffer.from(await get(store, 2))).toEqual(bytes.subarray(2 * LENGTH));
    expect(Buffer.from(await get(store, 0, { offset: 10, length: 5 }))).toEqual(bytes.subarray(10, 15));
    expect(Buffer.from(await get(store, 2, { offset: 7_000 }))).toEqual(bytes.subarray(2 * LENGTH + 7_000));
    const first = await new Promise((resolve) => store.get(0, (_, got) => resolve(got!.length)));
    expect(first).toBe(LENGTH);
  });

  test("pieces that arrive in any order make a file", async () => {
    const store = new PartStore(LENGTH);
    await expect(get(store, 1)).rejects.toThrow();
    for (const index of [2, 0, 1]) await put(store, index, bytes.subarray(index * LENGTH, (index + 1) * LENGTH));
    expect(Buffer.from(await get(store, 1, { offset: 100, length: 50 }))).toEqual(bytes.subarray(LENGTH + 100, LENGTH + 150));
    const file = store.file(0, bytes.length);
    expect(file.type).toBe("application/octet-stream");
    expect(sha256(await file.arrayBuffer())).toBe(sha256(bytes));
    expect(sha256(await store.file(5_000, 20_000).arrayBuffer())).toBe(sha256(bytes.subarray(5_000, 25_000)));
    await new Promise((resolve) => store.destroy(resolve));
    await expect(get(store, 1)).rejects.toThrow();
  });

  test("pieces are neither too many nor too long", () => {
    for (const size of [1, 1_000, 16e6, 17e6, 200e6, 5e9, 1e12]) {
      const length = pieceLength(size);
      expect(Math.log2(length) % 1).toBe(0);
      expect(length).toBeGreaterThanOrEqual(16 * 1024);
      expect(length).toBeLessThanOrEqual(4 * 1024 * 1024);
      if (size < 4e9) expect(size / length).toBeLessThanOrEqual(1024);
    }
  });
});

function sha256(data: ArrayBuffer | Uint8Array): string {
  return createHash("sha256").update(new Uint8Array(data)).digest("hex");
}
