// Waiting with a deadline: a test that stands still says what it was waiting for, long before the runner ends its whole file.
import { setTimeout as delay } from "node:timers/promises";

export const PATIENCE_MS = 60_000;
/** For megabytes that travel. */
export const LONG_MS = 120_000;

const late = (what, patience) => new Error(`waited ${patience / 1000} s for ${what}`);

/** What `promise` brings, unless that takes longer than `patience`. */
export async function soon(promise, what, patience = PATIENCE_MS) {
  const error = late(what, patience); // made here, so that it says who was waiting
  let timer;
  // It keeps nobody: a wait that no test looks at ends with the file.
  const expired = new Promise((_, reject) => (timer = setTimeout(reject, patience, error).unref()));
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again and again until there is something; that. */
export async function eventually(ask, what, patience = PATIENCE_MS) {
  const error = late(what, patience);
  for (const end = performance.now() + patience; performance.now() < end; await delay(100)) {
    const found = await ask();
    if (found) return found;
  }
  throw error;
}
