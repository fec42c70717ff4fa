// How the console is built: hashed files under /assets, nothing inlined, so that a strict
// Content-Security-Policy (`default-src 'self'`) holds.
import { defineConfig } from "vite";

/** Where `npm run dev` finds a running server. */
const server = "http://127.0.0.1:8080";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    proxy: {
      "/rooms": { target: server, ws: true },
      "/api": { target: server },
    },
  },
});
