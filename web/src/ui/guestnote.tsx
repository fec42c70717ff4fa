// Beside the name of a guest whom one is about to talk to: nobody vouches for it.
import { GUEST, isGuest } from "../p2p/addresses";
import { session } from "./console";

export function GuestNote({ person }: { readonly person: string }) {
  const { own } = session;
  if (!own || !isGuest(person, own)) return null;
  return (
    <small class="guest-note" data-testid="guest">
      {GUEST}
    </small>
  );
}
