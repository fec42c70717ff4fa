// What one sends in a call: the microphone's sound, and one picture, of the camera or the screen.
import { batch, computed, signal } from "@preact/signals";
import { type Device, open } from "./media";
import { Problem } from "../problem";

/** What a call is begun with. */
export interface Wish {
  readonly picture?: "camera" | "screen";
}

type Kind = "audio" | "video";

/** Who sends the tracks: told whenever another one takes a kind's place, or none. */
export type Send = (kind: Kind, track: MediaStreamTrack | null) => Promise<void>;

export class Sources {
  readonly microphone = signal<MediaStreamTrack | undefined>(undefined);
  readonly camera = signal<MediaStreamTrack | undefined>(undefined);
  readonly screen = signal<MediaStreamTrack | undefined>(undefined);
  readonly isMuted = signal(false);
  /** What is missing, and what to do. */
  readonly problem = signal<Problem | undefined>(undefined);
  /** What the other one sees. */
  readonly picture = computed(() => this.screen.value ?? this.camera.value);
  private over = false;
  private send: Send = async () => {};

  /** Opens what is wished for. Without a microphone or a camera one can still watch and listen; that it may not be used is a refusal. */
  async open({ picture }: Wish): Promise<void> {
    await this.take("microphone");
    if (picture) await this.take(picture);
  }

  /** From now on, whoever is told sends. */
  async feed(send: Send): Promise<void> {
    this.send = send;
    await send("audio", this.microphone.peek() ?? null);
    await send("video", this.picture.peek() ?? null);
  }

  mute(): void {
    this.isMuted.value = !this.isMuted.peek();
    const track = this.microphone.peek();
    if (track) track.enabled = !this.isMuted.peek();
  }

  /** Switches the camera or the sharing of the screen on or off. */
  async toggle(device: "camera" | "screen"): Promise<void> {
    if (this[device].peek()) this.drop(device);
    else await this.take(device).catch((cause: unknown) => void (this.problem.value = cause as Problem));
    if (!this.over) await this.send("video", this.picture.peek() ?? null);
  }

  close(): void {
    this.over = true;
    for (const device of ["microphone", "camera", "screen"] as const) this.drop(device);
  }

  private async take(device: Device): Promise<void> {
    this.problem.value = undefined;
    try {
      const track = await open(device);
      if (this.over) return track.stop();
      // The browser has a button of its own that ends the sharing of a screen; a camera can be pulled out.
      track.addEventListener("ended", () => void this.lost(device, track));
      this[device].value = track;
    } catch (cause) {
      if (cause instanceof Problem && cause.status !== 404) throw cause;
      this.problem.value = cause instanceof Problem ? cause : undefined;
    }
  }

  private async lost(device: Device, track: MediaStreamTrack): Promise<void> {
    if (this[device].peek() !== track) return;
    this[device].value = undefined;
    if (device === "microphone") await this.send("audio", null);
    else await this.send("video", this.picture.peek() ?? null);
  }

  private drop(device: Device): void {
    const track = this[device].peek();
    batch(() => (this[device].value = undefined));
    track?.stop();
  }
}
