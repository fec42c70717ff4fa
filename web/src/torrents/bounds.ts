// What a person has agreed to by fetching a torrent: a link may say anything of what it leads to, and its description says the truth.
import { size } from "../files/names";

/** A torrent as it is described. */
interface Described {
  readonly length: number;
  readonly files: readonly unknown[];
}

/** Why it is not fetched as it is; `larger`: somebody may still want it, now that he knows. */
export interface Objection {
  readonly state: "larger" | "failed";
  readonly why: string;
}

/** Fetched without another question where the link does not say how large it is, in bytes. */
const UNSAID = 100_000_000;
/** Each file has a button of its own in the conversation. */
const FILES = 100;

/** What speaks against fetching this for somebody who was told that it has so many bytes. */
export function objection({ length, files }: Described, told: number | undefined): Objection | undefined {
  if (files.length > FILES) return { state: "failed", why: `It has ${files.length} files, more than this page can show. Other clients take its link.` };
  if (length <= (told ?? UNSAID)) return undefined;
  return { state: "larger", why: told === undefined ? `It is ${size(length)}, which the link does not say.` : `It is ${size(length)}, and not ${size(told)} as the link says.` };
}
