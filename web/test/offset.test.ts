import { describe, expect, test } from "vitest";
import { formatOffset, isCovered, parseOffset } from "../src/offset";

describe("offsets", () => {
  test("are read and written back", () => {
    expect(parseOffset("1763800000-42")).toEqual({ epoch: 1763800000, seq: 42n });
    expect(formatOffset({ epoch: 1763800000, seq: 42n })).toBe("1763800000-42");
  });

  test("stay exact over 64 bits", () => {
    const text = "4294967295-18446744073709551615";
    expect(formatOffset(parseOffset(text)!)).toBe(text);
  });

  test.each(["", "0", "42", "1-", "-1", "1-2-3", "a-1", "1-b", " 1-2", "1-2 ", "1--2", "99999999999-1"])("%j is none", (text) => {
    expect(parseOffset(text)).toBeUndefined();
  });

  test("a cursor covers its own epoch only", () => {
    const cursor = { epoch: 2, seq: 10n };
    expect(isCovered({ epoch: 2, seq: 10n }, cursor)).toBe(true);
    expect(isCovered({ epoch: 2, seq: 11n }, cursor)).toBe(false);
    expect(isCovered({ epoch: 1, seq: 1n }, cursor)).toBe(false);
  });
});
