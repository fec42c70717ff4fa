// How calls end, and by whom.
import type { Problem } from "../problem";

/** Reasons that pages give each other in `bye`; another page may have more. */
export type Why =
  | "hangup"
  | "declined"
  /** In another call. */
  | "busy"
  /** Taken or declined on another page of the same person. */
  | "elsewhere"
  /** Nobody answered. */
  | "timeout"
  /** Nothing on that page answers rings of this kind. */
  | "unsupported"
  /** No way between the two was found, or none any more. */
  | "lost"
  /** The page was left. */
  | "left"
  /** Another page than before described itself as the other side: its certificate is another one. */
  | "certificate"
  /** What was said made no sense here. */
  | "error"
  /** The server does not carry it: `problem` says why. */
  | "refused";

export interface Ending {
  /** Who ended it; `nobody` where it ended by itself. */
  readonly by: "here" | "there" | "nobody";
  readonly why: Why | (string & {});
  readonly problem?: Problem;
}
