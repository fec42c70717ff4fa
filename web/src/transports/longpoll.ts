// Long polling: ask, and let the server hold the request until there is something to say.
import { PageReader, loop, pause, watchPresence } from "./pages";
import { post } from "./publish";
import type { Transport } from "./transport";

const WAIT_S = 20;
const BRISK_MS = 250;

export const longpoll: Transport = (target, start, sink, wire) => {
  const abort = new AbortController();
  const { signal } = abort;
  const reader = new PageReader(target, start, sink, wire, signal);
  void loop(signal, sink, async () => {
    const asked = performance.now();
    const turn = await reader.turn(WAIT_S);
    // Something on the way may cut the wait short; that must not become a race of requests.
    if (turn === "nothing" && performance.now() - asked < BRISK_MS) await pause(BRISK_MS, signal);
  });
  void watchPresence(target, sink, wire, signal);
  return {
    publish: (draft) => post(target, draft, wire),
    close: () => abort.abort(),
  };
};
