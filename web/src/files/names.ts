// Names and figures about files, as they are shown.

/**
 * Turn the direction of what follows, so that `gpj.exe` can look like `exe.jpg` (Unicode Technical Report 36 §2.5), or are not to be seen,
 * so that what follows is pushed out of sight. What joins letters and chooses the look of the one before is part of names.
 */
const UNSEEN = /(?![\u200c\u200d\ufe00-\ufe0f])[\p{Cc}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/gu;
/** What joins nothing, or chooses the look of nothing: alone it would be a name without anything to see. */
const LEADING = /^[\s\u200c\u200d\ufe00-\ufe0f]+/u;
/** Devices on Windows, whatever comes after the dot, and with blanks before it (Microsoft, "Naming Files, Paths, and Namespaces"). */
const DEVICES = /^(con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])(?=\s*(?:\.|$))/i;
/** So long may a name be, in bytes; file systems take 255, and browsers put something of their own behind it meanwhile. */
const NAME_BYTES = 240;

/** A name to look at: of one line, in one direction, without gaps. */
export function shownName(name: string): string {
  return name.replace(UNSEEN, "").replace(/\p{Zs}+/gu, " ").replace(LEADING, "").trimEnd() || "unnamed";
}

/** A name to save a file by: nothing that leads elsewhere, is hidden, or is no name on some system. */
export function savedName(name: string): string {
  const last = shownName(name).split(/[/\\]/).at(-1) ?? "";
  const plain = last.replace(/[<>:"|?*]/g, "_").replace(/^[.\s\u200c\u200d\ufe00-\ufe0f]+|[.\s]+$/gu, "").replace(DEVICES, "_$1");
  return shortened(plain) || "file";
}

/** Without the end of what is before its extension, if it is too long. */
function shortened(name: string): string {
  const extension = /\.[^.]{1,15}$/u.exec(name)?.[0] ?? "";
  const stem = [...name.slice(0, name.length - extension.length)];
  const { length } = new TextEncoder().encode(name);
  let over = length - NAME_BYTES;
  while (over > 0 && stem.length > 0) over -= new TextEncoder().encode(stem.pop()).length;
  return stem.join("") + extension;
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
