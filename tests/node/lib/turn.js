// What clients of TURN need to know of a server, and what they can read off it.
import { createHash, createHmac, X509Certificate } from "node:crypto";
import { once } from "node:events";
import tls from "node:tls";
import { eventually } from "./soon.js";

const SECRET = "a secret of at least thirty-two bytes, for TURN";

/** The configuration of a server whose relays are on this machine; `settings` are more of `[turn]`. */
export const relaying = (settings = "") => `
  [turn]
  enabled = true
  secret = "${SECRET}"
  allow = ["127.0.0.0/8"]
  ${settings}
`;

/** A name and a password that are good for so many seconds. */
export function credentials(user, lifetime = 3600) {
  const username = `${Math.floor(Date.now() / 1000) + lifetime}:${user}`;
  return { username, credential: createHmac("sha1", SECRET).update(username).digest("base64") };
}

/** How a page comes to the server. */
const SCHEMES = { udp: "turn", tcp: "turn", tls: "turns" };
export const WAYS = Object.keys(SCHEMES);

/**
 * What an `RTCPeerConnection` is to be told to relay everything through this server, on this way. All media share what it allocates:
 * otherwise Chromium first asks for more, and may forget what it has asked for when it does not need it.
 */
export function relayOnly(server, way, known = credentials("ann")) {
  const urls = `${SCHEMES[way]}:${new URL(server.base).host}?transport=${way === "udp" ? "udp" : "tcp"}`;
  return { iceServers: [{ urls, ...known }], iceTransportPolicy: "relay", bundlePolicy: "max-bundle" };
}

/** The flag by which Chromium takes the certificate that the server has signed itself. */
export async function trusting(server) {
  const { hostname, port } = new URL(server.base);
  const link = tls.connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
  await once(link, "secureConnect");
  const { publicKey } = new X509Certificate(link.getPeerCertificate(true).raw);
  link.destroy();
  const digest = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" })).digest("base64");
  return `--ignore-certificate-errors-spki-list=${digest}`;
}

/** One of the server's numbers, over all its workers. */
export async function reading(server, name) {
  const text = await (await fetch(`${server.base}/metrics`)).text();
  const found = [...text.matchAll(new RegExp(`^hubbub_${name}(?:_total)?\\{[^}]*\\} (\\d+)$`, "gm"))];
  if (found.length === 0) throw new Error(`the server counts no ${name}`);
  return found.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Waits until that number is so. */
export async function until(server, name, wanted) {
  await eventually(async () => wanted(await reading(server, name)), `${name} to be as wanted: ${wanted}`);
}
