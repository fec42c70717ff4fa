// socket.io-client in Chromium: pages of the server's own and from elsewhere, every transport, and networks that let no WebSocket through.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch } from "./lib/console.js";
import { bytes, others } from "./lib/others.js";
import { elsewhere, openOwnPage, openPage } from "./lib/pages.js";
import { startServer } from "./lib/server.js";
import { WAYS } from "./lib/socketio.js";
import { SECRET, token } from "./lib/tokens.js";
import { cuttable, REFUSALS, withoutWebSocket } from "./lib/wire.js";

const ann = { auth: { name: "Ann" } };
let server;
let site;
let stranger;
let browser;
before(async () => {
  site = await elsewhere(() => `${server.base}/socket.io/socket.io.min.js`);
  stranger = await elsewhere(() => `${server.base}/socket.io/socket.io.min.js`);
  server = await startServer(`
    [access]
    admit = ["guests", "tokens"]
    [token]
    hmac_secret = "${SECRET}"
    [http]
    origins = ["${site.base}"]
    [socketio]
    ping_interval = "1 s"
    ping_timeout = "5 s"
  `);
  browser = await launch();
});
after(async () => {
  await browser.close();
  site.close();
  stranger.close();
  await server.stop();
});

const cookie = (value) => ({ name: "hubbub_token", value, url: server.base });

/** From the page and to the page: text, a value, bytes, several of them. */
async function talk(page, company) {
  const says = async (event, told) => {
    const kept = await page.ask(...event);
    assert.deepEqual(await page.take(1), [event]);
    const { offset, from } = await company.hear({ event: event[0], ...told });
    assert.equal(offset, kept.offset);
    return from;
  };
  await says(["message", "grüße 🌍"], { data: "grüße 🌍" });
  await says(["move", { x: [1] }], { data: { x: [1] } });
  await says(["message", { bytes: [0, 255, 1] }], bytes(Buffer.of(0, 255, 1)));
  const from = await says(["move", { file: { bytes: [7] } }, null, "two"], { data: [{ file: { base64: "Bw==" } }, null, "two"], args: true });
  company.say("from a WebSocket");
  company.say(Buffer.of(9));
  await company.hear({ data: "from a WebSocket" });
  await company.hear(bytes(Buffer.of(9)));
  await company.post('{"x": 1}', "application/json", "event=move");
  assert.deepEqual(await page.take(3), [["message", "from a WebSocket"], ["message", { bytes: [9] }], ["move", { x: 1 }]]);
  return from;
}

describe("a page of the server's own, with the client that it serves", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    test(way, async () => {
      const company = await others(server, `own-${way}`, ["move"]);
      const page = await openOwnPage(browser, server);
      await page.enter(server, `/own-${way}`, { ...options, ...ann });
      assert.equal(await talk(page, company), "ann@guest.localhost");
      assert.equal(await page.told("transport"), options.transports[0]);
      if (way === "upgrade") assert.equal(await page.told("transport"), "websocket");
    });
  }

  test("io() without an address is the server that the page is from", async () => {
    const page = await openOwnPage(browser, server, [cookie(token("bea"))]);
    await page.knock({ base: "" }, "/own-default");
    assert.equal((await page.told("hubbub:joined")).presence.occupants[0].user, "bea@localhost");
  });

  test("the client as a module, and the one for msgpack", async () => {
    const company = await others(server, "own-msgpack", ["move"]);
    const page = await openPage(browser, server.base);
    await page.page.addScriptTag({ url: "/socket.io/socket.io.msgpack.min.js" });
    await page.enter(server, "/own-msgpack", ann);
    await talk(page, company);
    const module = await openPage(browser, server.base);
    await module.page.evaluate(async () => (globalThis.io = (await import("/socket.io/socket.io.esm.min.js")).io));
    await module.enter(server, "/own-msgpack", { auth: { last: 1 } });
    assert.deepEqual(await module.take(1), [["move", { x: 1 }]]);
  });

  test("while the transport changes, both sides speak, and nothing is lost or doubled", async () => {
    const company = await others(server, "own-speaking");
    const page = await openOwnPage(browser, server);
    await page.enter(server, "/own-speaking", { ...WAYS.upgrade, ...ann });
    let said = 0;
    for (let left = 10; left > 0; left -= (await page.transport()) === "websocket" ? 1 : 0) {
      company.say(`others ${said}`);
      await page.say("message", `Ann ${said}`);
      said += 1;
    }
    await company.stream.inbox.take(2 * said);
    const { messages } = await (await fetch(server.messages("own-speaking", "?since=0&limit=1000"))).json();
    assert.equal(messages.length, 2 * said);
    assert.deepEqual(await page.take(2 * said), messages.map(({ data }) => ["message", data]));
  });
});

describe("a page from elsewhere", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    test(`${way}: of an origin that is listed`, async () => {
      const company = await others(server, `listed-${way}`, ["move"]);
      const page = await openPage(browser, site.base);
      await page.enter(server, `/listed-${way}`, { ...options, ...ann });
      assert.equal(await talk(page, company), "ann@guest.localhost");
    });

    test(`${way}: with credentials, its visitor's cookie counts`, async () => {
      const company = await others(server, `cookie-${way}`, ["move"]);
      const page = await openPage(browser, site.base, [cookie(token("bea"))]);
      await page.enter(server, `/cookie-${way}`, { ...options, withCredentials: true });
      assert.equal(await talk(page, company), "bea@localhost");
    });

    test(`${way}: of an origin that is not listed is refused`, async () => {
      const page = await openPage(browser, stranger.base);
      await page.knock(server, "/lobby", { ...options, ...ann, reconnection: false });
      assert.match((await page.told("connect_error")).message, /^(xhr poll|websocket) error$/);
    });
  }

  test("with a header of its own, which the browser asks about first", async () => {
    const page = await openPage(browser, site.base);
    const extraHeaders = { Authorization: `Bearer ${token("bea")}` };
    await page.enter(server, "/listed-header", { ...WAYS.polling, extraHeaders });
    assert.equal(page.joined.presence.occupants[0].user, "bea@localhost");
  });

  test("where any origin may come, a token in auth counts and a cookie does not", async (t) => {
    const open = await startServer(`
      [access]
      admit = ["guests", "tokens"]
      [token]
      hmac_secret = "${SECRET}"
      [http]
      origins = ["*"]
    `);
    t.after(() => open.stop());
    for (const [way, options] of Object.entries(WAYS)) {
      const user = async (options, cookies) => {
        const page = await openPage(browser, stranger.base, cookies);
        await page.enter(open, `/any-${way}`, options);
        return page.joined.presence.occupants.at(-1).user;
      };
      assert.equal(await user({ ...options, auth: { token: token("bea") } }), "bea@localhost");
      const jar = [{ ...cookie(token("bea")), url: open.base }];
      assert.match(await user({ ...options, withCredentials: way === "websocket" }, jar), /@guest\.localhost$/);
    }
  });
});

describe("a proxy on the way lets no WebSocket through", () => {
  for (const [how, refuse] of Object.entries(REFUSALS)) {
    test(`${how}: the page stays on polling, and it works`, async (t) => {
      const wire = await withoutWebSocket(server, refuse);
      t.after(wire.close);
      const room = `blocked-${how.replaceAll(" ", "-")}`;
      const company = await others(server, room, ["move"]);
      const page = await openOwnPage(browser, wire);
      const before = wire.refused;
      await page.enter(wire, `/${room}`, { ...WAYS.upgrade, ...ann });
      assert.equal(await talk(page, company), "ann@guest.localhost");
      assert.equal(await page.transport(), "polling");
      assert.equal(wire.refused - before, 1);
    });
  }

  test("a page that begins with WebSocket falls back to polling", async (t) => {
    const wire = await withoutWebSocket(server, REFUSALS["answers 403"]);
    t.after(wire.close);
    const company = await others(server, "blocked-first", ["move"]);
    const page = await openOwnPage(browser, wire);
    await page.enter(wire, "/blocked-first", { transports: ["websocket", "polling"], tryAllTransports: true, ...ann });
    await talk(page, company);
    assert.equal(await page.transport(), "polling");
  });
});

describe("the network breaks, and the page comes back by itself", () => {
  for (const [way, options] of Object.entries(WAYS)) {
    test(way, async (t) => {
      const wire = await cuttable(server);
      t.after(wire.close);
      const company = await others(server, `cut-${way}`);
      const page = await openOwnPage(browser, wire);
      await page.enter(wire, `/cut-${way}`, { ...options, ...ann, reconnectionDelay: 20, reconnectionDelayMax: 20 });
      if (way === "upgrade") while ((await page.told("transport")) !== "websocket");
      const before = await page.page.evaluate(() => globalThis.socket.id);
      // The answer to a poll may be lost on the way, and the browser then asks again without telling the page.
      for (let round = 0; round < 5; round++) {
        await company.post(`here ${round}`);
        wire.cut();
        await company.post(`away ${round}`);
        assert.deepEqual(await page.take(2), [["message", `here ${round}`], ["message", `away ${round}`]]);
      }
      // It is the same session as before, or will be as soon as the page has noticed the last cut.
      await page.page.waitForFunction((id) => globalThis.socket.id === id, before);
    });
  }
});
