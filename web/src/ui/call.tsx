// The call: both pictures, how far it has come, what one can do about it, and how it goes.
import type { Signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Call } from "../calls/call";
import { duration, endingText } from "../calls/words";
import { CallControls } from "./callcontrols";
import { CallFigures } from "./callfigures";
import { phone } from "./console";
import { GuestNote } from "./guestnote";
import { hue } from "./hue";

export function CallPanel() {
  const call = phone.call.value;
  if (!call) return null;
  const state = call.state.value;
  // Until it is taken, it is told of above everything else.
  if (call.incoming && (state === "incoming" || (state === "preparing" && !call.connectedAt.value))) return null;
  return state === "ended" ? <Ended call={call} /> : <Running key={call} call={call} />;
}

function Running({ call }: { readonly call: Call }) {
  const problem = call.sources.problem.value;
  return (
    <section class="call" data-testid="call" data-state={call.state.value} aria-label={`Call with ${call.partner.name}`}>
      <Stage call={call} />
      {problem && (
        <p class="call-problem" role="alert" data-testid="call-problem">
          {problem.title}. {problem.detail}
        </p>
      )}
      <CallControls call={call} />
      {call.connectedAt.value !== undefined && <CallFigures meter={call.meter} />}
    </section>
  );
}

/** The other one's picture, or who that is; one's own in a corner. */
function Stage({ call }: { readonly call: Call }) {
  const { partner, remote, sources } = call;
  const there = useStream(remote.stream);
  const picture = sources.picture.value;
  const here = useTrack(picture);
  const isSeen = remote.hasPicture.value;
  return (
    <div class="stage">
      <video class="stage-there" data-testid="there" ref={there} autoPlay playsInline hidden={!isSeen} aria-label={`Picture of ${partner.name}`} />
      {!isSeen && (
        <p class="stage-face" data-hue={hue(partner.person)} aria-hidden="true">
          {partner.name.slice(0, 1).toUpperCase()}
        </p>
      )}
      <p class="stage-state" data-testid="call-state">
        <b class="stage-name">{partner.name}</b>
        <span role="status">{stateText(call)}</span>
        <Clock since={call.connectedAt} />
        <GuestNote person={partner.person} />
      </p>
      <video
        class="stage-here"
        data-testid="here"
        data-mirror={sources.screen.value === undefined}
        ref={here}
        autoPlay
        playsInline
        muted
        hidden={picture === undefined}
        aria-label="Your own picture"
      />
    </div>
  );
}

function stateText(call: Call): string {
  switch (call.state.value) {
    case "preparing":
      return "Waiting for camera and microphone…";
    case "ringing":
      return "Ringing…";
    case "connecting":
      return "Connecting…";
    case "reconnecting":
      return "Connection lost, looking for another way…";
    default:
      return "Connected";
  }
}

/** How long it has lasted; kept out of what is read aloud, which would be every second. */
function Clock({ since }: { readonly since: Signal<number | undefined> }) {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, []);
  if (since.value === undefined) return null;
  return (
    <span class="stage-clock" aria-hidden="true">
      {duration(Math.max(0, now - since.value))}
    </span>
  );
}

function useStream(stream: MediaStream) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = stream;
  }, [stream]);
  return video;
}

function useTrack(track: MediaStreamTrack | undefined) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (video.current) video.current.srcObject = track ? new MediaStream([track]) : null;
  }, [track]);
  return video;
}

function Ended({ call }: { readonly call: Call }) {
  const ending = call.ending.value;
  const { name } = call.partner;
  const wasConnected = call.connectedAt.value !== undefined;
  return (
    <section class="call" data-testid="call" data-state="ended" data-why={ending?.why} aria-label={`Call with ${name}`}>
      <p class="call-ended" role="status" data-testid="call-ended">
        {ending && endingText(ending, { name, wasConnected, isIncoming: call.incoming !== undefined })}
        {wasConnected && <span class="call-lasted"> It lasted {duration(call.lasted.value)}.</span>}
      </p>
      <button type="button" class="button small" data-testid="call-close" onClick={() => phone.putAway()}>
        Close
      </button>
    </section>
  );
}
