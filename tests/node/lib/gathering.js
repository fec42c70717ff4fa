// What Node has for WebRTC here (`webrtc-polyfill`, of libdatachannel) says each of its candidates, but not that there are no more of
// them, as it should with an empty one. `simple-peer` then waits five seconds before it says an offer or an answer. On this machine all
// candidates are there at once, so a moment is enough.
import Peer from "@thaunknown/simple-peer/lite.js";

const MOMENT_MS = 300;
let answersIn = MOMENT_MS;
const wait = Peer.prototype._startIceCompleteTimeout;

Peer.prototype._startIceCompleteTimeout = function () {
  this.iceCompleteTimeout = this.initiator ? MOMENT_MS : answersIn;
  wait.call(this);
};

/**
 * Has answers said at once until the end of the test: libdatachannel begins DTLS before its answer is said, and Chromium, who does not
 * know it by then, may not hear the beginning again.
 */
export function answersAtOnce(t) {
  answersIn = 0;
  t.after(() => (answersIn = MOMENT_MS));
}
