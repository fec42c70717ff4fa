// How a call goes: its way, and the last minute of round trips, loss and bitrates, each as a number and a small line.
import { bitrate, pathText, percent } from "../calls/path";
import { KEPT, type Meter } from "../calls/meter";
import type { Reading } from "../calls/stats";
import { milliseconds } from "../http";

interface Figure {
  readonly id: string;
  readonly title: string;
  readonly of: (reading: Reading) => number | undefined;
  readonly text: (value: number) => string;
  /** The line's top is at least this, so that noise does not look like a mountain. */
  readonly top: number;
}

const FIGURES: readonly Figure[] = [
  { id: "round-trip", title: "Round trip", of: (r) => r.roundTrip, text: milliseconds, top: 20 },
  { id: "loss", title: "Loss", of: (r) => Math.max(r.lossIn, r.lossOut ?? 0), text: percent, top: 0.05 },
  { id: "bitrate-in", title: "Comes", of: (r) => r.bitrateIn, text: bitrate, top: 100_000 },
  { id: "bitrate-out", title: "Goes", of: (r) => r.bitrateOut, text: bitrate, top: 100_000 },
];

export function CallFigures({ meter }: { readonly meter: Meter }) {
  const path = meter.path.value;
  return (
    <details class="figures" open={matchMedia("(min-width: 44rem) and (min-height: 50rem)").matches}>
      <summary
        class="figures-path"
        data-testid="path"
        data-local={path?.local.type}
        data-remote={path?.remote.type}
        data-protocol={path?.protocol}
        data-relay={path?.local.relayProtocol}
      >
        {path ? pathText(path) : "Looking at the way it takes…"}
      </summary>
      <dl class="figures-all">
        {FIGURES.map((figure) => (
          <Line key={figure.id} figure={figure} readings={meter.readings.value} />
        ))}
      </dl>
    </details>
  );
}

function Line({ figure, readings }: { readonly figure: Figure; readonly readings: readonly Reading[] }) {
  const values = readings.map(figure.of);
  const last = values.at(-1);
  return (
    <div class="figure" data-testid={figure.id} data-value={last}>
      <dt>{figure.title}</dt>
      <dd>{last === undefined ? "–" : figure.text(last)}</dd>
      <svg class="figure-line" viewBox={`0 0 ${KEPT - 1} 20`} preserveAspectRatio="none" aria-hidden="true">
        <path class="figure-ground" d={groundPath(values, figure.top)} />
        <path class="figure-edge" d={linePath(values, figure.top)} />
      </svg>
    </div>
  );
}

/** What is under the line. */
function groundPath(values: readonly (number | undefined)[], atLeast: number): string {
  const line = linePath(values.map((value) => value ?? 0), atLeast);
  return line === "" ? "" : `${line}L${KEPT - 1} 20L${KEPT - values.length} 20Z`;
}

/** A line from the right edge back in time, one unit for each reading; 20 high. Breaks where nothing was measured. */
export function linePath(values: readonly (number | undefined)[], atLeast: number): string {
  const top = Math.max(atLeast, ...values.map((value) => value ?? 0));
  const first = KEPT - values.length;
  return values.flatMap((value, n) => (value === undefined ? [] : [`${values[n - 1] === undefined ? "M" : "L"}${first + n} ${round(19 - (value / top) * 18)}`])).join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
