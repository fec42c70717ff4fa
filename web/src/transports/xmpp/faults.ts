// Errors of XMPP in words: of a stanza (RFC 6120 §8.3.3), of the stream (§4.9.3) and of logging in (§6.5).
import { Problem } from "../../problem";

/** A defined condition, and the text that came with it or `""`. */
export interface Fault {
  readonly condition: string;
  readonly text: string;
}

/** What to do, and the HTTP status that means the same; 0 where trying again can help. */
type Meaning = readonly [title: string, detail: string, status: number];

const AGAIN = "It is tried again by itself.";

const STANZA: Readonly<Record<string, Meaning>> = {
  conflict: ["Somebody else has this name in the room", "Choose another name.", 409],
  forbidden: ["You may not do this here", "Choose another room, or sign in.", 403],
  gone: ["The room is no more", "Choose another one.", 410],
  "item-not-found": ["There is no such room", "Choose another one.", 404],
  "jid-malformed": ["The room or the name cannot be part of an address", "Choose another one.", 400],
  "not-acceptable": ["The room did not accept this", "Enter it again.", 406],
  "not-allowed": ["This is not allowed here", "Choose another room.", 403],
  "not-authorized": ["The room wants a password", "This page has none to give: choose another room.", 401],
  "policy-violation": ["That was too fast", "It is sent again by itself.", 429],
  "registration-required": ["Only members may enter", "Choose another room, or sign in.", 403],
  "resource-constraint": ["The server is busy", AGAIN, 503],
  "service-unavailable": ["The room takes nobody now", AGAIN, 503],
};

const STREAM: Readonly<Record<string, Meaning>> = {
  conflict: ["Another stream has taken the place of this one", "Join again to take it back.", 409],
  "connection-timeout": ["The stream fell silent", AGAIN, 0],
  "host-unknown": ["The server is not the one of this domain", "Open this page by the server's own name.", 404],
  "internal-server-error": ["The server had a fault", AGAIN, 0],
  "not-authorized": ["The server wants to know who this is", "Sign in, or join as a guest.", 401],
  "policy-violation": ["The server does not allow this", "Join again; sign in if it asks for that.", 403],
  "resource-constraint": ["The server is busy, or this page read too slowly", AGAIN, 0],
  "system-shutdown": ["The server is closing", AGAIN, 0],
};

const LOGIN: Readonly<Record<string, Meaning>> = {
  "account-disabled": ["This account is closed", "Sign in as somebody else.", 403],
  "credentials-expired": ["Your token has expired", "Sign in again.", 401],
  "encryption-required": ["Logging in needs TLS here", "Open this page by https.", 403],
  "no-auth-mech": ["The server has no way to log in like this", "Sign in if you are a guest; use https if you are not.", 403],
  "not-authorized": ["The server did not let you in", "Check name and password, or whether guests may come.", 401],
  "temporary-auth-failure": ["Logging in did not work just now", AGAIN, 0],
};

/** A stanza was refused. */
export function stanzaProblem(fault: Fault): Problem {
  return problem(fault, STANZA[fault.condition] ?? ["The room said no", "Choose another room or name.", 400]);
}

/** The stream was ended by the server. */
export function streamProblem(fault: Fault): Problem {
  return problem(fault, STREAM[fault.condition] ?? ["The server ended the stream", "Reconnect; if it happens again, please report it.", 400]);
}

/** Logging in failed. */
export function loginProblem(fault: Fault): Problem {
  return problem(fault, LOGIN[fault.condition] ?? ["Logging in failed", "Sign in again.", 401]);
}

function problem({ condition, text }: Fault, [title, detail, status]: Meaning): Problem {
  const said = [condition, text].filter((part) => part !== "").join(": ");
  return new Problem(title, said ? `${detail} (${said})` : detail, status);
}
