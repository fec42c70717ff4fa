// The part of the page's address after `#`: room, name and transport, so that a link opens the same room.
import { isTransportName } from "./transports";
import type { TransportName } from "./transports/transport";

export interface Place {
  readonly room: string;
  readonly name: string;
  readonly transport: TransportName;
}

/** Reads `#room=lobby&name=Ann&transport=sse`; what is missing or unknown is left out. */
export function readHash(hash: string): Partial<Place> {
  const params = new URLSearchParams(hash.replace(/^#/, ""));
  const transport = params.get("transport") ?? "";
  return {
    ...(params.get("room") ? { room: params.get("room")! } : {}),
    ...(params.get("name") ? { name: params.get("name")! } : {}),
    ...(isTransportName(transport) ? { transport } : {}),
  };
}

/** Writes what `readHash` reads; without a name it is a link for somebody else. */
export function writeHash(place: Omit<Place, "name"> & { readonly name?: string }): string {
  const params = new URLSearchParams({ room: place.room });
  if (place.name) params.set("name", place.name);
  params.set("transport", place.transport);
  return `#${params}`;
}

/** `?ice=relay` in the page's address: calls go by TURN only, to try whether that works. */
export function readPolicy(search: string): RTCIceTransportPolicy {
  return new URLSearchParams(search).get("ice") === "relay" ? "relay" : "all";
}

const BIRDS = ["Wren", "Heron", "Finch", "Plover", "Avocet", "Dunlin", "Siskin", "Lapwing", "Curlew", "Swift", "Teal", "Kestrel"];

/** A name for a guest who has not thought of one; `random` in 0..1. */
export function guestName(random: number): string {
  const n = Math.floor(random * BIRDS.length * 90);
  return `${BIRDS[n % BIRDS.length]}${10 + Math.floor(n / BIRDS.length)}`;
}
