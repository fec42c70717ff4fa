// Who is writing at the moment, between what was said and where one writes oneself.
import { session } from "./console";

export function Writing() {
  const names = session.writing.value.map(({ name }) => name);
  if (names.length === 0) return null;
  return (
    <p class="writing" data-testid="writing" aria-live="polite">
      {names.join(", ")} {names.length === 1 ? "is" : "are"} writing…
    </p>
  );
}
