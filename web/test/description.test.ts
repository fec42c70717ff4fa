import { expect, test } from "vitest";
import { fingerprints, hasUfrag, isSame, withRole } from "../src/p2p/description";

const sdp = (version: number, ...more: string[]) => ["v=0", `o=- 42 ${version} IN IP4 127.0.0.1`, "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=ice-ufrag:AbC+", ...more, ""].join("\r\n");
const offer = (text: string) => ({ type: "offer", sdp: text }) as const;

test("a description with its candidates is the same, another version of it is not", () => {
  const found = sdp(2, "a=candidate:1 1 udp 1 192.0.2.1 5 typ host", "a=end-of-candidates").replace("audio 9", "audio 5").replace("0.0.0.0", "192.0.2.1");
  expect(isSame(offer(sdp(2)), offer(found))).toBe(true);
  expect(isSame(offer(sdp(2)), offer(sdp(3)))).toBe(false);
  expect(isSame(offer(sdp(2)), offer(sdp(2, "a=recvonly")))).toBe(false);
  expect(isSame(offer(sdp(2)), { type: "answer", sdp: sdp(2) })).toBe(false);
});

test("a candidate's round is told by its name", () => {
  expect(hasUfrag(offer(sdp(1)), "AbC+")).toBe(true);
  expect(hasUfrag(offer(sdp(1)), "AbC")).toBe(false);
  expect(hasUfrag({ type: "offer" }, "AbC+")).toBe(false);
});

test("an offer says which end of DTLS one is, once that is agreed on", () => {
  const described = (type: RTCSdpType, role: string) => ({ type, sdp: sdp(1, `a=setup:${role}`) }) as RTCSessionDescription;
  const [asked, active, passive] = [described("offer", "actpass"), described("answer", "active"), described("answer", "passive")];
  const said = (ours: RTCSessionDescription | null, theirs: RTCSessionDescription | null) =>
    withRole(sdp(2, "a=setup:actpass", "m=video 9", "a=setup:actpass"), { currentLocalDescription: ours, currentRemoteDescription: theirs }).match(/(?<=^a=setup:)\w+/gm);
  expect(said(null, null)).toEqual(["actpass", "actpass"]);
  expect(said(active, asked)).toEqual(["active", "active"]);
  expect(said(passive, asked)).toEqual(["passive", "passive"]);
  expect(said(asked, active)).toEqual(["passive", "passive"]);
  expect(said(asked, passive)).toEqual(["active", "active"]);
});

test("certificates are known by their fingerprints, however these are spelt", () => {
  const [one, two] = ["a=fingerprint:sha-256 0A:1B", "a=fingerprint:sha-384 2C:3D"];
  expect(fingerprints(offer(sdp(1, one, two)))).toEqual([one, two].map((line) => line.toLowerCase()));
  expect(fingerprints(offer(sdp(1, "A = Fingerprint : SHA-256 0a:1b ")))).toEqual(["a = fingerprint : sha-256 0a:1b"]);
  expect(fingerprints(offer(sdp(1)))).toEqual([]);
});
