import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Envelope } from "../src/envelope";
import { parseOffset } from "../src/offset";
import { Room } from "../src/room";
import { snippetsFor } from "../src/snippets";
import { loginProblem, stanzaProblem, streamProblem } from "../src/transports/xmpp/faults";
import { bare, carried, guessDomain, resource, roomAddress } from "../src/transports/xmpp/names";
import { Occupants, isOwn, whyOut } from "../src/transports/xmpp/occupants";
import { Places } from "../src/transports/xmpp/places";
import { Waiting } from "../src/transports/xmpp/waiting";
import { redact } from "../src/wire";

describe("names", () => {
  test("a host that is an address is not a domain", () => {
    expect(["127.0.0.1", "[::1]", "", "chat.example.org"].map(guessDomain)).toEqual(["localhost", "localhost", "localhost", "chat.example.org"]);
  });

  test("a room's address is its name, or there is none", () => {
    expect(roomAddress("lobby", "example.org")).toBe("lobby@rooms.example.org");
    expect(roomAddress("caf\u00e9-1.2", "localhost")).toBe("caf\u00e9-1.2@rooms.localhost");
    for (const room of ["Lobby", "two words", "a/b", "a@b", "tab\t", "<x>", "cafe\u0301"]) {
      expect(() => roomAddress(room, "localhost"), room).toThrow("XMPP cannot name this room");
    }
  });

  test("a nickname may have a slash", () => {
    expect([bare("r@rooms.x/a/b"), resource("r@rooms.x/a/b"), resource("r@rooms.x")]).toEqual(["r@rooms.x", "a/b", ""]);
  });

  test("what XML cannot carry is replaced", () => {
    expect(carried("a\u0000b\u001b\ud800 \u{1F30D}\t\n")).toBe("a\ufffdb\ufffd\ufffd \u{1F30D}\t\n");
  });
});

describe("places", () => {
  const envelope = (seq: number): Envelope => ({ id: `id${seq}`, offset: parseOffset(`1-${seq}`)!, time: 0, from: "", name: "", event: "message", data: "" });
  const taken = (places: Places) => places.take().map(({ envelope, heardAt }) => [envelope.id, heardAt]);

  test("what is heard waits for its place, what has its place for being heard", () => {
    const places = new Places();
    places.heard("id1", 10);
    expect(taken(places)).toEqual([]);
    places.stands(envelope(1));
    places.stands(envelope(2));
    expect(taken(places)).toEqual([["id1", 10]]);
    places.heard("id2", 20);
    expect(taken(places)).toEqual([["id2", 20]]);
    expect(taken(places)).toEqual([]);
  });

  test("the log's order counts, and what the stream left out is left out", () => {
    const places = new Places();
    for (const seq of [1, 2, 3]) places.stands(envelope(seq));
    places.heard("id3", 1);
    places.heard("id1", 2);
    expect(taken(places)).toEqual([["id1", 2], ["id3", 1]]);
  });

  test("history is told once, whether the stream brings it before or after", () => {
    const places = new Places();
    places.heard("id1", 1);
    places.tell(envelope(1));
    places.tell(envelope(2));
    expect(places.heard("id2", 2)).toBe(false);
    expect(taken(places)).toEqual([]);
  });
});

describe("own messages", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("are acknowledged by coming back and having a place", async () => {
    const waiting = new Waiting();
    const answer = waiting.add("key");
    waiting.returned("key", "id");
    waiting.placed("id", "1-7");
    expect(await answer).toEqual({ key: "key", id: "id", offset: "1-7" });
  });

  test("are refused by an error, and only by their own", async () => {
    const waiting = new Waiting();
    const [one, two] = [waiting.add("one"), waiting.add("two")];
    waiting.refuse("one", stanzaProblem({ condition: "forbidden", text: "" }));
    waiting.returned("two", "id");
    waiting.placed("id", "1-1");
    await expect(one).rejects.toMatchObject({ status: 403 });
    expect((await two).offset).toBe("1-1");
  });

  test("are not sent again by themselves where nobody knows whether they are kept", async () => {
    const waiting = new Waiting();
    const [late, cut] = [waiting.add("late"), new Waiting()];
    const open = cut.add("open");
    cut.giveUp();
    await expect(open).rejects.toMatchObject({ status: 409, passing: false });
    vi.runAllTimers();
    await expect(late).rejects.toMatchObject({ status: 409, passing: false });
  });
});

describe("occupants", () => {
  const seen = (nick: string, there: boolean, codes: string[] = []) => ({ from: `r@rooms.x/${nick}`, there, address: "ann@x/phone", codes });

  test("come and go, under the address that other transports show", () => {
    const occupants = new Occupants();
    occupants.see(seen("Ann", true));
    occupants.see({ ...seen("Bo", true), address: "" });
    expect(occupants.presence).toEqual({ count: 2, occupants: [{ user: "ann@x", name: "Ann" }, { user: "r@rooms.x/Bo", name: "Bo" }] });
    occupants.see(seen("Ann", false));
    expect(occupants.presence.count).toBe(1);
  });

  test("oneself is known by status 110, and why one is out by the others", () => {
    expect([isOwn(seen("Ann", true, ["110"])), isOwn(seen("Ann", true))]).toEqual([true, false]);
    expect([whyOut(["110", "307"]), whyOut(["110"])]).toEqual(["put out", "taken out of the room"]);
  });
});

describe("errors", () => {
  test("say what the server said, and whether to come back", () => {
    const shut = streamProblem({ condition: "system-shutdown", text: "" });
    expect([shut.passing, shut.detail]).toEqual([true, "It is tried again by itself. (system-shutdown)"]);
    const taken = stanzaProblem({ condition: "conflict", text: "taken" });
    expect([taken.status, taken.detail]).toEqual([409, "Choose another name. (conflict: taken)"]);
    expect(loginProblem({ condition: "not-authorized", text: "" }).passing).toBe(false);
  });

  test("that nobody knows are told all the same", () => {
    for (const say of [stanzaProblem, streamProblem, loginProblem]) {
      const problem = say({ condition: "strange", text: "so it is" });
      expect([problem.passing, problem.detail.endsWith("(strange: so it is)")]).toEqual([false, true]);
    }
  });
});

test("the wire log shows no proof of a password, and no token", () => {
  expect(redact(`<auth mechanism="OAUTHBEARER" xmlns="x">bixh</auth>`)).toBe(`<auth mechanism="OAUTHBEARER" xmlns="x">…</auth>`);
  expect(redact("<response xmlns='x'>Yz1i</response>")).toBe("<response xmlns='x'>…</response>");
});

test("the room says how a stream is logged in", () => {
  const room = new Room();
  room.bound({ isSecure: true, mechanism: "SCRAM-SHA-256", address: "ann@x/1" });
  expect(room.entries).toMatchObject([{ about: "bound", text: "XMPP stream with TLS, logged in by SCRAM-SHA-256 as ann@x/1." }]);
});

test("the code to copy names the server's domain, the room and who enters", () => {
  const scene = { origin: "http://127.0.0.1:8080", room: "lobby", name: "Ann", since: "", signedIn: false };
  const [client, strophe] = snippetsFor("xmpp", scene);
  expect(client?.code).toContain('service: "ws://127.0.0.1:8080/xmpp-websocket", domain: "localhost" }');
  expect(client?.code).toContain('to: "lobby@rooms.localhost/Ann"');
  expect(strophe?.code).toContain('connection.connect("localhost", ""');
  expect(snippetsFor("xmpp", { ...scene, signedIn: true })[1]?.code).toContain('connect("USER@localhost", "PASSWORD"');
});
