// Signing in, tucked away: an account's name and password, or a token made elsewhere.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { signIn, withToken } from "../account";
import { Problem } from "../problem";
import { account, session } from "./console";

export function SignIn() {
  const [error, setError] = useState("");
  if (account.value) {
    return (
      <button type="button" class="link-button" onClick={() => (account.value = undefined)}>
        Sign out
      </button>
    );
  }
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    setError("");
    try {
      account.value = await accountFrom(data);
    } catch (cause) {
      setError(cause instanceof Problem ? cause.message : String(cause));
    }
  };
  return (
    <details class="signin">
      <summary>Sign in</summary>
      <form class="setup" onSubmit={(e) => void submit(e)}>
        <Field label="Account">
          <input class="input" name="user" autocomplete="username" autocapitalize="none" spellcheck={false} />
        </Field>
        <Field label="Password">
          <input class="input" name="password" type="password" autocomplete="current-password" />
        </Field>
        <Field label="Or a token">
          <input class="input" name="token" autocomplete="off" autocapitalize="none" spellcheck={false} />
        </Field>
        <button type="submit" class="button wide-button" data-testid="sign-in">
          Sign in
        </button>
        {error && (
          <p class="field-error" role="alert">
            {error}
          </p>
        )}
      </form>
    </details>
  );
}

function accountFrom(data: FormData) {
  const token = String(data.get("token") ?? "").trim();
  if (token !== "") return Promise.resolve(withToken(token));
  return signIn(session.wire, String(data.get("user") ?? ""), String(data.get("password") ?? ""));
}

function Field({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    <label class="field">
      <span class="field-label">{label}</span>
      {children}
    </label>
  );
}
