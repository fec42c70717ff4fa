// The example for games: what its pages count is right, and on a line that loses packets a data channel waits for none of them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Comparison } from "../../examples/game/comparison.js";
import { readPosition } from "../../examples/game/position.js";
import { launch } from "./lib/console.js";
import { launchWithin, namespaces, newNamespace, startGame } from "./lib/game.js";
import { leavesAfterwards } from "./lib/leaving.js";

const WAYS = ["channel", "socket"];

describe("what has arrived on two ways is compared:", () => {
  const comparison = () => new Comparison(WAYS);

  test("lateness is counted from the fastest of both, whatever the clocks", () => {
    const compared = comparison();
    compared.take("channel", { seq: 0, t: 5_000 }, 1_030);
    compared.take("socket", { seq: 0, t: 5_000 }, 1_050);
    compared.take("channel", { seq: 1, t: 5_016 }, 1_056);
    assert.deepEqual(compared.arrived("channel", 1_100), [
      { at: 1_030, late: 0 },
      { at: 1_056, late: 10 },
    ]);
    assert.deepEqual(compared.arrived("socket", 1_100), [{ at: 1_050, late: 20 }]);
    assert.deepEqual(compared.arrived("socket", 1_051 + compared.window), [], "that is too long ago");
  });

  test("what is missing between others never came; what comes late did", () => {
    const compared = comparison();
    for (const seq of [3, 4, 8, 6]) compared.take("channel", { seq, t: 0 }, seq);
    assert.equal(compared.numbers("channel", 10).lost, 2);
    assert.equal(compared.missed("channel", 10).length, 2);
    assert.equal(compared.numbers("socket", 10).lost, 0);
  });

  test("a message is overtaken if a later one has come on the other way", () => {
    const compared = comparison();
    const order = [["channel", 0], ["socket", 0], ["channel", 1], ["channel", 2], ["socket", 1], ["socket", 2], ["channel", 5], ["socket", 5]];
    order.forEach(([way, seq], now) => compared.take(way, { seq, t: 0 }, now));
    assert.equal(compared.numbers("socket", 10).overtaken, 1);
    assert.equal(compared.numbers("channel", 10).overtaken, 0);
  });

  test("percentiles, and the longest silence", () => {
    const compared = comparison();
    for (let seq = 0; seq < 100; seq += 1) compared.take("socket", { seq, t: 0 }, seq);
    const { median, p95, p99, silence } = compared.numbers("socket", 100);
    assert.deepEqual({ median, p95, p99, silence }, { median: 50, p95: 95, p99: 99, silence: 1 });
    assert.equal(compared.numbers("channel", 100).median, undefined);
  });
});

describe("in a room anybody may say anything:", () => {
  const spoken = { name: "Bo", seq: 3, t: 1.5, x: 0.5, y: -0.1 };

  test("a position is what says who, which, when and where", () => {
    assert.deepEqual(readPosition(JSON.stringify({ ...spoken, more: true })), spoken);
    const odd = ["", "null", "7", "[]", "{", '"Bo"', ...["name", "seq", "t", "x", "y"].map((key) => JSON.stringify({ ...spoken, [key]: undefined }))];
    const wrong = [{ name: 7 }, { seq: -1 }, { seq: 1.5 }, { seq: 2 ** 53 }, { seq: "3" }, { t: 1e300 }, { t: null }, { x: "0" }, { y: [] }];
    for (const text of [...odd, ...wrong.map((change) => JSON.stringify({ ...spoken, ...change }))]) assert.equal(readPosition(text), undefined, text);
  });

  test("one number that is far from all others moves nothing", () => {
    const compared = new Comparison(WAYS);
    for (const seq of [1, 2e8, 2, Number.MAX_SAFE_INTEGER, 4]) compared.take("socket", { seq, t: 0 }, seq);
    const { received, lost } = compared.numbers("socket", 10);
    assert.deepEqual({ received, lost }, { received: 3, lost: 1 });
    assert.equal(compared.missed("socket", 10).length, 1);
  });

  test("many in a row are of somebody who was away: from there on it is counted anew", () => {
    const compared = new Comparison(WAYS);
    compared.take("channel", { seq: 1, t: 0 }, 1);
    for (let seq = 18_000; seq < 18_100; seq += 1) compared.take(WAYS[seq % 2], { seq, t: seq }, seq);
    assert.equal(compared.numbers("channel", 18_100).received + compared.numbers("socket", 18_100).received, 41);
    assert.equal(compared.numbers("channel", 18_100).median, 0, "what was before does not count, nor do its clocks");
  });

  test("however large the gaps are, no more is drawn than has room", () => {
    const compared = new Comparison(WAYS);
    for (let nth = 0; nth < 1_000; nth += 1) compared.take("channel", { seq: nth * 1_200, t: 0 }, nth);
    assert.equal(compared.missed("channel", 999).length, 600);
    assert.equal(compared.numbers("channel", 999).lost, 999 * 1_199);
  });
});

/** Waits until the page has counted so much; all that it had counted at that moment. */
async function counted(page, least) {
  const read = (least) => {
    const cells = [...document.querySelectorAll("[data-number]")].map(({ dataset, textContent }) => [dataset.number, Number(textContent)]);
    const numbers = Object.fromEntries(cells);
    return Object.entries(least).every(([name, wanted]) => numbers[name] >= wanted) && numbers;
  };
  return (await page.waitForFunction(read, least)).jsonValue();
}

/** How much of the plot has this colour. */
const painted = (page, way) =>
  page.evaluate((way) => {
    const canvas = document.getElementById("plot");
    const [red, green, blue] = getComputedStyle(document.querySelector(`.${way}`)).color.match(/\d+/g).map(Number);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4) count += Number(data[at] === red && data[at + 1] === green && data[at + 2] === blue);
    return count;
  }, way);

async function open(browser, url) {
  const page = await browser.newPage();
  page.setDefaultTimeout(90_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(url);
  return { page, complaints };
}

describe("two players", () => {
  test("on a line that loses packets: the data channel loses some and waits for none, the WebSocket waits for all", async () => {
    const near = await newNamespace();
    const game = await startGame("--near", near, "--loss", "8", "--delay", "60", "--seed", "3");
    const browser = await launchWithin(near);
    const { page, complaints } = await open(browser, game.url);
    const numbers = await counted(page, { "socket received": 300, "channel received": 200, "channel lost": 10, "socket overtaken": 60 });
    assert.equal(numbers["socket lost"], 0);
    assert.ok(numbers["channel overtaken"] < numbers["socket overtaken"], JSON.stringify(numbers));
    for (const way of WAYS) assert.ok((await painted(page, way)) > 100, `the plot shows the ${way}`);
    const { near: from, far: to } = await game.line("");
    for (const way of [from, to]) assert.ok(way.lost > 0 && way.passed > way.lost && way.overflowed === 0, JSON.stringify(way));

    await page.locator("[name=loss]").fill("0");
    await page.locator("[name=loss-shown]").getByText("0 %", { exact: true }).waitFor();
    assert.equal((await game.line("")).near.loss, 0);
    assert.deepEqual(complaints, []);
    assert.equal(await game.end(), 0);
    assert.ok(!(await namespaces()).includes(`hubbub-game-${game.pid}`), "it cleans up after itself");
  });

  test("without the line", async () => {
    const game = await startGame("--plain");
    const browser = await launch("--allow-loopback-in-peer-connection");
    leavesAfterwards(() => browser.close());
    const { page, complaints } = await open(browser, game.url);
    const numbers = await counted(page, { "socket received": 100, "channel received": 100 });
    assert.equal(numbers["socket lost"], 0);
    assert.equal(await page.locator("#wire").isVisible(), false);
    assert.deepEqual(complaints, []);
    assert.equal(await game.end(), 0);
  });
});

test("where two play, a third one does not wait for them, but for a fourth", async () => {
  const game = await startGame("--plain"); // with a player
  const browser = await launch("--allow-loopback-in-peer-connection");
  leavesAfterwards(() => browser.close());
  const player = () => open(browser, game.url);
  const partner = async ({ page }) => {
    const state = page.locator("#state", { hasText: "playing with" });
    await state.waitFor();
    return state.textContent();
  };
  const second = await player();
  const before = await partner(second);
  const others = [await player(), await player()];
  await Promise.all(others.map(partner));
  assert.equal(await partner(second), before);
  for (const { complaints } of [second, ...others]) assert.deepEqual(complaints, []);
  assert.equal(await game.end(), 0);
});
