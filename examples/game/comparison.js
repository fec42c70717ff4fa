// What has arrived on each of two ways that carry the same messages, and how late. Messages are numbered by their sender: {seq, t},
// `t` being the milliseconds of his own clock.

const WINDOW = 10_000; // milliseconds that plots and percentiles look back
const KEPT = 20 * 60; // messages of each way that are remembered: twenty seconds

/** `names` are those of the two ways. */
export class Comparison {
  constructor(names) {
    this.window = WINDOW;
    this.ways = Object.fromEntries(names.map((name) => [name, new Way()]));
    this.fastest = Infinity; // the least that the clocks and the line make of a message's way: all others are later than that one
  }

  /** A message has arrived on this way, at this time of our clock. */
  take(name, { seq, t }, now) {
    const others = Object.entries(this.ways).filter(([other]) => other !== name);
    const isOvertaken = others.some(([, way]) => way.newest > seq);
    this.fastest = Math.min(this.fastest, now - t);
    this.ways[name].take({ seq, at: now, took: now - t }, isOvertaken);
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

  missing() {
    const inOrder = this.arrived.toSorted((a, b) => a.seq - b.seq);
    const gaps = inOrder.slice(1).map(({ seq, at }, index) => ({ at, count: seq - inOrder[index].seq - 1 }));
    return gaps.flatMap(({ at, count }) => Array.from({ length: count }, (_, nth) => at - ((count - nth) * 1000) / 60));
  }
}
