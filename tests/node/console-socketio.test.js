// Socket.IO on the console's page, as it happens: the upgrade, the way without one, and how a session comes back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { publish } from "./lib/clients.js";
import { launch, visit } from "./lib/console.js";
import { freePort, startServer } from "./lib/server.js";

/** Rooms called `short-…` keep three messages; the room `closed` is Alice's alone. */
const CONFIG = `
[[room]]
match = "short-*"
history_count = 3

[[room]]
match = "closed"
read = ["@alice"]
`;

let server;
let browser;
before(async () => {
  server = await startServer(CONFIG);
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.stop();
});

/** Ann in a room of her own, by Socket.IO. */
async function join(room, transport = "socketio", prepare = async () => {}) {
  const ann = await visit(browser, server);
  await prepare(ann.page);
  await ann.join("Ann", room, transport);
  return ann;
}

describe("the way it travels", () => {
  test("it begins by polling, and upgrades", async () => {
    const ann = await join("way-up");
    await ann.way("websocket");
    await ann.at("upgraded").getByText("Upgraded from polling to WebSocket").waitFor();
    const wire = ann.at("wire");
    await wire.getByText("open by polling").waitFor();
    await wire.getByText("Upgraded: the WebSocket goes on").waitFor();
    await ann.say("by WebSocket");
    await wire.getByText('["message","by WebSocket"]').first().waitFor();
    await ann.message("by WebSocket", { own: "true" });
    assert.deepEqual(ann.complaints, []);
    await ann.close();
  });

  test("where no WebSocket comes through, polling goes on", async () => {
    const blocked = async (page) => {
      await page.routeWebSocket(/socket\.io/, (socket) => socket.close({ code: 1011 }));
      await page.reload();
    };
    const ann = await join("way-stuck", "socketio", blocked);
    await ann.at("stuck").waitFor();
    await ann.way("polling");
    await ann.say("by polling");
    await ann.message("by polling", { own: "true", name: "Ann" });
    assert.equal(await ann.at("upgraded").count(), 0);
    await ann.close();
  });

  for (const [transport, way] of [["socketio-polling", "polling"], ["socketio-websocket", "websocket"]]) {
    test(`${way} only: from the start to the end`, async () => {
      const sockets = [];
      const ann = await join(`way-${way}`, transport, async (page) => page.on("websocket", (socket) => sockets.push(socket.url())));
      await ann.way(way);
      await ann.say("here");
      await ann.message("here", { own: "true" });
      assert.equal(await ann.at("upgraded").count(), 0);
      assert.equal(sockets.length, way === "websocket" ? 1 : 0);
      await ann.close();
    });
  }
});

describe("coming back", () => {
  test("cut by hand: the session is recovered, and the page says what it missed", async () => {
    const ann = await join("back-cut");
    await publish(server, "back-cut", "before");
    await ann.message("before");
    await ann.cut();
    await publish(server, "back-cut", "one");
    await publish(server, "back-cut", "two");
    await ann.reconnect();
    await ann.message("two", { how: "missed", from: "curl@guest.localhost" });
    const resumed = ann.at("resumed");
    await resumed.getByText("the session recovered. 2 messages were missed").waitFor();
    assert.equal(await resumed.getAttribute("data-session"), "recovered");
    assert.equal(await resumed.getAttribute("data-recovered"), "true");
    assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
    await ann.close();
  });

  test("a network that goes and comes: the client reconnects by itself", async () => {
    const ann = await join("back-offline");
    await ann.way("websocket");
    await publish(server, "back-offline", "before");
    await ann.message("before");
    await ann.page.context().setOffline(true);
    await ann.state("retrying");
    await publish(server, "back-offline", "meanwhile");
    await ann.page.context().setOffline(false);
    await ann.message("meanwhile", { how: "missed" });
    assert.equal(await ann.at("resumed").getAttribute("data-session"), "recovered");
    await ann.way("websocket");
    assert.deepEqual(await ann.texts(), ["before", "meanwhile"]);
    assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
    await ann.close();
  });

  test("where the history is gone, it says so and goes on with what is kept", async () => {
    const ann = await join("short-memory");
    await publish(server, "short-memory", "before");
    await ann.message("before");
    await ann.cut();
    for (const text of ["1", "2", "3", "4", "5"]) await publish(server, "short-memory", text);
    await ann.reconnect();
    await ann.message("5");
    const resumed = ann.at("resumed");
    assert.equal(await resumed.getAttribute("data-recovered"), "false");
    assert.equal(await resumed.getAttribute("data-session"), "new");
    assert.deepEqual(await ann.texts(), ["before", "3", "4", "5"]);
    assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
    await ann.close();
  });

  for (const durable of [true, false]) {
    const what = durable ? "the log is on disk: the session is recovered" : "the log was in memory: the page says what is gone";
    test(`a server that ends and comes again, and ${what}`, async () => {
      const mortal = await startServer("", { durable, port: await freePort() });
      const ann = await visit(browser, mortal);
      await ann.join("Ann", "restart", "socketio");
      await ann.say("before");
      await ann.message("before", { name: "Ann" });
      await mortal.kill();
      await ann.state("retrying");
      await mortal.start();
      await ann.state("live");
      await publish(mortal, "restart", "after");
      await ann.message("after", { name: "Curl" });
      assert.equal(await ann.at("resumed").getAttribute("data-recovered"), String(durable));
      assert.equal(await ann.at("resumed").getAttribute("data-session"), durable ? "recovered" : "new");
      assert.deepEqual(await ann.texts(), ["before", "after"]);
      assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
      await ann.close();
      await mortal.stop();
    });
  }

  test("an acknowledgement that was lost on the way: the page does not guess", async () => {
    let lost = false;
    const losing = async (page) => {
      await page.routeWebSocket(/socket\.io/, (socket) => {
        const far = socket.connectToServer();
        far.onMessage((packet) => {
          // SIO5 "Packet types": 3 is an acknowledgement, 4 before it a message of Engine.IO.
          if (lost || !String(packet).startsWith("43/")) return socket.send(packet);
          lost = true;
          far.close();
          socket.close({ code: 1011 });
        });
      });
      await page.reload();
    };
    const ann = await join("back-unsure", "socketio-websocket", losing);
    await ann.say("once, whatever happens");
    const failed = ann.page.locator("[data-testid=pending][data-state=failed]");
    await failed.getByText("It may have been kept").waitFor();
    await ann.message("once, whatever happens", { name: "Ann" });
    await failed.getByRole("button", { name: "Discard" }).click();
    await failed.waitFor({ state: "detached" });
    assert.equal(lost, true);
    assert.deepEqual(await ann.texts(), ["once, whatever happens"]);
    assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
    await ann.close();
  });

  test("from another transport: another session reads on, and nothing is missed", async () => {
    const ann = await join("back-other");
    await publish(server, "back-other", "by Socket.IO");
    await ann.message("by Socket.IO");
    await ann.join("Ann", "back-other", "websocket");
    await publish(server, "back-other", "by WebSocket");
    await ann.message("by WebSocket");
    await ann.cut();
    await publish(server, "back-other", "by nobody");
    await ann.at("transport").selectOption("socketio");
    await ann.at("join").click();
    await ann.state("live");
    await ann.message("by nobody", { how: "missed" });
    const resumed = ann.at("resumed").last();
    assert.equal(await resumed.getAttribute("data-session"), "new");
    assert.equal(await resumed.getAttribute("data-recovered"), "true");
    assert.deepEqual(await ann.texts(), ["by Socket.IO", "by WebSocket", "by nobody"]);
    assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
    await ann.close();
  });
});

test("several arguments and bytes are shown as other protocols carry them", async () => {
  const ann = await join("said");
  const event = { method: "POST", headers: { "Content-Type": "application/json" }, body: '["a",{"n":1}]' };
  await fetch(server.messages("said", "?name=Bo&args=true&event=move"), event);
  await ann.message('["a",{"n":1}]', { name: "Bo" });
  const bytes = { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: new Uint8Array(5) };
  await fetch(server.messages("said", "?name=Bo"), bytes);
  await ann.message("5 bytes of binary", { name: "Bo" });
  await fetch(server.messages("said", "?name=Bo&event=connect"), { method: "POST", headers: { "Content-Type": "text/plain" }, body: "a name Socket.IO keeps for itself" });
  const reserved = await ann.message("a name Socket.IO keeps for itself", { name: "Bo" });
  await reserved.getByText("connect", { exact: true }).waitFor();
  await ann.close();
});

for (const [room, status] of [["closed", 403], ["one, two", 400]]) {
  test(`a room that cannot be entered (${room}): the refusal and what to do`, async () => {
    const ann = await visit(browser, server);
    await ann.at("name").fill("Ann");
    await ann.at("room").fill(room);
    await ann.at("transport").selectOption("socketio");
    await ann.at("join").click();
    await ann.page.locator(`[data-testid=problem][data-status="${status}"]`).waitFor();
    await ann.state("idle");
    await ann.close();
  });
}
