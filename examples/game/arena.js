// The field with the players in it: oneself, and the other as each way has told it last.
import { begin, colour } from "./drawing.js";

const TRAIL = 12; // positions that stay to be seen, fading

export class Arena {
  #trails = { socket: [], channel: [] }; // the last is drawn on top
  own = { x: 0.5, y: 0.5 };

  /** Nobody steers at first: each player begins elsewhere. */
  constructor(canvas) {
    this.phase = 10_000 * Math.random();
    this.canvas = canvas;
    canvas.onpointermove = ({ offsetX, offsetY }) => {
      this.isSteered = true;
      this.own = { x: offsetX / canvas.clientWidth, y: offsetY / canvas.clientHeight };
    };
  }

  /** Where oneself is; nobody has touched anything yet: round and round. */
  position(now) {
    const turn = now + this.phase;
    if (!this.isSteered) this.own = { x: 0.5 + 0.4 * Math.sin(turn / 700), y: 0.5 + 0.35 * Math.sin(turn / 450) };
    return this.own;
  }

  /** The other is there, as this way tells it. */
  see(way, { x, y }) {
    this.#trails[way].push({ x, y });
    if (this.#trails[way].length > TRAIL) this.#trails[way].shift();
  }

  draw() {
    const { context, width, height } = begin(this.canvas);
    const at = ({ x, y }) => [x * width, y * height];
    for (const [way, trail] of Object.entries(this.#trails)) {
      context.fillStyle = colour(way);
      trail.forEach((place, index) => {
        const isNow = index === trail.length - 1;
        context.globalAlpha = isNow ? 1 : 0.3 * (index / trail.length);
        this.#mark(way, at(place), isNow ? 9 : 5);
      });
    }
    context.globalAlpha = 1;
    context.strokeStyle = colour("self");
    context.lineWidth = 2;
    context.beginPath();
    context.arc(...at(this.own), 8, 0, 2 * Math.PI);
    context.stroke();
  }

  #mark(way, [x, y], size) {
    const context = this.canvas.getContext("2d");
    context.beginPath();
    if (way === "channel") context.arc(x, y, size, 0, 2 * Math.PI);
    else context.rect(x - size, y - size, 2 * size, 2 * size);
    context.fill();
  }
}
