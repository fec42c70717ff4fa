// The code in the documentation, as it stands there, in pages of a browser: a developer's own, from another origin than the server's.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { leavesAfterwards } from "./leaving.js";
import { soon } from "./soon.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** Where the documentation says that the server is. */
const SERVER = /(http|ws):\/\/127\.0\.0\.1:8080|https:\/\/chat\.example\.org/g;
const KINDS = { js: "text/javascript", css: "text/css" };
const PACKAGES = fileURLToPath(new URL("../node_modules", import.meta.url));

/** The pieces of code in a document that browsers run, in their order: {language, code, line}. */
export function pieces(path) {
  const text = readFileSync(join(ROOT, path), "utf8");
  const fenced = [...text.matchAll(/^```(js|html)\n(.*?)^```$/gms)];
  return fenced.map(({ 1: language, 2: code, index }) => ({ language, code, line: text.slice(0, index).split("\n").length }));
}

/** A developer's web server, from which a browser has pages with these pieces. Each has a folder of its own: /1/, /2/, … */
export class Site {
  #browser;
  #folders = [];

  static async open(browser) {
    const site = new Site();
    site.#browser = browser;
    site.listener = http.createServer((request, response) => site.#answer(request, response)).listen(0, "localhost");
    await once(site.listener, "listening");
    site.origin = `http://localhost:${site.listener.address().port}`;
    return site;
  }

  close() {
    this.listener.close();
    this.listener.closeAllConnections();
  }

  /** A page that is this piece of HTML, beside the files of `folder`. */
  show(server, { code }, { folder = "docs", query = "" } = {}) {
    return this.#visit(server, code, folder, query);
  }

  /**
   * A page that runs this piece of JavaScript: `before` it what it takes for granted, `after` it what looks at it at once. The `names` that
   * it declares can be reached from outside.
   */
  async run(server, { code }, { before = "", after = "", names = [], body = "" } = {}) {
    const end = `Object.assign(globalThis, { ${names.join(", ")} }).hasRun = true;`;
    const html = `<!doctype html><meta charset="utf-8" />${body}<script type="module">${[before, code, after, end].join("\n")}</script>`;
    const page = await this.#visit(server, html, "docs", "");
    await page.waitForFunction(() => globalThis.hasRun);
    return page;
  }

  async #visit(server, html, folder, query) {
    const { host } = new URL(server.base);
    this.#folders.push({ html: html.replaceAll(SERVER, (_, scheme = "http") => `${scheme}://${host}`), folder });
    const address = `${this.origin}/${this.#folders.length}/${query}`;
    const context = await this.#browser.newContext();
    leavesAfterwards(() => context.close());
    const page = await context.newPage();
    page.said = [];
    page.complaints = [];
    page.on("console", (message) => (message.type() === "error" ? page.complaints : page.said).push(message.text()));
    page.on("pageerror", (error) => page.complaints.push(String(error)));
    await page.route(/^https:/, (route) => route.fulfill(packaged(new URL(route.request().url()))));
    await page.goto(address);
    return page;
  }

  #answer({ url }, response) {
    const [, number, path] = /^\/(\d+)\/([^?]*)/.exec(url) ?? [];
    const { html, folder } = this.#folders[number - 1] ?? {};
    if (html === undefined) return response.writeHead(204).end(); // the icon
    if (path === "") return response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(html);
    return response.writeHead(200, { "Content-Type": KINDS[path.split(".").at(-1)] }).end(readFileSync(join(ROOT, folder, path)));
  }
}

const versionOf = (name) => JSON.parse(readFileSync(join(PACKAGES, name, "package.json"), "utf8")).version;

/** What lets a page import packages by their names, as a bundler would; for each the file that it is. */
export function bundler(files) {
  const imports = Object.entries(files).map(([name, file]) => [name, `https://bundler.example/${name}@${versionOf(name)}/${file}`]);
  return `<script type="importmap">${JSON.stringify({ imports: Object.fromEntries(imports) })}</script>`;
}

/** What a content network has at this address: the package that is installed here, if it is of that version. */
function packaged({ href, pathname }) {
  const [, name, version, file] = /\/([\w.-]+)@([\d.]+)\/(.+)$/.exec(pathname);
  if (versionOf(name) !== version) throw new Error(`${href} is in the documentation, ${versionOf(name)} is tested`);
  return { path: join(PACKAGES, name, file), contentType: KINDS.js, headers: { "Access-Control-Allow-Origin": "*" } };
}

/** Waits until the page has said, on its console, something in which this is; all that. */
export function says(page, part) {
  return soon(findSaid(page, part), `the page to say "${part}" on its console`);
}

async function findSaid(page, part) {
  for (;;) {
    const found = page.said.find((text) => text.includes(part));
    if (found !== undefined) return found;
    await page.waitForEvent("console", { timeout: 0 }); // until the page is closed
  }
}
