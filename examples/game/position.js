// What a player says of where he is, as it comes out of what others have sent: in a room anybody may say anything.

const isTime = (value) => Number.isFinite(value) && Math.abs(value) <= 8.64e15; // milliseconds that a clock can show (ECMAScript, Time Range)

/** `{name, seq, t, x, y}`; nothing if it is no such thing. */
export function readPosition(text) {
  const { name, seq, t, x, y } = parsed(text) ?? {};
  const isOne = typeof name === "string" && Number.isSafeInteger(seq) && seq >= 0 && isTime(t) && Number.isFinite(x) && Number.isFinite(y);
  return isOne ? { name, seq, t, x, y } : undefined;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
