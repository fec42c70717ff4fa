// Magnet links (BEP 9) as they are said in a room, so that any client of WebTorrent can fetch what they name.

export interface Magnet {
  /** The SHA-1 of the torrent's description, as 40 hexadecimal digits. */
  readonly infoHash: string;
  readonly name: string;
  /** In bytes, where the link says it. */
  readonly size?: number;
}

/** A link for others: what it is called, how large it is, and by which tracker its peers are found. */
export function writeMagnet({ infoHash, name, size }: Magnet, tracker: string): string {
  const parts = [`xt=urn:btih:${infoHash}`, `dn=${encodeURIComponent(name)}`];
  if (size !== undefined) parts.push(`xl=${size}`);
  return `magnet:?${parts.join("&")}&tr=${encodeURIComponent(tracker)}`;
}

/**
 * The first magnet link in what somebody has said. Only what it names is read: neither trackers nor other servers that it
 * mentions are ever asked, or a link could send everybody's browser anywhere.
 */
export function readMagnet(said: string): Magnet | undefined {
  const found = /(?:^|[\s<(])magnet:\?([^\s<>"]+)/.exec(said)?.[1];
  if (found === undefined) return undefined;
  const params = new URLSearchParams(found);
  const infoHash = params.getAll("xt").map(readTopic).find((hash) => hash !== undefined);
  if (infoHash === undefined) return undefined;
  const size = Number(params.get("xl") ?? NaN);
  return { infoHash, name: params.get("dn") ?? "", ...(Number.isSafeInteger(size) && size >= 0 ? { size } : {}) };
}

/** The hash of a topic of BitTorrent, in hexadecimal or in base 32. */
function readTopic(topic: string): string | undefined {
  const hash = /^urn:btih:([0-9a-z]+)$/i.exec(topic)?.[1]?.toLowerCase() ?? "";
  if (/^[0-9a-f]{40}$/.test(hash)) return hash;
  return /^[a-z2-7]{32}$/.test(hash) ? base32(hash) : undefined;
}

/** 32 letters of five bits each, as hexadecimal digits (RFC 4648 §6). */
function base32(letters: string): string {
  const bits = [...letters].map((letter) => "abcdefghijklmnopqrstuvwxyz234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  return (bits.match(/.{4}/g) ?? []).map((four) => Number.parseInt(four, 2).toString(16)).join("");
}
