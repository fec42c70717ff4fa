// Signing in: an account's name and password are exchanged for a token (docs/http.md, `POST /api/token`).
// Token and password live in this page's memory only.
import { fields, text } from "./envelope";
import { type Login, ask } from "./http";
import { Problem, problemOf } from "./problem";
import type { Wire } from "./wire";

/** Who a token speaks for, read from its own claims (RFC 7519 §4.1); the server checks them, the page only shows them. */
export interface Account {
  readonly token: string;
  readonly name: string;
  /** Absent where the token was made elsewhere. */
  readonly login?: Login;
}

/** Exchanges name and password for a token; throws a `Problem` that says what to do. */
export async function signIn(wire: Wire, user: string, password: string): Promise<Account> {
  const headers = { Authorization: `Basic ${basic(user, password)}` };
  const response = await ask(wire, "/api/token", { method: "POST", headers });
  if (!response.ok) throw await problemOf(response);
  const token = text(fields(await response.json())["token"]);
  if (token === "") throw new Problem("No token came back", "Check that the address is a Hubbub server.");
  return { ...withToken(token, user), login: { user, password } };
}

/** An account from a token that was made elsewhere. */
export function withToken(token: string, fallback = "token holder"): Account {
  const claims = readClaims(token);
  return { token, name: text(claims["name"]) || text(claims["sub"]) || fallback };
}

/** UTF-8, then base64 (RFC 7617 §2.1). */
function basic(user: string, password: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(`${user}:${password}`)));
}

function readClaims(token: string): Record<string, unknown> {
  try {
    const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(part), (c) => c.charCodeAt(0));
    return fields(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return {};
  }
}
