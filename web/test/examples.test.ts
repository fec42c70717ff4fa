import { expect, test, vi } from "vitest";

/** Plain JavaScript, as pages have it. */
const example = (file: string) => import(/* @vite-ignore */ new URL(`../../examples/calls/${file}`, import.meta.url).href);

test("in examples/calls, one's own address says whether addresses are those of occupants", async () => {
  vi.stubGlobal("WebSocket", class { close() {} });
  const [{ person }, { OverWebSocket }] = [await example("call.js"), await example("signalling.js")];
  const join = (session: string) => {
    const signalling = new OverWebSocket("http://x", "lobby", "Ann");
    signalling.tell("hubbub:joined", { session });
    signalling.close();
  };
  join("ann@rooms.x/s0.1");
  expect(["bo@rooms.x/s0.2", "bo@x/s0.2", "bo@x"].map(person)).toEqual(["bo@rooms.x", "bo@x", "bo@x"]);
  join("lobby@rooms.y/Ann");
  expect(["lobby@rooms.y/Bo/2", "lobby@rooms.x/s0.2"].map(person)).toEqual(["lobby@rooms.y/Bo/2", "lobby@rooms.x"]);
  vi.unstubAllGlobals();
});
