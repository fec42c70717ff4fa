// WebRTC in Node for those who ask for `webrtc-polyfill` (simple-peer, and by it webtorrent and bittorrent-tracker): libwebrtc, which is
// what Chromium has. The package of that name has libdatachannel: it never says that gathering is over, and once it stood still for good.
import wrtc from "@roamhq/wrtc";

export const { RTCPeerConnection, RTCSessionDescription, RTCIceCandidate } = wrtc;
