// Stanzas as they come, read into plain records.
import type { Fault } from "./faults";
import type { Seen } from "./occupants";

const USER = "http://jabber.org/protocol/muc#user";
const SID = "urn:xmpp:sid:0";
const TEXTS = new Set(["urn:ietf:params:xml:ns:xmpp-streams", "urn:ietf:params:xml:ns:xmpp-stanzas", "urn:ietf:params:xml:ns:xmpp-sasl"]);

/** A frame of the WebSocket: one element each (RFC 7395 §3.3.3), or nothing that is one. */
export function readFrame(frame: string): Element | undefined {
  const root = new DOMParser().parseFromString(frame, "text/xml").documentElement;
  return root.localName === "parsererror" ? undefined : root;
}

/** Presence from somebody in a room. */
export function readSeen(presence: Element): Seen {
  const x = child(presence, "x", USER);
  const inside = x ? [...x.children] : [];
  return {
    from: attribute(presence, "from"),
    there: attribute(presence, "type") !== "unavailable",
    address: inside.find(({ localName }) => localName === "item")?.getAttribute("jid") ?? "",
    codes: inside.filter(({ localName }) => localName === "status").map((status) => attribute(status, "code")),
  };
}

/** The id that this room vouches for (XEP-0359 §5); none where another one does. */
export function stanzaId(message: Element, room: string): string {
  const own = [...message.children].find((c) => c.localName === "stanza-id" && c.namespaceURI === SID && c.getAttribute("by") === room);
  return own?.getAttribute("id") ?? "";
}

/** The error that a stanza carries. */
export function stanzaFault(stanza: Element): Fault {
  const error = [...stanza.children].find(({ localName }) => localName === "error");
  return error ? readFault(error) : { condition: "undefined-condition", text: "" };
}

/** A condition and its text, in an error of a stream, a stanza or a login. */
export function readFault(error: Element): Fault {
  const own = [...error.children].filter(({ namespaceURI }) => TEXTS.has(namespaceURI ?? ""));
  const condition = own.find(({ localName }) => localName !== "text")?.localName ?? "undefined-condition";
  return { condition, text: own.find(({ localName }) => localName === "text")?.textContent ?? "" };
}

/** An attribute, or `""`. */
export function attribute(element: Element, name: string): string {
  return element.getAttribute(name) ?? "";
}

function child(element: Element, name: string, namespace: string): Element | undefined {
  return [...element.children].find((c) => c.localName === name && c.namespaceURI === namespace);
}
