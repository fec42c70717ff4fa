import { describe, expect, test } from "vitest";
import { shown } from "../src/envelope";
import { parseOffset } from "../src/offset";
import { snippetsFor } from "../src/snippets";
import { readArguments } from "../src/transports/arguments";
import { written } from "../src/transports/engine";
import { stretch } from "../src/transports/senders";
import { redact } from "../src/wire";

const bytes = (...values: number[]) => Uint8Array.from(values).buffer;

describe("arguments", () => {
  test("one is the value itself, bytes are base64", () => {
    expect(readArguments(["hello"])).toEqual({ data: "hello" });
    expect(readArguments([{ n: [1, null] }])).toEqual({ data: { n: [1, null] } });
    expect(readArguments([bytes(0, 255, 1)])).toEqual({ data: "AP8B", encoding: "base64" });
  });

  test("none and several are a list, with bytes wherever they stand", () => {
    expect(readArguments([])).toEqual({ data: [] });
    expect(readArguments(["a", { part: [bytes(1)] }, bytes()])).toEqual({ data: ["a", { part: [{ base64: "AQ==" }] }, { base64: "" }] });
  });

  test("many bytes are as many as they were", () => {
    const envelope = { id: "", offset: parseOffset("1-1")!, time: 0, from: "", name: "", event: "message" };
    expect(shown({ ...envelope, ...readArguments([new ArrayBuffer(100_001)]) })).toBe("100001 bytes of binary");
  });
});

describe("asking who spoke", () => {
  const ask = (...offsets: string[]) => stretch(offsets.map((offset) => parseOffset(offset)!));

  test("one question for all that is not known", () => {
    expect(ask()).toBeUndefined();
    expect(ask("1-7")).toEqual({ since: "1-6", limit: 1 });
    expect(ask("1-7", "1-8", "1-10")).toEqual({ since: "1-6", limit: 4 });
  });

  test("never about an epoch that is over, never for more than an answer holds", () => {
    expect(ask("1-7", "2-1", "2-2")).toEqual({ since: "2-0", limit: 2 });
    expect(ask("1-1", "1-5000")).toEqual({ since: "1-0", limit: 1000 });
  });
});

describe("packets in the wire log", () => {
  test("are written as they travel", () => {
    expect(written({ type: "message", data: '2/lobby,["message","hi"]' })).toBe('42/lobby,["message","hi"]');
    expect([written({ type: "ping" }), written({ type: "upgrade" })]).toEqual(["2", "5"]);
    expect(written({ type: "message", data: bytes(1, 2) })).toBe("2 bytes of binary");
  });

  test("do not show by what a session is held or restored", () => {
    expect(redact('0{"sid":"abcdefghijk","upgrades":[]}')).toBe('0{"sid":"abcdef…","upgrades":[]}');
    expect(redact('40/x,{"sid":"abcdefg","pid":"hijklmnop"}')).toBe('40/x,{"sid":"abcdef…","pid":"hijklm…"}');
  });
});

describe("the code to copy", () => {
  const scene = { origin: "http://127.0.0.1:8080", room: "lobby", name: "Ann", since: "", signedIn: false };
  const [page, node] = snippetsFor("socketio", scene);

  test("names the room in the address where an address can", () => {
    expect(node?.code).toContain('io("http://127.0.0.1:8080/lobby", {\n  auth: {"name":"Ann","last":50},\n})');
    expect(page?.code).toContain('src="http://127.0.0.1:8080/socket.io/socket.io.min.js"');
  });

  test("names it apart where an address would change it, and ends no script", () => {
    const [page, node] = snippetsFor("socketio-polling", { ...scene, room: "</script>?", since: "1-2", signedIn: true });
    expect(node?.code).toContain('new Manager("http://127.0.0.1:8080", {\n  transports: ["polling"],\n}).socket("/</script>?", {\n  auth: {"token":"TOKEN","since":"1-2"},\n})');
    expect(page?.code.match(/<\/script>/g)).toHaveLength(2);
  });
});
