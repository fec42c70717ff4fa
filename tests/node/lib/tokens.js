// Tokens as an application's back end would make them: JWT with HS256, by node's own crypto.
import { createHmac } from "node:crypto";

export const SECRET = "a secret of at least thirty-two bytes, for HS256";

/** A token for `sub` that lives for so many seconds. */
export function token(sub, claims = {}, lifetime = 3600) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + lifetime;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub, exp, ...claims })}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}
