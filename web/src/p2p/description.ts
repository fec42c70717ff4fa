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

/**
 * By which certificates whoever describes himself so is known (RFC 8122 §5): the lines that say it, in one spelling. Every line that speaks of
 * fingerprints counts, so that none is passed over which some browser reads less strictly.
 */
export function fingerprints({ sdp = "" }: RTCSessionDescriptionInit): readonly string[] {
  const lines = sdp.toLowerCase().split(/[\r\n]+/);
  return lines.filter((line) => line.includes("fingerprint")).map((line) => line.trim());
}

/**
 * An offer that says which end of DTLS this page is, once that is agreed on, and does not leave it open (RFC 8842 §5.5): Firefox would take
 * the other role when it answers an ICE restart, which Chromium does not let pass.
 */
export function withRole(sdp: string, { currentLocalDescription: ours, currentRemoteDescription: theirs }: Agreed): string {
  const answer = [ours, theirs].find((description) => description?.type === "answer");
  const answered = answer && /^a=setup:(active|passive)/m.exec(answer.sdp)?.[1];
  if (!answered) return sdp;
  const role = (answer === ours) === (answered === "active") ? "active" : "passive";
  return sdp.replaceAll("a=setup:actpass", `a=setup:${role}`);
}

/** What a connection has agreed on. */
export type Agreed = Pick<RTCPeerConnection, "currentLocalDescription" | "currentRemoteDescription">;
