// Somebody calls: who, and the buttons to take it or not. Above everything, whatever a phone shows at the moment.
import type { Call } from "../calls/call";
import type { Wish } from "../calls/sources";
import { phone, view } from "./console";
import { GuestNote } from "./guestnote";
import { CameraIcon, HangUpIcon, VoiceIcon } from "./icons";

export function CallRing() {
  const call = phone.call.value;
  const state = call?.state.value;
  const rings = call?.incoming !== undefined && (state === "incoming" || (state === "preparing" && call.connectedAt.value === undefined));
  return (
    <section class="ring-place" aria-label="Calls" aria-live="assertive">
      {rings && <Ring call={call} />}
    </section>
  );
}

function Ring({ call }: { readonly call: Call }) {
  const isPreparing = call.state.value === "preparing";
  const refusal = call.refusal.value;
  const answer = (wish: Wish) => {
    view.value = "chat";
    void call.accept(wish);
  };
  return (
    <div class="ring" data-testid="ring">
      <p class="ring-who">
        <b>{call.partner.name}</b> {callText(call)}
        <GuestNote person={call.partner.person} />
      </p>
      {refusal && (
        <p class="ring-problem" data-testid="call-problem">
          {refusal.title}. {refusal.detail}
        </p>
      )}
      <div class="ring-buttons">
        <button type="button" class="button primary" data-testid="answer-video" disabled={isPreparing} onClick={() => answer({ picture: "camera" })}>
          <CameraIcon />
          Answer with video
        </button>
        <button type="button" class="button" data-testid="answer-voice" disabled={isPreparing} onClick={() => answer({})}>
          <VoiceIcon />
          By voice
        </button>
        <button type="button" class="button hang-up" data-testid="decline" onClick={() => call.hangUp()}>
          <HangUpIcon />
          Decline
        </button>
      </div>
    </div>
  );
}

function callText({ incoming, state }: Call): string {
  if (state.value === "preparing") return "calls. Waiting for camera and microphone…";
  if (incoming?.ring["screen"] === true) return "wants to show you a screen.";
  return incoming?.ring["video"] === true ? "calls, with video." : "calls.";
}
