// Sixty times a second, also in a window that nobody looks at: browsers slow the timers of pages down, not those of workers.

const WORKER = `
  let next = performance.now();
  const tick = () => {
    postMessage(0);
    next = Math.max(next + 1000 / 60, performance.now() - 100);
    setTimeout(tick, next - performance.now());
  };
  tick();
`;

/** Calls `tick` from now on. */
export function sixtyTimesASecond(tick) {
  const worker = new Worker(URL.createObjectURL(new Blob([WORKER], { type: "text/javascript" })));
  worker.onmessage = tick;
  return worker;
}
