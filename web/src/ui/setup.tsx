// The form: a name, a room, a transport.
import { TRANSPORTS, TRANSPORT_NAMES } from "../transports";
import type { TransportName } from "../transports/transport";
import { account, changed, form, join, session } from "./console";
import { CopyButton } from "./copy";
import { SignIn } from "./signin";
import { writeHash } from "../link";

export function Setup() {
  const joined = session.settings.value !== undefined;
  const submit = (event: Event) => {
    event.preventDefault();
    join();
    // After the next rendering: on a phone the message field is not shown before.
    setTimeout(() => document.getElementById("message")?.focus());
  };
  return (
    <section class="card" aria-labelledby="setup-title">
      <h2 id="setup-title" class="card-title">
        {joined ? "Room" : "Enter a room"}
      </h2>
      <form class="setup" onSubmit={submit}>
        <NameField />
        <label class="field">
          <span class="field-label">Room</span>
          <input
            class="input"
            data-testid="room"
            required
            maxLength={200}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            value={form.value.room}
            onInput={(e) => (form.value = { ...form.value, room: e.currentTarget.value })}
          />
        </label>
        <TransportField />
        <button type="submit" class="button primary wide-button" data-testid="join" disabled={joined && !changed.value}>
          {joined ? (changed.value ? "Switch" : "Joined") : "Join"}
        </button>
      </form>
      <SignIn />
      {joined && <CopyLink />}
    </section>
  );
}

function NameField() {
  const signedIn = account.value;
  return (
    <label class="field">
      <span class="field-label">{signedIn ? "Signed in as" : "Your name"}</span>
      <input
        class="input"
        data-testid="name"
        required
        maxLength={100}
        autocomplete="nickname"
        spellcheck={false}
        disabled={signedIn !== undefined}
        value={signedIn?.name ?? form.value.name}
        onInput={(e) => (form.value = { ...form.value, name: e.currentTarget.value })}
      />
    </label>
  );
}

const FAMILIES = [...new Set(TRANSPORT_NAMES.flatMap((name) => TRANSPORTS[name].family ?? []))];

function option(name: TransportName) {
  return (
    <option key={name} value={name}>
      {TRANSPORTS[name].title}
    </option>
  );
}

function TransportField() {
  const chosen = form.value.transport;
  return (
    <label class="field">
      <span class="field-label">Transport</span>
      <select
        class="input"
        data-testid="transport"
        aria-describedby="transport-how"
        value={chosen}
        onChange={(e) => (form.value = { ...form.value, transport: e.currentTarget.value as TransportName })}
      >
        {TRANSPORT_NAMES.filter((name) => !TRANSPORTS[name].family).map(option)}
        {FAMILIES.map((family) => (
          <optgroup key={family} label={family}>
            {TRANSPORT_NAMES.filter((name) => TRANSPORTS[name].family === family).map(option)}
          </optgroup>
        ))}
      </select>
      <span id="transport-how" class="hint">
        {TRANSPORTS[chosen].how}
      </span>
    </label>
  );
}

/** A link for somebody else: the room and the transport, not the name. */
function CopyLink() {
  const open = session.settings.value;
  if (!open) return null;
  const href = `${location.origin}${location.pathname}${writeHash({ room: open.room, transport: open.transport })}`;
  return <CopyButton class="link-button" label="Copy a link to this room" text={href} />;
}
