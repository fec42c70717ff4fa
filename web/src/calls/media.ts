// Camera, microphone and screen, and why there is none, in words that say what to do.
import { Problem } from "../problem";

export type Device = "microphone" | "camera" | "screen";

/** Ideal, not wanted at all costs: a camera that cannot do it gives what it can. */
const PICTURE: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };

const CONSTRAINTS: Readonly<Record<Exclude<Device, "screen">, MediaStreamConstraints>> = {
  microphone: { audio: true },
  camera: { video: PICTURE },
};

/** The track of one device. Throws a `Problem`. */
export async function open(device: Device): Promise<MediaStreamTrack> {
  const { mediaDevices } = navigator as { mediaDevices?: MediaDevices };
  if (!mediaDevices) throw insecure();
  try {
    const stream = await (device === "screen" ? mediaDevices.getDisplayMedia({ video: true }) : mediaDevices.getUserMedia(CONSTRAINTS[device]));
    const [track] = stream.getTracks();
    if (track) return track;
  } catch (cause) {
    throw mediaProblem(device, cause instanceof Error ? cause.name : "");
  }
  throw mediaProblem(device, "NotFoundError");
}

/** Browsers give these devices to pages of secure contexts only (Media Capture and Streams, §10.1). */
function insecure(): Problem {
  return new Problem("Calls need HTTPS", "Browsers give camera and microphone only to pages that came by HTTPS or from this machine: open this page by https.", 403);
}

/** What the browser's refusal means (Media Capture and Streams, §10.2; Screen Capture, §5.1). */
export function mediaProblem(device: Device, name: string): Problem {
  switch (name) {
    case "NotAllowedError":
      return device === "screen"
        ? new Problem("No screen was chosen", "Choose a screen, a window or a tab, and allow it to be shared.", 403)
        : new Problem(`This page may not use the ${device}`, `Allow it in the browser, at the left of the address, and in the system's settings; then try again.`, 403);
    case "NotFoundError":
    case "OverconstrainedError":
      return new Problem(`There is no ${device}`, device === "camera" ? "Plug one in, or call by voice." : "Plug one in, then try again.", 404);
    case "NotReadableError":
      return new Problem(`The ${device} is in use`, "Another program may have it: close that, then try again.", 409);
    case "NotSupportedError":
    case "TypeError":
      return new Problem(`This browser has no ${device} to give`, "Use another browser; phones mostly cannot share their screen.", 400);
    default:
      return new Problem(`The ${device} did not start`, `Try again (${name || "the browser gave no reason"}).`, 400);
  }
}
