// Polling: ask once a second whether there is anything new.
import { PageReader, loop, pause, watchPresence } from "./pages";
import { post } from "./publish";
import type { Transport } from "./transport";

const EVERY_MS = 1_000;

export const polling: Transport = (target, start, sink, wire) => {
  const abort = new AbortController();
  const { signal } = abort;
  const reader = new PageReader(target, start, sink, wire, signal);
  void loop(signal, sink, async () => {
    if ((await reader.turn()) !== "more") await pause(EVERY_MS, signal);
  });
  void watchPresence(target, sink, wire, signal);
  return {
    publish: (draft) => post(target, draft, wire),
    close: () => abort.abort(),
  };
};
