// A colour for each sender, the same on every page.

const HUES = 6;

/** One of six colours, by name (FNV-1a). */
export function hue(user: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < user.length; i++) hash = Math.imul(hash ^ user.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % HUES;
}
