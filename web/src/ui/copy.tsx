// A button that copies text and says so.
import { useState } from "preact/hooks";

interface Props {
  readonly label: string;
  readonly text: string;
  readonly class?: string;
}

const SAID_MS = 1_600;

export function CopyButton({ label, text, class: look = "button small" }: Props) {
  const [said, setSaid] = useState("");
  const click = async () => {
    setSaid((await copy(text)) ? "Copied" : "Not copied");
    setTimeout(() => setSaid(""), SAID_MS);
  };
  return (
    <button type="button" class={look} onClick={() => void click()}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** Beyond loopback a page served without TLS has no clipboard API. */
function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  const before = document.activeElement;
  area.value = text;
  area.className = "offscreen";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return done;
}
