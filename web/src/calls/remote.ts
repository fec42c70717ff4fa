// What comes from the other one in a call.
import { signal } from "@preact/signals";

export class Remote {
  readonly stream = new MediaStream();
  /** Whether there is a picture: a track whose sender has stopped is muted (W3C WebRTC 1.0, §9.3). */
  readonly hasPicture = signal(false);

  take(track: MediaStreamTrack): void {
    this.stream.addTrack(track);
    const look = () => void (this.hasPicture.value = this.stream.getVideoTracks().some(({ muted, readyState }) => !muted && readyState === "live"));
    for (const event of ["mute", "unmute", "ended"]) track.addEventListener(event, look);
    look();
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
