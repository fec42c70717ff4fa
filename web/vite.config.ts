/// <reference types="node" />
// How the console is built: hashed files under /assets, nothing inlined, so that a strict
// Content-Security-Policy (`default-src 'self'`) holds.
import { readFileSync, readdirSync } from "node:fs";
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

export default defineConfig({
  plugins: [served()],
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
      "/xmpp-websocket": { target: server, ws: true },
    },
  },
});
