// Drawing at the pace of the screen: a burst of a thousand events is drawn a few times, not a thousand.

/** About one frame. A timer and not `requestAnimationFrame`, which stands still in hidden tabs. */
const FRAME_MS = 16;

/** A function that runs `act` once within a frame, however often it is called. */
export function paced(act: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    setTimeout(() => {
      due = false;
      act();
    }, FRAME_MS);
  };
}
