// What comes from the other one in a call.
import { signal } from "@preact/signals";

export class Remote {
  readonly stream = new MediaStream();
  /** Whether the other one sends a picture, as it was last agreed. Browsers also mute tracks, but do not always say when that is over. */
  readonly hasPicture = signal(false);

  watch(connection: RTCPeerConnection): void {
    connection.addEventListener("track", ({ track }) => this.stream.addTrack(track));
    connection.addEventListener("signalingstatechange", () => {
      if (connection.signalingState !== "stable") return;
      const pictures = connection.getTransceivers().filter(({ receiver }) => receiver.track.kind === "video");
      this.hasPicture.value = pictures.some(({ currentDirection }) => currentDirection === "sendrecv" || currentDirection === "recvonly");
    });
  }
}

/** Has the connection send this track, or nothing of its kind. What both sides may send later goes on in the same place. */
export async function sendTrack(connection: RTCPeerConnection, kind: "audio" | "video", track: MediaStreamTrack | null): Promise<void> {
  const place = connection.getTransceivers().find(({ receiver, currentDirection }) => receiver.track.kind === kind && currentDirection !== "stopped");
  if (!place) {
    // Only what `addTrack` makes is one with what the other side offers at the same time (RFC 8829 §5.10).
    if (track) connection.addTrack(track, new MediaStream([track]));
    return;
  }
  await place.sender.replaceTrack(track);
  place.direction = track ? "sendrecv" : "recvonly";
}
