// How a page is looked at: by axe-core, and whether anything sticks out of it sideways.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const axe = createRequire(import.meta.url).resolve("axe-core");

/** What pages are looked at in. Scripts of a test run in them, and nothing moves. */
export const LOOKS = Object.entries({
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  phone: { viewport: { width: 360, height: 740 } },
}).map(([name, options]) => [name, { ...options, reducedMotion: "reduce", bypassCSP: true }]);

/** Nothing for axe to complain about, and nothing sticks out; `when` says what is to be seen just now. */
export async function looksWell({ page }, when) {
  await page.addScriptTag({ path: axe });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`), [], when);
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, when);
}
