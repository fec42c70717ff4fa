// Files between people who have several pages, leave them, and go from room to room.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Neighbour, Neighbours } from "./neighbours";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SIZE = 300_000;
const ELSEWHERE = "cancelled: Answered on another page of yours.";

/** Ann, and these pages of Bo's, to whom she has offered a file. */
async function offered(...pages: readonly string[]) {
  const net = new Neighbours();
  const ann = net.open("ann@x/1");
  const bos = pages.map((page) => net.open(`bo@x/${page}`));
  ann.transfers.send("bo@x", "Bo", [new File(["x".repeat(SIZE)], "salaries.ods")]);
  for (const bo of bos) await bo.file("offered");
  return { net, ann, bos: bos as [Neighbour, Neighbour] };
}

test("a resumption waits for the page that has accepted, though another one of the same person is there", async () => {
  const { net, ann, bos: [first, second] } = await offered("1", "2");
  net.breakAfter(SIZE / 2, () => {
    first.isUp = false;
    net.lose();
  });
  first.accept();
  await ann.file("cut");
  await vi.advanceTimersByTimeAsync(300_000);
  expect([await ann.files(), await first.files(), await second.files()]).toEqual([["cut"], ["cut"], [ELSEWHERE]]);
  first.isUp = true;
  await first.file("whole");
  await ann.file("whole");
  expect(first.transfers.list.value[0]!.progress.resumedFrom).toBeGreaterThan(0);
  expect(await second.files()).toEqual([ELSEWHERE]);
});

test("what one page has declined is declined, on all", async () => {
  const { ann, bos: [first, second] } = await offered("1", "2");
  first.transfers.stop(first.transfers.list.value[0]!.key);
  await ann.file("declined");
  expect([await first.files(), await second.files()]).toEqual([["declined"], [ELSEWHERE]]);
});

test("a sender who is cut off before the receiver's last word is told it once he is back", async () => {
  const { net, ann, bos: [bo] } = await offered("1");
  // Everything from the offer on, without the sum that the receiver says last.
  const offer = JSON.stringify({ offer: ann.transfers.list.value[0]!.offer });
  net.breakAfter([offer, '{"accept":0}', "x".repeat(SIZE), JSON.stringify({ end: "0".repeat(64) })].join("").length, () => net.lose());
  bo.accept();
  await bo.file("whole");
  await ann.file("whole");
});

test("who leaves the page takes back what he was sending, and says so", async () => {
  const { net, ann, bos: [bo] } = await offered("1");
  net.breakAfter(SIZE / 2, () => ann.switchboard.hangUp("left"));
  bo.accept();
  await bo.file("cancelled: ann@x left the page.");
});

test("who leaves the page that has accepted has forgotten it, and no other one is asked", async () => {
  const { net, ann, bos: [first, second] } = await offered("1", "2");
  net.breakAfter(SIZE / 2, () => first.switchboard.hangUp("left"));
  first.accept();
  await ann.file("failed: Bo’s page has forgotten it.");
  expect(await second.files()).toEqual([ELSEWHERE]);
});

test("an offer ends with the stay in the room: whoever has the same name in the next one is not offered it", async () => {
  const { net, ann, bos: [bo] } = await offered("1");
  ann.transfers.leave();
  ann.switchboard.hangUp("left");
  await bo.file("cancelled: The other side has cancelled it.");
  bo.isUp = false;
  const stranger = net.open("bo@x/stranger");
  await vi.advanceTimersByTimeAsync(60_000);
  expect([await ann.files(), await stranger.files()]).toEqual([["cancelled: You left the room."], []]);
  ann.transfers.send("bo@x", "Bo", [new File(["x"], "meant.txt")]);
  await stranger.file("offered");
});

test("even if nobody tells it that the room was left, a courier that is hung up does not ring again", async () => {
  const { net, ann, bos: [bo] } = await offered("1");
  ann.switchboard.hangUp("left");
  bo.isUp = false;
  const stranger = net.open("bo@x/stranger");
  await vi.advanceTimersByTimeAsync(60_000);
  expect([await ann.files(), await stranger.files()]).toEqual([["cancelled"], []]);
});

test("whoever leaves the room breaks off what he was receiving", async () => {
  const { net, ann, bos: [bo] } = await offered("1");
  net.breakAfter(SIZE / 2, () => {
    bo.transfers.leave();
    bo.switchboard.hangUp("left");
  });
  bo.accept();
  await bo.file("cancelled: You left the room.");
  await ann.file("failed: Bo’s page has forgotten it.");
});
