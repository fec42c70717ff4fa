// The connections that a page makes to others, noted where a test can ask for them: the newest is `globalThis.connections.at(-1)`.

/** Runs in the page before anything else. */
export function noteConnections() {
  const Original = globalThis.RTCPeerConnection;
  globalThis.connections = [];
  globalThis.RTCPeerConnection = class extends Original {
    constructor(...args) {
      super(...args);
      globalThis.connections.push(this);
    }
  };
  globalThis.loudness = async () => {
    const incoming = [...(await globalThis.connections.at(-1).getStats()).values()].find(({ type, kind }) => type === "inbound-rtp" && kind === "audio");
    return incoming?.totalAudioEnergy ?? 0;
  };
  globalThis.newestFragment = () => /^a=ice-ufrag:(.*)$/m.exec(globalThis.connections.at(-1).currentLocalDescription.sdp)[1];
}

/** The user fragment of ICE on this page's newest connection: another one after each restart (RFC 8839, section 5.4). */
export const fragment = (page) => page.evaluate(() => globalThis.newestFragment());

/** Waits until it is none of these, and agreed on. */
export const otherFragment = (page, known) => page.waitForFunction((known) => !known.includes(globalThis.newestFragment()), known);

/** Waits until there has been more to hear by it: also where nothing can be listened to, since there is no loudspeaker. */
export async function hears(page) {
  const before = await page.evaluate(() => globalThis.loudness());
  await page.waitForFunction(async (before) => (await globalThis.loudness()) > before, before);
}
