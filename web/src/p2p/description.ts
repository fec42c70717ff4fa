// Descriptions of sessions (RFC 8829), as far as one has to look into them.

/** What is filled in while candidates are found: they themselves, and the address and port of the best (RFC 8829 §5.2.1). */
const FOUND = /^(a=candidate:|a=end-of-candidates|a=rtcp:|c=)/;

/** Whether both are the same description, with however many of the candidates. */
export function isSame(a: RTCSessionDescriptionInit, b: RTCSessionDescriptionInit): boolean {
  return a.type === b.type && withoutFound(a) === withoutFound(b);
}

function withoutFound({ sdp = "" }: RTCSessionDescriptionInit): string {
  const lines = sdp.split(/\r?\n/).filter((line) => !FOUND.test(line));
  return lines.map((line) => line.replace(/^(m=\w+) \d+/, "$1")).join("\n");
}

/** Whether a candidate belongs to this description, which may be of another round (RFC 8839 §5.4). */
export function hasUfrag({ sdp }: RTCSessionDescriptionInit, ufrag: string): boolean {
  return sdp !== undefined && sdp.split(/\r?\n/).includes(`a=ice-ufrag:${ufrag}`);
}
