// Long polling: ask, and let the server hold the request until there is something to say.
import { PageReader, loop, watchPresence } from "./pages";
import { post } from "./publish";
import type { Transport } from "./transport";

const WAIT_S = 20;

export const longpoll: Transport = (target, start, sink, wire) => {
  const abort = new AbortController();
  const { signal } = abort;
  const reader = new PageReader(target, start, sink, wire, signal);
  void loop(signal, sink, async () => {
    await reader.turn(WAIT_S);
  });
  void watchPresence(target, sink, wire, signal);
  return {
    publish: (draft) => post(target, draft, wire),
    close: () => abort.abort(),
  };
};
