// Signals in a room of XMPP: JSON in private messages (XEP-0432, docs/signals.md). Only refusals are answered; that there was none is known
// when a question that the room answers after it has its answer.
import { $iq, $msg, type Builder } from "strophe.js";
import { Problem } from "../../problem";
import type { Incoming, Signal } from "../../p2p/signals";
import { parseJson, readIncoming } from "../events";

const PAYLOAD = "urn:xmpp:json-msg:0";
const JSON_TEXT = "urn:xmpp:json:0";
const DATATYPE = "urn:hubbub:signal";
const ITEMS = "http://jabber.org/protocol/disco#items";

interface Said {
  resolve(sessions: number): void;
  reject(problem: Problem): void;
}

export class Signals {
  private readonly said = new Map<string, Said>();
  private last = 0;

  constructor(private readonly send: (stanza: Builder) => void) {}

  /** Says it in this room, of which one is the occupant `own`. How many are told the room does not say: one, at least. */
  say(own: string, room: string, to: string, signal: Signal): Promise<number> {
    const id = `signal-${++this.last}`;
    return new Promise((resolve, reject) => {
      this.said.set(id, { resolve, reject });
      const payload = $msg({ to: own, type: "chat", id }).c("payload", { xmlns: PAYLOAD, datatype: DATATYPE });
      this.send(payload.c("json", { xmlns: JSON_TEXT }).t(JSON.stringify({ to, signal })));
      this.send($iq({ to: room, type: "get", id }).c("query", { xmlns: ITEMS }));
    });
  }

  /** The room has answered the question behind this signal. */
  answered(id: string): void {
    this.take(id)?.resolve(1);
  }

  /** The room refuses this signal. */
  refuse(id: string, problem: Problem): void {
    this.take(id)?.reject(problem);
  }

  /** The stream is over: what became of the last ones is not known. */
  giveUp(): void {
    for (const id of [...this.said.keys()]) this.refuse(id, new Problem("The stream was lost", "It is said again."));
  }

  private take(id: string): Said | undefined {
    const said = this.said.get(id);
    this.said.delete(id);
    return said;
  }
}

/** The signal that a message carries. Only the room writes this very element: what looks nearly like it is somebody's words. */
export function readSignalled(message: Element): Incoming | undefined {
  const payload = child(message, "payload", PAYLOAD, (found) => found.getAttribute("datatype") === DATATYPE);
  const json = payload && child(payload, "json", JSON_TEXT);
  return json ? readIncoming(parseJson(json.textContent)) : undefined;
}

const child = (parent: Element, name: string, namespace: string, suits: (found: Element) => boolean = () => true): Element | undefined =>
  [...parent.children].find((found) => found.localName === name && found.namespaceURI === namespace && suits(found));
