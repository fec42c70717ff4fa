// Server-Sent Events: one answer that never ends. EventSource resumes by itself with Last-Event-ID;
// after a deliberate cut a new one begins with `since`.
import { roomPath } from "../http";
import { Problem } from "../problem";
import { dispatchMessage, dispatchOwn, parseJson } from "./events";
import { whyRefused } from "./probe";
import { post } from "./publish";
import { type Transport, startQuery } from "./transport";

const OWN_EVENTS = ["hubbub:joined", "hubbub:presence", "hubbub:error"];

export const sse: Transport = (target, start, sink, wire) => {
  const path = roomPath(target, "messages", { ...startQuery(start) });
  const source = new EventSource(path);
  let open = true;
  wire.add("out", `GET ${path}`, "Accept: text/event-stream");

  const close = () => {
    open = false;
    source.close();
  };
  const end = (problem: Problem) => {
    close();
    sink.lost(problem);
  };

  source.onmessage = (event) => {
    wire.add("in", `id: ${event.lastEventId}`, `data: ${event.data}`);
    dispatchMessage(parseJson(event.data), sink);
  };
  for (const name of OWN_EVENTS) {
    source.addEventListener(name, (event: MessageEvent) => {
      wire.add("in", `event: ${name}`, `data: ${event.data}`);
      const problem = dispatchOwn(name, parseJson(event.data), sink);
      if (problem) end(problem);
    });
  }
  source.onerror = () => {
    if (!open) return;
    if (source.readyState === EventSource.CONNECTING) {
      wire.add("note", "Stream lost; EventSource asks again with Last-Event-ID");
      sink.mending();
      return;
    }
    close();
    const fallback = new Problem("The stream was refused", "It is tried again by itself.");
    void whyRefused(target, wire, fallback).then((problem) => sink.lost(problem));
  };

  return {
    publish: (draft) => post(target, draft, wire),
    close: () => {
      wire.add("note", "EventSource.close()");
      close();
    },
  };
};
