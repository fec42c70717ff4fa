// The console as somebody uses it: Chromium through Playwright, elements found by what they are called.
import { chromium } from "playwright-core";

const FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Starts Chromium, with these flags besides; `program` may be one that starts it somewhere else. */
export const launch = (...flags) => launchBy(CHROMIUM, ...flags);
export const launchBy = (program, ...flags) => chromium.launch({ executablePath: program, args: [...FLAGS, ...flags] });

/**
 * Opens the console in a browser context of its own, where `prepare` has run before anything else. Anything the page complains about is
 * kept in `complaints`.
 */
export async function visit(browser, server, { prepare = () => {}, ...options } = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const visitor = new Visitor(page);
  page.on("pageerror", (error) => visitor.complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && visitor.complaints.push(message.text()));
  await page.addInitScript(prepare);
  await page.goto(server.base);
  return visitor;
}

class Visitor {
  complaints = [];

  constructor(page) {
    this.page = page;
  }

  at(id) {
    return this.page.getByTestId(id);
  }

  async join(name, room, transport) {
    await this.at("name").fill(name);
    await this.at("room").fill(room);
    await this.at("transport").selectOption(transport);
    await this.at("join").click();
    await this.state("live");
  }

  /** Waits until the link is in this state. */
  state(wanted) {
    return this.page.locator(`[data-testid=status][data-state=${wanted}]`).waitFor();
  }

  /** Waits until Socket.IO travels this way. */
  way(wanted) {
    return this.page.locator(`[data-testid=status][data-state=live][data-way=${wanted}]`).waitFor();
  }

  async say(text) {
    await this.at("message-input").fill(text);
    await this.at("send").click();
  }

  async cut() {
    await this.at("cut").click();
    await this.state("cut");
  }

  async reconnect() {
    await this.at("reconnect").click();
    await this.state("live");
  }

  /** The message with this text, once it is there and says so much of itself (`data-…`). */
  async message(text, data = {}) {
    const wanted = Object.entries(data).map(([name, value]) => `[data-${name}="${value}"]`);
    const which = this.page.locator(`[data-testid=message]${wanted.join("")}`);
    const found = which.filter({ has: this.page.getByTestId("text").getByText(text, { exact: true }) });
    await found.first().waitFor();
    return found;
  }

  /** All texts in the order shown. */
  texts() {
    return this.at("text").allTextContents();
  }

  async faults() {
    const { gaps, duplicates } = await this.at("faults").evaluate((element) => ({ ...element.dataset }));
    return { gaps: Number(gaps), duplicates: Number(duplicates) };
  }

  close() {
    return this.page.context().close();
  }
}
