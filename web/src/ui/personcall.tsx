// Beside each person: calling him.
import type { Wish } from "../calls/sources";
import type { Occupant } from "../envelope";
import { type Own, reached } from "../p2p/addresses";
import { phone, view } from "./console";
import { CameraIcon, ScreenIcon, VoiceIcon } from "./icons";

const WAYS = [
  { id: "call-voice", wish: {}, icon: VoiceIcon, title: (name: string) => `Call ${name}` },
  { id: "call-video", wish: { picture: "camera" }, icon: CameraIcon, title: (name: string) => `Call ${name} with video` },
  { id: "call-screen", wish: { picture: "screen" }, icon: ScreenIcon, title: (name: string) => `Share your screen with ${name}` },
] as const satisfies readonly { readonly wish: Wish; readonly [more: string]: unknown }[];

export function PersonCall({ person, own }: { readonly person: Occupant; readonly own: Own }) {
  const { name } = person;
  const call = phone.call.value;
  const isBusy = call !== undefined && call.state.value !== "ended";
  return (
    <>
      {WAYS.map(({ id, wish, icon: Icon, title }) => (
        <button
          key={id}
          type="button"
          class="icon-button"
          data-testid={id}
          aria-label={title(name)}
          title={title(name)}
          disabled={isBusy}
          onClick={() => {
            view.value = "chat";
            phone.ring({ person: reached(person, own), name }, wish);
          }}
        >
          <Icon />
        </button>
      ))}
    </>
  );
}
