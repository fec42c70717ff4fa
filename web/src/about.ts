// What a message has to do with an earlier one (docs/http.md, "Messages about messages"), and who is writing.
import { fields, text } from "./envelope";

/** What is said, of which message. */
export type About =
  | { readonly kind: "reply"; readonly id: string; readonly name: string; readonly text: string }
  | { readonly kind: "edit" | "reactions" | "retraction"; readonly id: string }
  /** Of the message itself: by whom it was taken back. */
  | { readonly kind: "retracted"; readonly name: string };

/** Whether somebody is writing. */
export interface Writing {
  readonly user: string;
  readonly name: string;
  readonly typing: boolean;
}

/** The events by which the server says of a message what is kept in the log like one. */
export const ABOUT_EVENTS: readonly string[] = ["hubbub:reactions", "hubbub:retraction"];

/** Out of the members of an envelope, or of the argument that events of Socket.IO have. */
export function readAbout(value: unknown): About | undefined {
  const raw = fields(value);
  const named = (member: string) => (typeof raw[member] === "string" ? raw[member] : undefined);
  const [reply, edit, reactions, retraction] = ["reply_to", "edit_of", "reactions_to", "retracts"].map(named);
  if (reply !== undefined) {
    const quote = fields(raw["quote"]);
    return { kind: "reply", id: reply, name: text(quote["name"]), text: text(quote["text"]) };
  }
  if (edit !== undefined) return { kind: "edit", id: edit };
  if (reactions !== undefined) return { kind: "reactions", id: reactions };
  if (retraction !== undefined) return { kind: "retraction", id: retraction };
  const retracted = fields(raw["retracted"]);
  return raw["retracted"] === undefined ? undefined : { kind: "retracted", name: text(retracted["name"]) };
}

/** The data of `hubbub:typing`. */
export function readWriting(value: unknown): Writing {
  const raw = fields(value);
  const user = text(raw["user"]);
  return { user, name: text(raw["name"]) || user, typing: raw["typing"] === true };
}

/** Who writes after somebody has begun, or stopped. */
export function afterWriting(before: readonly Writing[], change: Writing): readonly Writing[] {
  const others = before.filter(({ user }) => user !== change.user);
  return change.typing ? [...others, change] : others;
}
