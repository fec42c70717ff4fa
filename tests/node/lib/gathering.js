// What Node has for WebRTC here (`webrtc-polyfill`, of libdatachannel) says each of its candidates, but not that there are no more of
// them, as it should with an empty one. `simple-peer` then waits five seconds before it says an offer or an answer, and an answer so
// late finds Chromium's half of DTLS gone. On this machine all candidates are there at once: a moment is enough.
import Peer from "@thaunknown/simple-peer/lite.js";

const MOMENT_MS = 300;
const wait = Peer.prototype._startIceCompleteTimeout;

Peer.prototype._startIceCompleteTimeout = function () {
  this.iceCompleteTimeout = MOMENT_MS;
  wait.call(this);
};
