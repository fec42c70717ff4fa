/// <reference types="node" />
// How the console is built: hashed files under /assets, nothing inlined, so that a strict
// Content-Security-Policy (`default-src 'self'`) holds.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { type Plugin, defineConfig } from "vite";

/** Where `npm run dev` finds a running server. */
const server = "http://127.0.0.1:8080";

const packages = new URL("node_modules/", import.meta.url);

/**
 * Files of packages that are served as they are: the client of Socket.IO for any page that loads it from this server
 * (`/socket.io/socket.io.min.js` and the like), and the licences of what is no module and so not in `licenses.md`.
 */
function served(): Plugin {
  const client = readdirSync(new URL("socket.io-client/dist/", packages));
  const files = {
    ...Object.fromEntries(client.map((name) => [`socket.io/${name}`, `socket.io-client/dist/${name}`])),
    "socket.io/LICENSE": "socket.io-client/LICENSE",
    "figtree-LICENSE": "@fontsource-variable/figtree/LICENSE",
  };
  return {
    name: "served",
    apply: "build",
    generateBundle() {
      for (const [fileName, path] of Object.entries(files)) {
        this.emitFile({ type: "asset", fileName, source: readFileSync(new URL(path, packages)) });
      }
    },
  };
}

/** The licences of what is in a script that was bundled by its makers: its source map says which packages those are. */
function licensesWithin(fileName: string, script: string): Plugin {
  return {
    name: "licenses-within",
    apply: "build",
    generateBundle() {
      const { sources } = JSON.parse(readFileSync(new URL(`${script}.map`, packages), "utf8")) as { sources: string[] };
      const names = sources.flatMap((source) => source.match(/node_modules\/((?:@[^/]+\/)?[^/]+)(?!.*node_modules\/)/)?.[1] ?? []);
      const source = [...new Set(names)].sort().map(licenseOf).join("\n");
      this.emitFile({ type: "asset", fileName, source });
    },
  };
}

/** What a package says of its licence. A few are in that script only, and not installed with it: they are under the MIT licence, as it is. */
function licenseOf(name: string): string {
  const folder = new URL(`${name}/`, packages);
  if (!existsSync(folder)) return `## ${name} (MIT)\n`;
  const { version, license } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8")) as { version: string; license?: string };
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file ? readFileSync(new URL(file, folder), "utf8").trim() : "";
  return `## ${name} - ${version}${license ? ` (${license})` : ""}\n\n${text}\n`;
}

export default defineConfig({
  plugins: [served(), licensesWithin("webtorrent-licenses.md", "webtorrent/dist/webtorrent.min.js")],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    // The licences of everything that is in the bundle.
    license: { fileName: "licenses.md" },
  },
  server: {
    proxy: {
      "/rooms": { target: server, ws: true },
      "/api": { target: server },
      "/socket.io": { target: server, ws: true },
      "/tracker": { target: server, ws: true },
      "/xmpp-websocket": { target: server, ws: true },
    },
  },
});
