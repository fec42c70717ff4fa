// What a connection says of itself (W3C "Identifiers for WebRTC's Statistics API"): the way it takes, and how well that goes.

/** A way in or out as ICE found it (RFC 8445 §5.1.1). */
export type CandidateType = "host" | "srflx" | "prflx" | "relay";

export interface End {
  readonly type: CandidateType;
  /** How the relay is reached (RFC 8656 §3.1): `udp`, `tcp` or `tls`. Only known of one's own. */
  readonly relayProtocol?: string;
}

/** Between which two ends everything goes. */
export interface Path {
  readonly local: End;
  readonly remote: End;
  readonly protocol: "udp" | "tcp";
}

/** What has been counted so far. */
export interface Counts {
  /** Milliseconds of the report's clock. */
  readonly at: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly packetsIn: number;
  readonly lostIn: number;
}

/** How it goes at one moment. */
export interface Reading {
  /** Round trip in milliseconds; `undefined` until the first is measured. */
  readonly roundTrip: number | undefined;
  /** Share of packets lost on the way here, 0..1. */
  readonly lossIn: number;
  /** The same on the way there, as the other one reports it (RFC 3550 §6.4.1); `undefined` before he has. */
  readonly lossOut: number | undefined;
  /** Bits a second. */
  readonly bitrateIn: number;
  readonly bitrateOut: number;
}

export type Stat = { readonly id: string; readonly type: string; readonly timestamp: number } & Readonly<Record<string, unknown>>;
type Report = ReadonlyMap<string, Stat>;

/** The pair of candidates in use: the transport says which, or (Firefox) the pair itself. */
export function selectedPair(report: Report): Stat | undefined {
  const transport = ofType(report, "transport").find((stat) => stat["selectedCandidatePairId"] !== undefined);
  const named = transport && report.get(String(transport["selectedCandidatePairId"]));
  return named ?? ofType(report, "candidate-pair").find((pair) => pair["selected"] === true || (pair["nominated"] === true && pair["state"] === "succeeded"));
}

/** The way in use; `undefined` while there is none. */
export function readPath(report: Report): Path | undefined {
  const pair = selectedPair(report);
  const local = pair && report.get(String(pair["localCandidateId"]));
  const remote = pair && report.get(String(pair["remoteCandidateId"]));
  if (!local || !remote) return undefined;
  return { local: readEnd(local), remote: readEnd(remote), protocol: local["protocol"] === "tcp" ? "tcp" : "udp" };
}

function readEnd(candidate: Stat): End {
  const type = candidate["candidateType"] as CandidateType;
  const relayProtocol = type === "relay" ? candidate["relayProtocol"] : undefined;
  return { type, ...(typeof relayProtocol === "string" && relayProtocol !== "" ? { relayProtocol } : {}) };
}

/** What is counted up to this report. */
export function readCounts(report: Report): Counts {
  const pair = selectedPair(report);
  const inbound = ofType(report, "inbound-rtp");
  return {
    at: pair?.timestamp ?? 0,
    bytesIn: number(pair, "bytesReceived"),
    bytesOut: number(pair, "bytesSent"),
    packetsIn: sum(inbound, "packetsReceived"),
    lostIn: sum(inbound, "packetsLost"),
  };
}

/** How it went between two reports. Counts of another path begin anew: what would be negative is nothing. */
export function readBetween(report: Report, before: Counts, now: Counts): Reading {
  const seconds = Math.max(now.at - before.at, 1) / 1000;
  const rate = (from: number, to: number) => (Math.max(0, to - from) * 8) / seconds;
  const lost = Math.max(0, now.lostIn - before.lostIn);
  const expected = lost + Math.max(0, now.packetsIn - before.packetsIn);
  const reported = ofType(report, "remote-inbound-rtp").flatMap((stat) => (typeof stat["fractionLost"] === "number" ? [stat["fractionLost"]] : []));
  return {
    roundTrip: milliseconds(selectedPair(report)?.["currentRoundTripTime"]) ?? milliseconds(ofType(report, "remote-inbound-rtp")[0]?.["roundTripTime"]),
    lossIn: expected === 0 ? 0 : lost / expected,
    lossOut: reported.length === 0 ? undefined : Math.max(...reported),
    bitrateIn: rate(before.bytesIn, now.bytesIn),
    bitrateOut: rate(before.bytesOut, now.bytesOut),
  };
}

function milliseconds(seconds: unknown): number | undefined {
  return typeof seconds === "number" ? seconds * 1000 : undefined;
}

function ofType(report: Report, type: string): readonly Stat[] {
  return [...report.values()].filter((stat) => stat.type === type);
}

function number(stat: Stat | undefined, name: string): number {
  return Number(stat?.[name] ?? 0) || 0;
}

function sum(stats: readonly Stat[], name: string): number {
  return stats.reduce((all, stat) => all + number(stat, name), 0);
}
