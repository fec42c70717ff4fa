// XMPP over WebSocket (RFC 7395). Its client is fetched when it is first chosen: nobody else pays for it.
import { Problem } from "../problem";
import type { Draft, Link, Transport } from "./transport";

const UNFETCHED = new Problem("The client of XMPP could not be fetched", "It is tried again by itself.");

export const xmpp: Transport = (target, start, sink, wire) => {
  let link: Link | undefined;
  let closed = false;
  void import("./xmpp/link").then(
    ({ RoomLink }) => {
      if (!closed) link = new RoomLink(target, start, sink, wire);
    },
    () => sink.lost(UNFETCHED),
  );
  return {
    publish: (draft: Draft) => link?.publish(draft) ?? Promise.reject(UNFETCHED),
    signal: (to, signal) => link?.signal?.(to, signal) ?? Promise.reject(UNFETCHED),
    close: () => {
      closed = true;
      link?.close();
    },
  };
};
