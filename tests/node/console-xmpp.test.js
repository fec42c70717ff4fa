// XMPP on the console's page: one room with everybody else, the name one logs in by, and how it ends.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { publish } from "./lib/clients.js";
import { launch, visit } from "./lib/console.js";
import { freePort, startServer } from "./lib/server.js";

/** The room `closed` is Alice's alone. */
const CONFIG = `
[access]
admit = ["accounts", "guests"]

[[room]]
match = "closed"
read = ["@alice"]
`;

let server;
let browser;
before(async () => {
  server = await startServer(CONFIG, { durable: true });
  await server.addUser("ann", "the password of ann");
  browser = await launch();
});
after(async () => {
  await browser.close();
  await server.stop();
});

/** Somebody in a room, by XMPP unless said otherwise. */
async function join(name, room, transport = "xmpp", where = server) {
  const visitor = await visit(browser, where);
  await visitor.join(name, room, transport);
  return visitor;
}

/** Ann, by her account's name and password, on her way into a room. */
async function signedIn(room) {
  const ann = await visit(browser, server);
  await ann.page.getByText("Sign in").first().click();
  await ann.page.getByLabel("Account").fill("ann");
  await ann.page.getByLabel("Password").fill("the password of ann");
  await ann.at("sign-in").click();
  await ann.page.getByRole("button", { name: "Sign out" }).waitFor();
  await ann.at("room").fill(room);
  await ann.at("transport").selectOption("xmpp");
  await ann.at("join").click();
  return ann;
}

/** Waits until the people listed are those with these addresses. */
async function people(visitor, ...users) {
  await visitor.page.locator(`[data-testid=people][data-count="${users.length}"]`).waitFor();
  const shown = await visitor.at("people").locator("[data-user]").evaluateAll((all) => all.map((one) => one.dataset.user));
  assert.deepEqual(shown.sort(), users.sort());
}

/** Tries to enter, and is refused with this status. */
async function refused(name, room, status) {
  const visitor = await visit(browser, server);
  await visitor.at("name").fill(name);
  await visitor.at("room").fill(room);
  await visitor.at("transport").selectOption("xmpp");
  await visitor.at("join").click();
  await visitor.page.locator(`[data-testid=problem][data-status="${status}"]`).waitFor();
  await visitor.state("idle");
  return visitor;
}

describe("in a room", () => {
  test("with a user of Socket.IO and one of curl: all hear all, and see who is there", async () => {
    const bo = await join("Bo", "x-mixed", "socketio");
    await publish(server, "x-mixed", "before");
    const ann = await join("Ann", "x-mixed");
    await ann.message("before", { how: "history" });
    await ann.say("by XMPP <&> 🌍");
    await ann.message("by XMPP <&> 🌍", { own: "true", name: "Ann", from: "ann@guest.localhost" });
    await bo.message("by XMPP <&> 🌍", { name: "Ann" });
    await bo.say("by Socket.IO");
    await ann.message("by Socket.IO", { name: "Bo", how: "live" });
    await publish(server, "x-mixed", "by curl");
    await ann.message("by curl", { name: "Curl", how: "live" });
    assert.deepEqual(await ann.texts(), await bo.texts());
    assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
    await people(bo, "ann@guest.localhost", "bo@guest.localhost");
    await people(ann, "ann@guest.localhost", "bo@guest.localhost");
    const wes = await join("Wes", "x-mixed", "websocket");
    await people(ann, "ann@guest.localhost", "bo@guest.localhost", "wes@guest.localhost");
    await wes.close();
    await people(ann, "ann@guest.localhost", "bo@guest.localhost");
    assert.deepEqual(ann.complaints, []);
    for (const one of [ann, bo]) await one.close();
  });

  test("what it does is shown: the stream, how it logs in, and stanzas", async () => {
    const ann = await join("Ann", "x-shown");
    await ann.at("bound").getByText("XMPP stream without TLS, logged in by ANONYMOUS as ann@guest.localhost/").waitFor();
    const wire = ann.at("wire");
    await wire.getByText("Logged in by ANONYMOUS, without TLS").waitFor();
    await wire.getByText("auth, ANONYMOUS").waitFor();
    await ann.say("a stanza");
    await wire.getByText("<body>a stanza</body>").first().waitFor();
    await ann.close();
  });

  test("who signs in by a password proves that he knows it", async () => {
    const ann = await signedIn("x-account");
    await ann.state("live");
    await ann.at("bound").getByText("logged in by SCRAM-SHA-256 as ann@localhost/").waitFor();
    await ann.say("from my account");
    await ann.message("from my account", { own: "true", from: "ann@localhost" });
    await ann.at("wire").getByText("auth, SCRAM-SHA-256").waitFor();
    await ann.close();
  });
});

test("the server's domain is not what the page is called: the server says it", async () => {
  const other = await startServer('[server]\ndomain = "example.org"\n');
  const ann = await join("Ann", "x-domain", "xmpp", other);
  await ann.at("wire").getByText("The server is that of example.org").waitFor();
  await ann.say("found");
  await ann.message("found", { own: "true", from: "ann@guest.example.org" });
  await ann.cut();
  await ann.reconnect();
  assert.equal(await ann.at("wire").getByText("The server is that of example.org").count(), 1);
  await ann.close();
  await other.stop();
});

describe("leaving and coming back", () => {
  test("cut: the room hears it at once; reconnected: what was missed is there", async () => {
    const bo = await join("Bo", "x-back");
    const ann = await join("Ann", "x-back");
    await people(bo, "ann@guest.localhost", "bo@guest.localhost");
    await ann.cut();
    await people(bo, "bo@guest.localhost");
    await bo.say("meanwhile");
    await bo.message("meanwhile", { own: "true" });
    await ann.reconnect();
    await ann.message("meanwhile", { how: "missed", from: "bo@guest.localhost" });
    assert.equal(await ann.at("resumed").getAttribute("data-recovered"), "true");
    assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
    for (const one of [ann, bo]) await one.close();
  });

  test("a server that ends and comes again", async () => {
    const mortal = await startServer(CONFIG, { durable: true, port: await freePort() });
    const ann = await join("Ann", "x-restart", "xmpp", mortal);
    await ann.say("before");
    await ann.message("before", { own: "true" });
    await mortal.kill();
    await ann.state("retrying");
    await mortal.start();
    await ann.state("live");
    await publish(mortal, "x-restart", "after");
    await ann.message("after", { name: "Curl" });
    assert.deepEqual(await ann.texts(), ["before", "after"]);
    assert.deepEqual(await ann.faults(), { gaps: 0, duplicates: 0 });
    await ann.close();
    await mortal.stop();
  });
});

describe("refusals, and what to do", () => {
  test("a name that somebody else has", async () => {
    const other = await join("ann", "x-taken", "websocket");
    const ann = await signedIn("x-taken");
    await ann.page.locator('[data-testid=problem][data-status="409"]').getByText("conflict").waitFor();
    await ann.state("idle");
    for (const one of [ann, other]) await one.close();
  });

  test("a room that is not for guests", async () => {
    const ann = await refused("Ann", "closed", 403);
    await ann.at("problem").getByText("forbidden").waitFor();
    await ann.close();
  });

  test("a room that no address of XMPP can name", async () => {
    const ann = await refused("Ann", "Two Words", 400);
    await ann.at("problem").getByText("XMPP cannot name this room").waitFor();
    await ann.close();
  });
});

test("the client is fetched by nobody who does not choose XMPP", async () => {
  const bo = await visit(browser, server);
  const scripts = () => bo.page.evaluate(() => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js")).length);
  await bo.join("Bo", "x-lazy", "websocket");
  assert.equal(await scripts(), 1);
  await bo.join("Bo", "x-lazy", "xmpp");
  assert.equal(await scripts(), 2);
  await bo.close();
});
