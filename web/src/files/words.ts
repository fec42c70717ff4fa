// What is said of a transfer.
import { duration, shownName, size } from "./names";
import type { Transfer } from "./transfers";

/** Its state, with the figures that matter in it. */
export function figures({ way, name, offer, progress, rate }: Transfer): string {
  const { state, bytes, resumedFrom, why } = progress;
  switch (state) {
    case "offered":
      return way === "in" ? `${name} wants to send you this.` : `Waiting for ${name} to accept it.`;
    case "moving":
      return moving(offer.size, bytes, rate, resumedFrom);
    case "cut":
      return bytes === 0 && resumedFrom === 0 ? `Waiting for ${name}.` : `Cut at ${size(bytes)}. It goes on from there once ${name} is back.`;
    case "checking":
      return `All sent. ${name}’s page is checking it.`;
    case "whole":
      return `Arrived whole${resumedFrom > 0 ? `, after a cut at ${size(resumedFrom)}` : ""}.`;
    case "declined":
      return way === "in" ? "You declined it." : `${name} declined it.`;
    case "cancelled":
      return why ?? "Cancelled.";
    case "differs":
    case "failed":
      return why ?? "It failed.";
  }
}

/** `45 %, 90 of 200 MB, 12 MB a second, 9 s left`. */
function moving(whole: number, bytes: number, rate: number, resumedFrom: number): string {
  const percent = whole === 0 ? 100 : Math.floor((bytes / whole) * 100);
  const parts = [`${percent} %`, `${size(bytes)} of ${size(whole)}`];
  if (rate > 0) parts.push(`${size(Math.round(rate))}/s`, `${duration((whole - bytes) / rate)} left`);
  else if (bytes > resumedFrom) parts.push("at a stand: another way is looked for");
  if (resumedFrom > 0) parts.push(`resumed at ${size(resumedFrom)}`);
  return parts.join(" · ");
}

/** What is worth saying aloud; nothing of what changes all the time. */
export function said(transfer: Transfer): string {
  const { state } = transfer.progress;
  if (state === "moving" || state === "checking") return "";
  if (state === "offered" && transfer.way === "out") return "";
  return `${shownName(transfer.offer.name)}: ${figures(transfer)}`;
}
