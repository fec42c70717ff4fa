// Elements of a page in Firefox, found and used as Playwright's locators find and use those in Chromium: as much of it as the tests of the console need.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** WebDriver's name for the key that deletes backwards (https://www.w3.org/TR/webdriver2/#keyboard-actions). */
const BACKSPACE = "\uE003";

export class Elements {
  /** `steps`: how one comes there from the whole page. */
  constructor(page, steps = []) {
    Object.assign(this, { page, steps });
  }

  #further(...step) {
    return new Elements(this.page, [...this.steps, step]);
  }

  locator(css) {
    return this.#further("css", css);
  }

  getByTestId(id) {
    return this.locator(`[data-testid="${id}"]`);
  }

  getByText(text, { exact = false } = {}) {
    return this.#further(exact ? "says" : "mentions", text);
  }

  filter({ has, hasText }) {
    return has ? this.#further("has", has.steps) : this.#further("includes", hasText);
  }

  and({ steps }) {
    return this.#further("and", steps);
  }

  nth(place) {
    return this.#further("nth", place);
  }

  first() {
    return this.nth(0);
  }

  last() {
    return this.nth(-1);
  }

  count() {
    return this.page.evaluate(`(steps) => (${find})(steps).length`, this.steps);
  }

  isVisible() {
    return this.page.evaluate(`(steps) => (${find})(steps).some(${isSeen})`, this.steps);
  }

  /** `attached`, `visible`, or `hidden`, which it also is where there is none. */
  waitFor({ state = "visible", timeout } = {}) {
    const seen = `(${find})(steps).some(${isSeen})`;
    const is = { attached: `(${find})(steps).length > 0`, visible: seen, hidden: `!${seen}` }[state];
    return this.page.waitForFunction(`(steps) => ${is}`, this.steps, { timeout });
  }

  /** What `act` makes of the element, once there is one. */
  async evaluate(act, argument) {
    await this.waitFor({ state: "attached" });
    return this.page.evaluate(`([steps, argument]) => (${act})((${find})(steps)[0], argument)`, [this.steps, argument]);
  }

  textContent() {
    return this.evaluate((element) => element.textContent);
  }

  allTextContents() {
    return this.page.evaluate(`(steps) => (${find})(steps).map((element) => element.textContent)`, this.steps);
  }

  getAttribute(name) {
    return this.evaluate((element, name) => element.getAttribute(name), name);
  }

  /** By the mouse, once it can be seen and used. */
  async click() {
    await this.page.waitForFunction(`(steps) => (${find})(steps).some((element) => (${isSeen})(element) && !element.disabled)`, this.steps);
    const element = await this.#node((found) => found.scrollIntoView({ block: "center", behavior: "instant" }));
    const move = { type: "pointerMove", x: 0, y: 0, origin: { type: "element", element } };
    const press = [{ type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }];
    await this.page.command("input.performActions", { actions: [{ type: "pointer", id: "mouse", actions: [move, ...press] }] });
  }

  /** By the keyboard, in place of what is there. */
  async fill(text) {
    await this.waitFor();
    await this.#node((found) => found.focus() ?? found.select());
    const stroke = (value) => [{ type: "keyDown", value }, { type: "keyUp", value }];
    const actions = [BACKSPACE, ...text].flatMap(stroke);
    await this.page.command("input.performActions", { actions: [{ type: "key", id: "keyboard", actions }] });
  }

  selectOption(value) {
    const choose = (element, value) => {
      element.value = value;
      element.dispatchEvent(new Event("change", { bubbles: true }));
    };
    return this.evaluate(choose, value);
  }

  /** As Playwright takes them: `{ name, buffer }` each. */
  async setInputFiles(files) {
    const folder = mkdtempSync(join(tmpdir(), "hubbub-test-files-"));
    const paths = files.map(({ name }) => join(folder, name));
    for (const [index, { buffer }] of files.entries()) writeFileSync(paths[index], buffer);
    await this.waitFor({ state: "attached" });
    await this.page.command("input.setFiles", { element: await this.#node(() => {}), files: paths });
  }

  /** The element as BiDi names it, after `prepare` has had it. */
  async #node(prepare) {
    const { sharedId } = await this.page.call(`() => {
      const [found] = (${find})(${JSON.stringify(this.steps)});
      (${prepare})(found);
      return found;
    }`);
    return { sharedId };
  }
}

/** Runs in the page: the elements to which these steps lead. */
function find(steps, root = document) {
  const text = (element) => element.textContent.replace(/\s+/g, " ").trim();
  const within = (element, css) => [...element.querySelectorAll(css)];
  /** The innermost that pass. */
  const innermost = (element, test) => [element, ...within(element, "*")].filter((one) => test(one) && ![...one.children].some(test));
  const ways = {
    css: (found, css) => [...new Set(found.flatMap((element) => within(element, css)))],
    says: (found, wanted) => found.flatMap((element) => innermost(element, (one) => text(one) === wanted)),
    mentions: (found, wanted) => found.flatMap((element) => innermost(element, (one) => text(one).includes(wanted))),
    includes: (found, wanted) => found.filter((element) => text(element).includes(wanted)),
    has: (found, inner) => found.filter((element) => find(inner, element).length > 0),
    and: (found, other) => found.filter((element) => find(other).includes(element)),
    nth: (found, place) => found.slice(place, place === -1 ? undefined : place + 1),
  };
  return steps.reduce((found, [way, what]) => ways[way](found, what), [root]);
}

/** Runs in the page: whether there is anything of it on the screen. */
function isSeen(element) {
  const { width, height } = element.getBoundingClientRect();
  return width > 0 && height > 0 && getComputedStyle(element).visibility === "visible";
}
