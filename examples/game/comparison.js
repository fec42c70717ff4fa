// What has arrived on each of two ways that carry the same messages, and how late. Messages are numbered by their sender: {seq, t},
// `t` being the milliseconds of his own clock.

const WINDOW = 10_000; // milliseconds that plots and percentiles look back
const KEPT = 20 * 60; // messages of each way that are remembered: twenty seconds
const MISSED = (WINDOW * 60) / 1000; // no more than so many can be missing within the window
const STRAYS = 60; // messages in a row that are far from all others, until they count: their sender was away for long

/** `names` are those of the two ways. */
export class Comparison {
  constructor(names) {
    this.window = WINDOW;
    this.names = names;
    this.#begin();
  }

  #begin() {
    this.ways = Object.fromEntries(this.names.map((name) => [name, new Way()]));
    this.fastest = Infinity; // the least that the clocks and the line make of a message's way: all others are later than that one
    this.strays = 0;
  }

  /** A message has arrived on this way, at this time of our clock. One whose number is far from the others' is left out. */
  take(name, { seq, t }, now) {
    if (this.#isFar(seq)) {
      this.strays += 1;
      if (this.strays < STRAYS) return;
      this.#begin();
    }
    this.strays = 0;
    const others = Object.entries(this.ways).filter(([other]) => other !== name);
    const isOvertaken = others.some(([, way]) => way.newest > seq);
    this.fastest = Math.min(this.fastest, now - t);
    this.ways[name].take({ seq, at: now, took: now - t }, isOvertaken);
  }

  #isFar(seq) {
    const newest = Math.max(...Object.values(this.ways).map((way) => way.newest));
    return Number.isFinite(newest) && Math.abs(seq - newest) > KEPT;
  }

  /** The messages of this way that arrived within the window, with how `late` they were. */
  arrived(name, now) {
    const recent = this.ways[name].arrived.filter(({ at }) => now - at <= WINDOW);
    return recent.map(({ at, took }) => ({ at, late: took - this.fastest }));
  }

  /** When the successors of those arrived that are missing on this way, within the window. */
  missed(name, now) {
    return this.ways[name].missing().filter((at) => now - at <= WINDOW);
  }

  numbers(name, now) {
    const way = this.ways[name];
    const recent = this.arrived(name, now);
    const late = recent.map(({ late }) => late).toSorted((a, b) => a - b);
    const at = (share) => late[Math.min(late.length - 1, Math.floor(late.length * share))];
    return {
      received: way.received,
      lost: way.received && way.newest - way.first + 1 - way.received,
      overtaken: way.overtaken,
      median: at(0.5),
      p95: at(0.95),
      p99: at(0.99),
      silence: Math.max(0, ...recent.slice(1).map((one, index) => one.at - recent[index].at)),
    };
  }
}

class Way {
  arrived = []; // in the order in which they came
  received = 0;
  overtaken = 0; // those of which a later one had come already, on the other way
  first = Infinity;
  newest = -Infinity;

  take(message, isOvertaken) {
    this.received += 1;
    this.overtaken += Number(isOvertaken);
    this.first = Math.min(this.first, message.seq);
    this.newest = Math.max(this.newest, message.seq);
    this.arrived.push(message);
    if (this.arrived.length > KEPT) this.arrived.shift();
  }

  /** The newest of them. */
  missing() {
    const inOrder = this.arrived.toSorted((a, b) => b.seq - a.seq);
    const missing = [];
    for (const [index, { seq, at }] of inOrder.entries()) {
      const count = seq - (inOrder[index + 1]?.seq ?? seq) - 1;
      for (let nth = 1; nth <= count && missing.length < MISSED; nth += 1) missing.push(at - (nth * 1000) / 60);
    }
    return missing;
  }
}
