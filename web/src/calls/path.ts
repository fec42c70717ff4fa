// The way a call takes, in words.
import type { CandidateType, End, Path } from "./stats";

const TYPES: Readonly<Record<CandidateType, string>> = { host: "host", srflx: "reflexive", prflx: "reflexive", relay: "relay" };

/** What ICE calls such an end, for whoever wants to know. */
export function endText({ type, relayProtocol }: End): string {
  return relayProtocol ? `relay by ${relayProtocol.toUpperCase()}` : TYPES[type];
}

/** `Direct, by UDP: host here, reflexive there`; what goes by a relay is not direct. */
export function pathText({ local, remote, protocol }: Path): string {
  const isRelayed = local.type === "relay" || remote.type === "relay";
  return `${isRelayed ? "By relay" : "Direct"}, ${protocol.toUpperCase()}: ${endText(local)} here, ${endText(remote)} there`;
}

/** `740 kbit/s`, `1.24 Mbit/s`. */
export function bitrate(bits: number): string {
  return bits < 999_500 ? `${Math.round(bits / 1000)} kbit/s` : `${(bits / 1e6).toFixed(bits < 9.95e6 ? 2 : 1)} Mbit/s`;
}

/** `0 %`, `0.4 %`, `12 %`. */
export function percent(share: number): string {
  const all = share * 100;
  return `${all === 0 || all >= 9.95 ? Math.round(all) : all.toFixed(1)} %`;
}
