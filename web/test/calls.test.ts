import { describe, expect, test } from "vitest";
import { mediaProblem } from "../src/calls/media";
import { bitrate, pathText, percent } from "../src/calls/path";
import { type Stat, readBetween, readCounts, readPath } from "../src/calls/stats";
import { duration, endingText } from "../src/calls/words";
import { readPolicy } from "../src/link";
import { Problem } from "../src/problem";
import { linePath } from "../src/ui/callfigures";

const stat = (id: string, type: string, more: object): [string, Stat] => [id, { id, type, timestamp: 0, ...more }];

/** A report at this moment, of a pair between these two candidates. */
function report(timestamp: number, bytes: number, received: number, lost: number, candidates: readonly object[], selected: "transport" | "pair" = "transport") {
  const pair = { timestamp, localCandidateId: "l", remoteCandidateId: "r", bytesReceived: bytes, bytesSent: 2 * bytes, currentRoundTripTime: 0.025, selected: selected === "pair" };
  return new Map([
    stat("p0", "candidate-pair", { ...pair, localCandidateId: "other", selected: false }),
    stat("p", "candidate-pair", pair),
    stat("l", "local-candidate", candidates[0] ?? {}),
    stat("r", "remote-candidate", candidates[1] ?? {}),
    stat("i", "inbound-rtp", { packetsReceived: received, packetsLost: lost }),
    stat("o", "remote-inbound-rtp", { fractionLost: 0.125 }),
    ...(selected === "transport" ? [stat("t", "transport", { selectedCandidatePairId: "p" })] : []),
  ]);
}

const DIRECT = [{ candidateType: "host", protocol: "udp" }, { candidateType: "srflx", protocol: "udp" }];
const RELAYED = [{ candidateType: "relay", protocol: "udp", relayProtocol: "tls" }, { candidateType: "prflx", protocol: "udp" }];

describe("the way", () => {
  test("as the transport says, or the pair itself", () => {
    for (const selected of ["transport", "pair"] as const) {
      expect(readPath(report(0, 0, 0, 0, DIRECT, selected))).toEqual({ local: { type: "host" }, remote: { type: "srflx" }, protocol: "udp" });
    }
    expect(readPath(new Map())).toBeUndefined();
  });

  test("in words", () => {
    expect(pathText(readPath(report(0, 0, 0, 0, DIRECT))!)).toBe("Direct, UDP: host here, reflexive there");
    expect(pathText(readPath(report(0, 0, 0, 0, RELAYED))!)).toBe("By relay, UDP: relay by TLS here, reflexive there");
  });
});

describe("figures", () => {
  test("between two reports", () => {
    const [before, now] = [report(1_000, 1_000, 90, 0, DIRECT), report(2_000, 11_000, 165, 25, DIRECT)];
    expect(readBetween(now, readCounts(before), readCounts(now))).toEqual({ roundTrip: 25, lossIn: 0.25, lossOut: 0.125, bitrateIn: 80_000, bitrateOut: 160_000 });
  });

  test("counts of another path begin anew", () => {
    const [before, now] = [report(1_000, 11_000, 90, 9, DIRECT), report(2_000, 1_000, 0, 0, DIRECT)];
    expect(readBetween(now, readCounts(before), readCounts(now))).toMatchObject({ lossIn: 0, bitrateIn: 0, bitrateOut: 0 });
  });

  test("in words", () => {
    expect([0, 740_400, 999_600, 1_240_000, 25_000_000].map(bitrate)).toEqual(["0 kbit/s", "740 kbit/s", "1.00 Mbit/s", "1.24 Mbit/s", "25.0 Mbit/s"]);
    expect([0, 0.004, 0.125].map(percent)).toEqual(["0 %", "0.4 %", "13 %"]);
    expect([7_000, 754_000, 3_723_000].map(duration)).toEqual(["0:07", "12:34", "1:02:03"]);
  });

  test("as a line that ends at the right, and breaks where nothing was measured", () => {
    expect(linePath([], 1)).toBe("");
    expect(linePath([0, 1, 2], 1)).toBe("M57 19L58 10L59 1");
    expect(linePath([1, undefined, 1], 2)).toBe("M57 10M59 10");
  });
});

describe("words", () => {
  const course = { name: "Bo", wasConnected: false, isIncoming: false };

  test("why a call is over", () => {
    expect(endingText({ by: "there", why: "busy" }, course)).toBe("Bo is in another call.");
    expect(endingText({ by: "there", why: "hangup" }, { ...course, isIncoming: true })).toBe("Bo called, and hung up.");
    expect(endingText({ by: "there", why: "hangup" }, { ...course, wasConnected: true })).toBe("Bo hung up.");
    expect(endingText({ by: "nobody", why: "timeout" }, course)).toBe("Bo did not answer.");
    expect(endingText({ by: "nobody", why: "lost" }, course)).toMatch(/^No way to Bo was found\. .*TURN/);
    expect(endingText({ by: "nobody", why: "lost" }, { ...course, wasConnected: true })).toBe("The connection to Bo was lost. Call again.");
    expect(endingText({ by: "there", why: "their own words" }, course)).toBe("Bo ended the call (their own words).");
    expect(endingText({ by: "nobody", why: "refused", problem: new Problem("Gone", "…", 404) }, course)).toMatch(/^Bo is not here/);
    expect(endingText({ by: "nobody", why: "refused", problem: new Problem("No rights", "Sign in.", 403) }, course)).toBe("No rights. Sign in.");
  });

  test("why there is no camera", () => {
    expect(mediaProblem("camera", "NotAllowedError").message).toMatch(/Allow it in the browser/);
    expect(mediaProblem("screen", "NotAllowedError").title).toBe("No screen was chosen");
    expect(mediaProblem("camera", "NotFoundError").status).toBe(404);
    expect(mediaProblem("microphone", "AbortError").message).toMatch(/AbortError/);
  });
});

test("only ?ice=relay has calls go by relays only", () => {
  expect(["?ice=relay", "?ice=all", "", "?x=relay"].map(readPolicy)).toEqual(["relay", "all", "all", "all"]);
});
