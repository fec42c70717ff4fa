// The code that does the same, for the transport that the form names.
import { useState } from "preact/hooks";
import { formatOffset } from "../offset";
import { type Scene, snippetsFor } from "../snippets";
import { TRANSPORTS } from "../transports";
import { account, form, session } from "./console";
import { CopyButton } from "./copy";

export function CodePanel() {
  const { transport } = form.value;
  const snippets = snippetsFor(transport, scene());
  const [chosen, setChosen] = useState(0);
  const snippet = snippets[chosen] ?? snippets[0];
  return (
    <section class="code" aria-labelledby="code-title">
      <div class="under-head">
        <h2 id="code-title" class="under-title">
          The same in code <span class="under-note">{TRANSPORTS[transport].title}</span>
        </h2>
      </div>
      <div class="code-choices" role="group" aria-label="Which client">
        {snippets.map(({ title }, i) => (
          <button key={title} type="button" class="under-button" aria-pressed={snippet === snippets[i]} onClick={() => setChosen(i)}>
            {title}
          </button>
        ))}
        <CopyButton class="under-button copy" label="Copy" text={snippet?.code ?? ""} />
      </div>
      <pre class="code-text" tabIndex={0} data-testid="snippet">
        {snippet?.code}
      </pre>
    </section>
  );
}

function scene(): Scene {
  // Read so that the snippet's offset follows the messages.
  void session.entries.value;
  const point = session.resumePoint;
  const { room, name } = form.value;
  const here = session.settings.value?.room === room;
  return { origin: location.origin, room, name, since: here && point ? formatOffset(point) : "", signedIn: account.value !== undefined };
}
