import { describe, expect, test } from "vitest";
import { withToken } from "../src/account";
import { backoff } from "../src/backoff";
import { milliseconds, roomPath } from "../src/http";
import { guestName, readHash, writeHash } from "../src/link";
import { afterMove, byName } from "../src/people";
import { snippetsFor } from "../src/snippets";
import { median, reach } from "../src/timing";
import { TRANSPORT_NAMES } from "../src/transports";
import { type WireRow, fold, redact } from "../src/wire";

describe("addresses", () => {
  test("names are percent-encoded, a token takes the name's place", () => {
    const room = "a b/c&d";
    expect(roomPath({ room, name: "Ann & Bo" }, "messages", { since: "1-2", wait: undefined })).toBe(
      "/rooms/a%20b%2Fc%26d/messages?since=1-2&name=Ann%20%26%20Bo",
    );
    expect(roomPath({ room: "x", name: "Ann", token: "t" }, "ws")).toBe("/rooms/x/ws?token=t");
  });

  test("the hash is read as it was written", () => {
    const place = { room: "a b&c", name: "Zoë", transport: "sse" } as const;
    expect(readHash(writeHash(place))).toEqual(place);
    expect(readHash(writeHash({ room: "x", transport: "polling" }))).toEqual({ room: "x", transport: "polling" });
  });

  test("what is unknown in a hash is left out", () => {
    expect(readHash("")).toEqual({});
    expect(readHash("#transport=toString&room=")).toEqual({});
  });

  test("a guest has a name for every random number", () => {
    for (const random of [0, 0.5, 0.999999]) expect(guestName(random)).toMatch(/^[A-Z][a-z]+\d\d$/);
  });
});

describe("presence", () => {
  const ann = { user: "ann@x", name: "Ann" };
  const bob = { user: "bob@x", name: "Bob" };

  test("a join adds once, a leave removes", () => {
    const one = afterMove({ count: 1, occupants: [ann] }, { action: "join", ...bob, count: 2 });
    expect(one).toEqual({ count: 2, occupants: [ann, bob] });
    expect(afterMove(one, { action: "join", ...bob, count: 2 })).toEqual(one);
    expect(afterMove(one, { action: "leave", ...ann, count: 1 })).toEqual({ count: 1, occupants: [bob] });
  });

  test("a room that counts stays a number", () => {
    expect(afterMove({ count: 4 }, { count: 5 })).toEqual({ count: 5 });
  });

  test("people are shown by name", () => {
    expect(byName([bob, ann])).toEqual([ann, bob]);
  });
});

describe("figures", () => {
  test("the wait doubles, is capped, and is spread", () => {
    expect([0, 1, 2].map((n) => backoff(n, 1))).toEqual([500, 1000, 2000]);
    expect(backoff(0, 0)).toBe(250);
    expect(backoff(1000, 1)).toBe(15_000);
  });

  test("median", () => {
    expect([median([]), median([3]), median([9, 1, 2]), median([4, 1, 2, 3])]).toEqual([0, 3, 2, 2.5]);
  });

  test("bars keep the order of what they show", () => {
    const reaches = [0, 0.5, 5, 50, 500, 50_000].map(reach);
    expect(reaches).toEqual(reaches.toSorted((a, b) => a - b));
    expect(reaches.at(-1)).toBe(1);
  });

  test("durations have three figures at most", () => {
    expect([0.123, 4.56, 9.96, 123.4, 1234].map(milliseconds)).toEqual(["0.12 ms", "4.6 ms", "10 ms", "123 ms", "1.23 s"]);
  });
});

describe("the wire log", () => {
  const row = (id: number, title: string, result = "304 · 2 ms"): WireRow => ({ id, dir: "out", state: "ok", title, result, detail: "", count: 1 });

  test("idle polls fold into one line, also with presence between", () => {
    const rows = fold([row(1, "GET /a"), row(2, "GET /presence"), row(3, "GET /a", "304 · 9 ms")], 3);
    expect(rows.map((r) => [r.title, r.count, r.result])).toEqual([
      ["GET /a", 2, "304 · 9 ms"],
      ["GET /presence", 1, "304 · 2 ms"],
    ]);
  });

  test("what differs, fails or publishes stays a line of its own", () => {
    const differing = [row(1, "GET /a", "200 · 1 ms"), row(2, "GET /a")];
    expect(fold(differing, 2)).toEqual(differing);
    const posts = [row(1, "POST /a"), row(2, "POST /a")];
    expect(fold(posts, 2)).toEqual(posts);
    const failed: WireRow[] = [row(1, "GET /a"), { ...row(2, "GET /a"), state: "bad" }];
    expect(fold(failed, 2)).toEqual(failed);
  });

  test("no token is shown", () => {
    expect(redact("GET /rooms/x/ws?token=abc.d-e_f&since=1-2")).toBe("GET /rooms/x/ws?token=…&since=1-2");
    expect(redact('{"token": "abc","expires":1}')).toBe('{"token": "…","expires":1}');
  });
});

describe("snippets", () => {
  const scene = { origin: "http://127.0.0.1:8080", room: "it's", name: 'Ann "A"', since: "1-2", signedIn: false };

  test.each(TRANSPORT_NAMES)("%s: no name breaks out of its quotes", (name) => {
    for (const { code } of snippetsFor(name, scene)) {
      expect(code).not.toContain('Ann "A"');
      expect(code).toMatch(/"\/it's"|\/rooms\/it|"it's@rooms\./);
    }
  });

  test("signed in, a placeholder stands for the token", () => {
    for (const { code } of snippetsFor("sse", { ...scene, signedIn: true })) expect(code).toContain("?token=TOKEN");
  });

  test("the WebSocket's address is one", () => {
    expect(snippetsFor("websocket", scene)[0]?.code).toContain('new WebSocket("ws://127.0.0.1:8080/rooms/it\'s/ws?name=');
  });
});

describe("tokens", () => {
  const token = (claims: object) => `h.${btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(claims)))).replaceAll("=", "")}.s`;

  test("show the name they claim", () => {
    expect(withToken(token({ sub: "alice", name: "Zoë" })).name).toBe("Zoë");
    expect(withToken(token({ sub: "alice" })).name).toBe("alice");
    expect(withToken("nonsense").name).toBe("token holder");
  });
});
