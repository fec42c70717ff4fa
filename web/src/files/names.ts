// Names and figures about files, as they are shown.

/** Turn the direction of what follows, so that `gpj.exe` can look like `exe.jpg` (Unicode Technical Report 36 §2.5), or are not to be seen. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** A name to look at: of one line, in one direction. */
export function shownName(name: string): string {
  return name.replace(UNSEEN, "").trim() || "unnamed";
}

/** A name to save a file by: nothing that leads elsewhere, is hidden, or is no name on some system. */
export function savedName(name: string): string {
  const last = shownName(name).split(/[/\\]/).at(-1) ?? "";
  return last.replace(/[<>:"|?*]/g, "_").replace(/^[.\s]+|[.\s]+$/g, "") || "file";
}

const UNITS = ["kB", "MB", "GB", "TB"];

/** `512 bytes`, `1.5 kB`, `200 MB`: powers of a thousand, three figures. */
export function size(bytes: number): string {
  if (bytes < 1000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  let [value, unit] = [bytes / 1000, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value < 99.95 ? Number(value.toFixed(1)) : Math.round(value)} ${UNITS[unit]}`;
}

/** `8 s`, `2 min 5 s`, `1 h 12 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(Math.floor(whole / 60), "min", whole % 60, "s");
  return pair(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
