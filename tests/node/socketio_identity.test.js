// socket.io-client: who somebody is, what he may do, and how a refusal looks.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { others, post } from "./lib/others.js";
import { startServer } from "./lib/server.js";
import { knock, once, refusal, visit, Visitor, WAYS } from "./lib/socketio.js";
import { SECRET, token } from "./lib/tokens.js";

const CONFIG = `
[access]
admit = ["guests", "accounts", "tokens"]
[token]
hmac_secret = "${SECRET}"
[[room]]
match = "members"
join = ["users"]
read = ["users"]
publish = ["users"]
[[room]]
match = "news"
publish = ["@editor"]
`;
let server;
before(async () => {
  server = await startServer(CONFIG, { durable: true });
  await server.addUser("alice", "wonderland");
});
after(() => server.stop());

const ALICE = { user: "alice", password: "wonderland" };

describe("who somebody is", () => {
  const places = {
    "a token in auth": { auth: () => ({ token: token("bea", { name: "Bea" }) }), user: "bea@localhost" },
    "a token in the address": { query: () => ({ token: token("bea") }), user: "bea@localhost" },
    "a token in a header": { extraHeaders: () => ({ Authorization: `Bearer ${token("bea")}` }), user: "bea@localhost" },
    "a token in a cookie": { extraHeaders: () => ({ Cookie: `a=b; hubbub_token=${token("bea")}` }), user: "bea@localhost" },
    "an account in auth": { auth: () => ALICE, user: "alice@localhost" },
    "an account in a header": {
      extraHeaders: () => ({ Authorization: `Basic ${Buffer.from("alice:wonderland").toString("base64")}` }),
      user: "alice@localhost",
    },
    "a guest's name in auth": { auth: () => ({ name: "Cy" }), user: "cy@guest.localhost" },
    "a guest's name in the address": { query: () => ({ name: "Cy" }), user: "cy@guest.localhost" },
    "auth counts more than the address": { auth: () => ALICE, query: () => ({ name: "Cy" }), user: "alice@localhost" },
  };
  for (const [what, { user, ...made }] of Object.entries(places)) {
    for (const [way, options] of Object.entries(WAYS)) {
      test(`${what}, ${way}`, async () => {
        const room = `who-${way}-${what.replaceAll(/[^a-z]/g, "-")}`;
        const company = await others(server, room);
        const own = Object.fromEntries(Object.entries(made).map(([option, make]) => [option, make()]));
        const visitor = await visit(server, `/${room}`, { ...options, ...own });
        await visitor.ask("message", "it is me");
        assert.equal((await company.hear({ data: "it is me" })).from, user);
      });
    }
  }

  test("auth may be a function, asked each time", async () => {
    let asked = 0;
    const visitor = await visit(server, "/who-function", { auth: (give) => give({ name: `Ann ${++asked}` }) });
    assert.equal(visitor.joined.presence.occupants[0].name, "Ann 1");
    visitor.socket.disconnect();
    await visitor.back();
    assert.equal((await visitor.told("joined")).presence.occupants.at(-1).name, "Ann 2");
  });
});

describe("connect errors say why, in words and for programs", () => {
  const expired = () => ({ token: token("bea", {}, -60) });
  const forged = () => ({ token: `${token("bea").slice(0, -4)}AAAA` });
  for (const [what, namespace, auth, status, name] of [
    ["a token that is none", "/lobby", () => ({ token: "nonsense" }), 401, "unauthorized"],
    ["an expired token", "/lobby", expired, 401, "unauthorized"],
    ["a forged token", "/lobby", forged, 401, "unauthorized"],
    ["a wrong password", "/lobby", () => ({ ...ALICE, password: "queen" }), 401, "unauthorized"],
    ["an account that is not there", "/lobby", () => ({ user: "nobody", password: "x" }), 401, "unauthorized"],
    ["a room for members", "/members", () => ({ name: "Ann" }), 403, "forbidden"],
    ["a token for another room", "/lobby", () => ({ token: token("bea", { rooms: { garden: ["read"] } }) }), 403, "forbidden"],
    ["somebody else's inbox", "/@alice", () => ({ token: token("bea") }), 403, "forbidden"],
    ["a room elsewhere", "/lobby@rooms.example.org", () => ({}), 404, "not-found"],
    ["a name that is too long", `/${"x".repeat(300)}`, () => ({}), 400, "bad-request"],
    ["an offset that is none", "/lobby", () => ({ since: "yesterday" }), 400, "bad-request"],
    ["a guest's name that is none", "/lobby", () => ({ name: "\u0000" }), 400, "bad-request"],
  ]) {
    for (const [way, options] of Object.entries(WAYS)) {
      test(`${what}, ${way}`, async () => {
        const error = await refusal(knock(server, namespace, { ...options, auth: auth() }));
        assert.equal(error.data.status, status);
        assert.equal(error.data.type, `urn:hubbub:problem:${name}`);
        assert.equal(error.message, error.data.detail);
        assert.ok(error.message.length > 0);
      });
    }
  }

  test("one refused namespace leaves the others of the connection alone", async () => {
    const lobby = await visit(server, "/lobby", { auth: { name: "Ann" } });
    const members = lobby.socket.io.socket("/members");
    assert.equal((await refusal(members)).data.status, 403);
    await lobby.ask("message", "still here");
    assert.deepEqual(await lobby.next(), ["message", "still here"]);
    const alice = new Visitor(lobby.socket.io.socket("/@alice", { auth: ALICE }));
    await alice.connected();
    assert.equal(alice.socket.io, lobby.socket.io);
  });

  test("refused, then with a better token: the same socket gets in", async () => {
    const socket = knock(server, "/members", { auth: { token: "nonsense" } });
    const visitor = new Visitor(socket);
    assert.equal((await refusal(socket)).data.status, 401);
    socket.auth = { token: token("bea") };
    await visitor.back();
    assert.equal((await visitor.told("joined")).room, "members");
  });
});

describe("what is refused later", () => {
  test("where one may not publish, the acknowledgement says so; without one, an event does", async () => {
    const company = await others(server, "news");
    const reader = await visit(server, "/news", { auth: { name: "Ann" } });
    const { error } = await reader.ask("message", "extra, extra");
    assert.equal(error.status, 403);
    reader.emit("message", "read all about it");
    assert.deepEqual(await reader.told("error"), error);
    const editor = await visit(server, "/news", { auth: { token: token("editor") } });
    await editor.ask("message", "the news");
    assert.deepEqual(await reader.next(), ["message", "the news"]);
    await company.hear({ data: "the news" });
  });

  test("a token that ends while its holder is there puts him out, and says why", async () => {
    const company = await others(server, "ending");
    const visitor = await visit(server, "/ending", { auth: { token: token("bea", {}, 2) } });
    const out = once(visitor.socket, "disconnect");
    assert.equal((await visitor.told("error")).status, 401);
    assert.equal(await out, "io server disconnect");
    visitor.socket.auth = { token: token("bea") };
    await visitor.back();
    await visitor.ask("message", "back");
    await company.hear({ data: "back" });
  });
});

describe("an inbox", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    test(`${way}: others write to it, its owner reads it, also what came before`, async () => {
      const owner = `olga-${way}`;
      await server.addUser(owner, "secret");
      const early = await post(server, `@${owner}`, "before you came");
      const inbox = await visit(server, `/@${owner}`, { ...options, auth: { user: owner, password: "secret", since: "0" } });
      assert.equal(inbox.joined.room, `@${owner}`);
      assert.deepEqual(await inbox.next(), ["message", "before you came"]);
      assert.equal(inbox.offsets.at(-1), early.offset);
      const company = await others(server, `@${owner}`, ["poke"], `token=${token(owner)}`);
      const friend = await visit(server, "/", { ...options, auth: { name: "Ann" } });
      const kept = await friend.ask("publish", `@${owner}`, "poke", { hard: true });
      assert.deepEqual(await inbox.next(), ["poke", { hard: true }]);
      assert.equal((await company.hear({ event: "poke", data: { hard: true } })).offset, kept.offset);
      const { error } = await friend.ask("join", `@${owner}`);
      assert.equal(error.status, 403);
    });
  }
});
