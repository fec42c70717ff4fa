// Where messages are written.
import { useState } from "preact/hooks";
import { session } from "./console";
import { ConversationFile } from "./filedrop";

export function Composer() {
  const [text, setText] = useState("");
  const settings = session.settings.value;
  const live = session.state.value === "live";
  const submit = (event: Event) => {
    event.preventDefault();
    if (text.trim() === "") return;
    session.outbox.add(text);
    setText("");
  };
  return (
    <form class="composer" onSubmit={submit}>
      <ConversationFile />
      <label class="offscreen" for="message">
        Message
      </label>
      <input
        id="message"
        class="input"
        data-testid="message-input"
        autocomplete="off"
        enterkeyhint="send"
        readOnly={!settings}
        placeholder={placeholder(settings?.room, live)}
        value={text}
        onInput={(e) => setText(e.currentTarget.value)}
      />
      <button type="submit" class="button primary" data-testid="send" disabled={!settings}>
        Send
      </button>
    </form>
  );
}

function placeholder(room: string | undefined, live: boolean): string {
  if (room === undefined) return "Join a room first";
  return live ? `Say something in ${room}` : "Held here until the connection is back";
}
