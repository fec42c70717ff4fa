// The header: what this is, which room is open, how the link is, and the button that cuts it.
import { useEffect, useState } from "preact/hooks";
import type { State } from "../session";
import { TRANSPORTS } from "../transports";
import type { TransportName } from "../transports/transport";
import { WAY_TITLES, type Way } from "../travel";
import { session } from "./console";
import { Mark } from "./mark";

export function Header() {
  const settings = session.settings.value;
  return (
    <header class="top">
      <h1 class="brand">
        <Mark />
        <span class="brand-name">Hubbub</span>
        {settings && <span class="brand-room">{settings.room}</span>}
      </h1>
      <Status />
      {settings && <LinkButton />}
      {settings && <Faults />}
    </header>
  );
}

function Status() {
  const state = session.state.value;
  const way = session.way.value;
  return (
    <p class="status" data-testid="status" data-state={state} data-way={way}>
      <span class="status-dot" aria-hidden="true" />
      <span role="status">{statusText(state)}</span>
      {state === "live" && <span class="status-way">{wayText(session.settings.value?.transport, way)}</span>}
      {state === "retrying" && <Countdown />}
    </p>
  );
}

function wayText(transport: TransportName | undefined, way: Way | undefined): string {
  if (!transport) return "";
  const { title, family } = TRANSPORTS[transport];
  return family && way ? `${family} by ${WAY_TITLES[way]}` : title;
}

function statusText(state: State): string {
  switch (state) {
    case "idle":
      return "Not connected";
    case "connecting":
      return "Connecting…";
    case "live":
      return "Live";
    case "cut":
      return "Connection cut";
    case "retrying":
      return "Lost, trying again";
  }
}

/** Seconds to the next attempt; kept out of the live region, which would read every one aloud. */
function Countdown() {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  const at = session.retryAt.value;
  if (at === undefined) return null;
  return (
    <span class="status-way" aria-hidden="true">
      in {Math.max(0, Math.ceil((at - now) / 1000))} s
    </span>
  );
}

/** One button in one place: whoever cuts by keyboard reconnects with the same key. */
function LinkButton() {
  const state = session.state.value;
  const up = state === "live" || state === "connecting";
  return (
    <button
      type="button"
      class={up ? "button cut" : "button primary"}
      data-testid={up ? "cut" : "reconnect"}
      onClick={() => (up ? session.cut() : session.reconnect())}
    >
      {up ? (
        <>
          Cut<span class="wide"> the connection</span>
        </>
      ) : state === "retrying" ? (
        "Try now"
      ) : (
        "Reconnect"
      )}
    </button>
  );
}

function Faults() {
  const { gaps, duplicates } = session.faults.value;
  const clean = gaps + duplicates === 0;
  return (
    <p
      class="faults"
      data-testid="faults"
      data-gaps={gaps}
      data-duplicates={duplicates}
      data-clean={clean}
      title="Every offset is checked: each must follow the one before, once."
    >
      <span class="faults-part">{plural(gaps, "gap")}</span>
      <span class="faults-part">{plural(duplicates, "duplicate")}</span>
    </p>
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
