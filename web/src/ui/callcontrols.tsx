// What one can do in a call: mute, camera, screen, hang up.
import type { ComponentChildren } from "preact";
import type { Call } from "../calls/call";
import { CameraIcon, HangUpIcon, MicrophoneIcon, ScreenIcon } from "./icons";

export function CallControls({ call }: { readonly call: Call }) {
  const { sources } = call;
  const muted = sources.isMuted.value;
  const state = call.state.value;
  return (
    <div class="call-controls">
      <Toggle id="mute" on={muted} disabled={!sources.microphone.value} title="Mute" onClick={() => sources.mute()}>
        <MicrophoneIcon off={muted} />
      </Toggle>
      <Toggle id="camera" on={sources.camera.value !== undefined} disabled={state === "preparing"} title="Camera" onClick={() => void sources.toggle("camera")}>
        <CameraIcon />
      </Toggle>
      <Toggle id="screen" on={sources.screen.value !== undefined} disabled={state === "preparing"} title="Share screen" onClick={() => void sources.toggle("screen")}>
        <ScreenIcon />
      </Toggle>
      <button type="button" class="button call-button hang-up" data-testid="hang-up" onClick={() => call.hangUp()}>
        <HangUpIcon />
        <span class="call-word">Hang up</span>
      </button>
    </div>
  );
}

interface ToggleProps {
  readonly id: string;
  readonly on: boolean;
  readonly disabled: boolean;
  readonly title: string;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

function Toggle({ id, on, disabled, title, onClick, children }: ToggleProps) {
  return (
    <button type="button" class="button call-button" data-testid={id} aria-pressed={on} disabled={disabled} title={title} onClick={onClick}>
      {children}
      <span class="call-word">{title}</span>
    </button>
  );
}
