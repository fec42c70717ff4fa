// How late each message was, over time: a dot for each that came, and below the line a stroke for each that never did.
import { begin, colour } from "./drawing.js";

const SCALES = [25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000]; // milliseconds
const MARGIN = { left: 72, right: 8, top: 12, bottom: 52 };

export class Plot {
  constructor(canvas) {
    this.canvas = canvas;
  }

  /** Draws what `comparison` knows at this time. */
  draw(comparison, now) {
    const { context, width, height } = begin(this.canvas);
    const names = Object.keys(comparison.ways).toReversed(); // the first on top
    const dots = names.map((name) => comparison.arrived(name, now));
    const latest = dots.flat().reduce((most, { late }) => Math.max(most, late), 0);
    const scale = SCALES.find((scale) => scale >= latest) ?? latest;
    const ground = height - MARGIN.bottom;
    const x = (at) => width - MARGIN.right - ((now - at) / comparison.window) * (width - MARGIN.left - MARGIN.right);
    const y = (late) => ground - (late / scale) * (ground - MARGIN.top);
    this.#axes(context, { width, height, ground, scale, window: comparison.window, x, y });
    names.forEach((name, index) => {
      context.fillStyle = colour(name);
      const size = name === "channel" ? 3 : 5;
      for (const { at, late } of dots[index]) context.fillRect(x(at) - size / 2, y(late) - size / 2, size, size);
      for (const at of comparison.missed(name, now)) context.fillRect(x(at), ground + 14, 1.5, 8);
    });
  }

  #axes(context, { width, height, ground, scale, window, x, y }) {
    context.font = "12px system-ui, sans-serif";
    context.fillStyle = context.strokeStyle = colour("small");
    context.lineWidth = 1;
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const share of [0, 0.5, 1]) {
      context.fillText(`${scale * share} ms`, MARGIN.left - 6, y(scale * share));
      context.globalAlpha = share ? 0.25 : 1;
      context.beginPath();
      context.moveTo(MARGIN.left, y(scale * share));
      context.lineTo(width - MARGIN.right, y(scale * share));
      context.stroke();
      context.globalAlpha = 1;
    }
    context.fillText("lost", MARGIN.left - 6, ground + 18);
    context.textBaseline = "alphabetic";
    context.textAlign = "left";
    context.fillText(`${window / 1000} s ago`, MARGIN.left, height - 6);
    context.textAlign = "right";
    context.fillText("now", width - MARGIN.right, height - 6);
  }
}
