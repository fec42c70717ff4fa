// The wire log: what travels, newest last. Quiet for screen readers, which have the messages themselves.
import { useEffect, useRef, useState } from "preact/hooks";
import type { WireRow } from "../wire";
import { session, view } from "./console";

export function WireLog() {
  const live = session.wire.rows.value;
  const [frozen, setFrozen] = useState<readonly WireRow[] | undefined>(undefined);
  const rows = frozen ?? live;
  const box = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const el = box.current;
    if (el && !frozen) el.scrollTop = el.scrollHeight;
  }, [rows, frozen, view.value]);
  return (
    <section class="wire" aria-labelledby="wire-title">
      <div class="under-head">
        <h2 id="wire-title" class="under-title">
          On the wire
        </h2>
        <button type="button" class="under-button" aria-pressed={frozen !== undefined} onClick={() => setFrozen(frozen ? undefined : live)}>
          {frozen ? "Go on" : "Pause"}
        </button>
        <button type="button" class="under-button" onClick={() => session.wire.clear()}>
          Clear
        </button>
      </div>
      {rows.length === 0 && <p class="under-empty">Requests, frames and events appear here as they travel.</p>}
      <ol class="wire-rows" ref={box} data-testid="wire">
        {rows.map((row) => (
          <WireLine key={row.id} row={row} />
        ))}
      </ol>
    </section>
  );
}

const ARROWS = { out: "→", in: "←", note: "·" } as const;
const SAID = { out: "sent", in: "received", note: "note" } as const;

function WireLine({ row }: { readonly row: WireRow }) {
  const head = (
    <>
      <span class="arrow" aria-hidden="true">
        {ARROWS[row.dir]}
      </span>
      <span class="offscreen">{SAID[row.dir]}: </span>
      <span class="wire-title">{row.title}</span>
      {row.count > 1 && <span class="wire-count">×{row.count}</span>}
      <span class="wire-result">{row.state === "open" ? "waiting…" : row.result}</span>
    </>
  );
  return (
    <li class="wire-row" data-dir={row.dir} data-state={row.state}>
      {row.detail === "" ? (
        <p class="wire-head">{head}</p>
      ) : (
        <details>
          <summary class="wire-head">
            {head}
            <span class="wire-peek">{peek(row)}</span>
          </summary>
          <pre class="wire-detail">{row.detail}</pre>
        </details>
      )}
    </li>
  );
}

/** What every stanza begins with; of what comes, also to whom it goes. */
const NAMESPACE = / xmlns(?::\w+)?=(["'])[^"']*\1/g;
const TO_US = / (?:xmlns(?::\w+)?|to)=(["'])[^"']*\1/g;

/** A first look at frames and events, which say little by their title: long ids and times are cut short, namespaces left out. */
function peek(row: WireRow): string {
  if (row.result !== "" || row.state === "open") return "";
  return row.detail
    .slice(0, 600)
    .replace(/\s+/g, " ")
    .replace(/"(id|key)":"(\w{4})\w+"/g, '"$1":"$2…"')
    .replace(row.dir === "in" ? TO_US : NAMESPACE, "")
    .replace(/ (id|by)=(["'])([\w-]{4})[^"']{8,}\2/g, " $1=$2$3…$2")
    .replace(/"time":(\d{3})\d+/g, '"time":$1…');
}
