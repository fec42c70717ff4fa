// The console shows what is said of messages where they stand, and who is writing: on each transport that hears of it at once.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, visit } from "./lib/console.js";
import { startServer } from "./lib/server.js";
import { SECRET, token } from "./lib/tokens.js";

let server;
let browser;
before(async () => {
  server = await startServer(`[access]\nadmit = ["guests", "tokens"]\n[token]\nhmac_secret = "${SECRET}"\n`);
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.stop();
});

/**
 * Says something of a message, with a token that says who it is; or, as the guest of that name who is there, that one is writing. The
 * server's answer, if it has one.
 */
async function post(room, name, query, body) {
  const who = query.startsWith("typing") ? `name=${name}` : `token=${token(name.toLowerCase(), { name })}`;
  const answer = await fetch(server.messages(room, `?${who}&${query}`), { method: "POST", body });
  assert.ok(answer.ok, `${query}: ${answer.status}`);
  return answer.status === 204 ? undefined : answer.json();
}

/** Ann's message, which is answered, edited and liked by two, and another that is taken back. */
async function conversation(room) {
  const first = await post(room, "Ann", "", "helo all");
  const second = await post(room, "Ann", "", "oh no");
  await post(room, "Bo", `reply_to=${first.id}`, "hi Ann");
  await post(room, "Ann", `edit_of=${first.offset}`, "hello all");
  await post(room, "Bo", `reactions_to=${first.id}`, '["👍","🎉"]');
  await post(room, "Cy", `reactions_to=${first.id}`, '["👍"]');
  await post(room, "Ann", `retracts=${second.id}`);
}

/** What the page shows of it in the end. */
async function shown(visitor) {
  await visitor.at("retracted").waitFor();
  await visitor.at("edited").waitFor();
  await visitor.at("reactions").getByText("👍 2", { exact: true }).waitFor();
  await visitor.message("hello all", { name: "Ann" });
  assert.deepEqual(await visitor.texts(), ["hello all", "hi Ann"]);
  assert.equal(await visitor.at("quote").textContent(), "Ann: helo all");
  assert.equal(await visitor.at("retracted").textContent(), "taken back by Ann");
  assert.equal(await visitor.at("reactions").textContent(), "👍 2🎉 1");
  assert.deepEqual(await visitor.faults(), { gaps: 0, duplicates: 0 });
  assert.deepEqual(visitor.complaints, []);
}

for (const transport of ["sse", "websocket", "socketio", "socketio-polling"]) {
  describe(transport, () => {
    test("as it happens, and again after a cut", async () => {
      const lee = await visit(browser, server);
      await lee.join("Lee", `about-${transport}`, transport);
      await conversation(`about-${transport}`);
      await shown(lee);
      await lee.cut();
      await lee.reconnect();
      await lee.say("still here");
      await lee.message("still here");
      assert.deepEqual(await lee.faults(), { gaps: 0, duplicates: 0 });
      await lee.close();
    });

    test("who is writing, until he has said it", async () => {
      const room = `writing-${transport}`;
      const lee = await visit(browser, server);
      const bo = await visit(browser, server);
      await lee.join("Lee", room, transport);
      await bo.join("Bo", room, "websocket");
      await post(room, "Bo", "typing=true");
      await lee.at("writing").getByText("Bo is writing…").waitFor();
      await bo.say("there it is");
      await lee.message("there it is", { name: "Bo" });
      await lee.at("writing").waitFor({ state: "detached" });
      await lee.close();
      await bo.close();
    });
  });
}

test("who comes later finds what was taken back gone, and its edits told", async () => {
  await conversation("about-later");
  const lee = await visit(browser, server);
  await lee.join("Lee", "about-later", "polling");
  await shown(lee);
  await lee.close();
});
