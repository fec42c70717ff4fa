import { afterEach, describe, expect, test, vi } from "vitest";
import { PageReader } from "../src/transports/pages";
import type { Sink, Start } from "../src/transports/transport";
import { Wire } from "../src/wire";

afterEach(() => void vi.unstubAllGlobals());

const message = (seq: number, epoch = 1) => ({
  id: `id-${epoch}-${seq}`,
  offset: `${epoch}-${seq}`,
  time: 0,
  from: "bob@x",
  name: "Bob",
  event: "message",
  data: `m${seq}`,
});

function page(cursor: string, seqs: readonly number[], more = false): Response {
  const epoch = Number(cursor.split("-")[0]);
  const body = { room: "lobby", cursor, more, messages: seqs.map((seq) => message(seq, epoch)) };
  return Response.json(body, { headers: { ETag: `"${cursor}"` } });
}

function gone(cursor: string, oldest: string): Response {
  return Response.json({ title: "Gone", status: 410, detail: "Read on.", cursor, oldest }, { status: 410 });
}

/** A reader whose server gives these answers, what it asked for, and what it told. */
function reading(start: Start, ...answers: Response[]) {
  const asked: string[] = [];
  const told: string[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const tag = (init.headers as Record<string, string> | undefined)?.["If-None-Match"];
    asked.push(path.replace("/rooms/lobby/messages?", "").replace("&name=Ann", "") + (tag ? ` unless ${tag}` : ""));
    return answers.shift() ?? Response.error();
  });
  const sink: Partial<Sink> = {
    joined: ({ cursor, head, recovered }) =>
      void told.push(`joined after ${cursor?.epoch}-${cursor?.seq}, head ${head?.epoch}-${head?.seq}, ${recovered ? "recovered" : "not recovered"}`),
    message: (m) => void told.push(`${m.offset.epoch}-${m.offset.seq}`),
    stands: (at) => void told.push(`stands ${at.epoch}-${at.seq}`),
  };
  const target = { room: "lobby", name: "Ann" };
  const reader = new PageReader(target, start, sink as Sink, new Wire(), new AbortController().signal);
  return { reader, asked, told };
}

describe("reading page by page", () => {
  test("the first answer joins, and its cursor is carried on", async () => {
    const { reader, asked, told } = reading({ last: 50 }, page("1-4", [3, 4]), page("1-5", [5]));
    expect([await reader.turn(), await reader.turn()]).toEqual(["some", "some"]);
    expect(asked).toEqual(["last=50", "since=1-4"]);
    expect(told).toEqual(["joined after 1-2, head 1-4, recovered", "stands 1-4", "1-3", "1-4", "1-5"]);
  });

  test("an answer that was cut is followed at once, and is backlog still", async () => {
    const start = { since: { epoch: 1, seq: 0n } };
    const { reader, told } = reading(start, page("1-2", [1, 2], true), page("1-3", [3]), page("1-4", [4]));
    expect([await reader.turn(), await reader.turn(), await reader.turn()]).toEqual(["more", "some", "some"]);
    expect(told).toEqual(["joined after 1-0, head 1-2, recovered", "stands 1-2", "1-1", "1-2", "stands 1-3", "1-3", "1-4"]);
  });

  test("an ETag is sent back to the very address it came from", async () => {
    const unchanged = new Response(null, { status: 304 });
    const { reader, asked } = reading({ last: 50 }, page("1-4", [4]), page("1-4", []), unchanged);
    expect([await reader.turn(), await reader.turn(), await reader.turn()]).toEqual(["some", "nothing", "nothing"]);
    expect(asked).toEqual(["last=50", "since=1-4", 'since=1-4 unless "1-4"']);
  });

  test("a long poll waits once it has caught up, and never asks 'unless'", async () => {
    const { reader, asked } = reading({ last: 50 }, page("1-4", [4]), page("1-4", []), page("1-4", []));
    for (let i = 0; i < 3; i++) await reader.turn(20);
    expect(asked).toEqual(["last=50", "since=1-4&wait=20", "since=1-4&wait=20"]);
  });

  test("a cursor that is gone is said once, and everything kept is read", async () => {
    const start = { since: { epoch: 1, seq: 9n } };
    const { reader, asked, told } = reading(start, gone("2-3", "2-1"), page("2-3", [2, 3]));
    expect([await reader.turn(), await reader.turn()]).toEqual(["more", "some"]);
    expect(asked).toEqual(["since=1-9", "since=2-1"]);
    expect(told).toEqual(["joined after 2-1, head 2-3, not recovered", "stands 2-3", "2-2", "2-3"]);
  });

  test("a refusal is thrown with its words", async () => {
    const refusal = Response.json({ title: "Forbidden", detail: "Sign in." }, { status: 403 });
    const { reader } = reading({ last: 50 }, refusal);
    await expect(reader.turn()).rejects.toMatchObject({ status: 403, detail: "Sign in." });
  });
});
