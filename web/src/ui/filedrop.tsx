// Ways to hand over files: dropping them, and a button that asks for them.
import { useState } from "preact/hooks";
import type { Occupant } from "../envelope";
import { session } from "./console";
import { chosen, sendTo } from "./sharing";

/** What an element needs that takes files dropped on it; `data-drop` is there while some are above it. */
export function useFileDrop(take: ((files: readonly File[]) => void) | undefined) {
  const [above, setAbove] = useState(false);
  if (!take) return {};
  return {
    "data-drop": above || undefined,
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setAbove(true);
    },
    onDragLeave: (event: DragEvent) => {
      const box = event.currentTarget as HTMLElement;
      if (!box.contains(event.relatedTarget as Node | null)) setAbove(false);
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setAbove(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length > 0) take(files);
    },
  };
}

/** Takes files dropped anywhere on the conversation. */
export function useConversationDrop() {
  return useFileDrop(session.settings.value ? (files) => void (chosen.value = files) : undefined);
}

/** Asks for files for one person. */
export function PersonFile({ person: { user, name } }: { readonly person: Occupant }) {
  return <Picker id="file-input" label={`Send ${name} a file`} look="icon-button" take={(files) => sendTo(user, name, files)} />;
}

/** Asks for files, beside the field where messages are written. */
export function ConversationFile() {
  const joined = session.settings.value !== undefined;
  return <Picker id="share-input" label="Share a file" look="button clip" disabled={!joined} take={(files) => (chosen.value = files)} />;
}

interface PickerProps {
  readonly id: string;
  readonly label: string;
  readonly look: string;
  readonly disabled?: boolean;
  readonly take: (files: readonly File[]) => void;
}

/** A file input that looks like a button. */
function Picker({ id, label, look, disabled = false, take }: PickerProps) {
  const pick = ({ currentTarget: input }: { readonly currentTarget: HTMLInputElement }) => {
    const files = [...(input.files ?? [])];
    // The same file may be wanted once more.
    input.value = "";
    if (files.length > 0) take(files);
  };
  return (
    <label class={look} title={label} data-disabled={disabled || undefined}>
      <input type="file" multiple class="offscreen" data-testid={id} aria-label={label} disabled={disabled} onChange={pick} />
      <Clip />
    </label>
  );
}

function Clip() {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M20.5 11.5l-8.6 8.6a5.4 5.4 0 0 1-7.7-7.7l8.9-8.9a3.6 3.6 0 0 1 5.1 5.1l-8.8 8.9a1.8 1.8 0 0 1-2.6-2.6l8.1-8.1" />
    </svg>
  );
}
