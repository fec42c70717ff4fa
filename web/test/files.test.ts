import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test, vi } from "vitest";
import type { Channel } from "../src/files/channel";
import { CHUNK, type Offer, readOffer, readSaid } from "../src/files/frames";
import { duration, savedName, shownName, size } from "../src/files/names";
import { Parts } from "../src/files/parts";
import { isOver } from "../src/files/progress";
import { Receiving } from "../src/files/receiving";
import { Sending, Unreachable } from "../src/files/sending";
import { Speed } from "../src/files/speed";
import { type End, Pipe, turn } from "./pipe";

const asChannel = (end: End) => end as unknown as Channel;
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** A file on its way from one to the other, over one pipe after another. */
class Journey {
  readonly bytes: Uint8Array;
  readonly offer: Offer;
  readonly sending: Sending;
  readonly receiving: Receiving;
  readonly pipes: Pipe[] = [];
  readonly ended: Promise<void>;
  private readonly waiting: (() => void)[] = [];

  constructor(bytes: number, private readonly breaks: number[] = [], file?: Blob) {
    this.bytes = randomBytes(bytes);
    this.offer = { id: "a1", name: "tern.jpg", size: bytes, type: "image/jpeg" };
    this.sending = new Sending(this.offer, file ?? new Blob([this.bytes as BlobPart]), () => this.open(), () => this.changed());
    this.receiving = new Receiving(this.offer, () => this.changed());
    this.ended = this.sending.start();
  }

  /** Waits until this holds. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  async over(): Promise<void> {
    await this.until(() => isOver(this.sending.progress) && isOver(this.receiving.progress));
  }

  private async open(): Promise<Channel> {
    const pipe = new Pipe(this.breaks.shift());
    this.pipes.push(pipe);
    // As in the page: the first frame on a new channel says which file it is for.
    const first = ({ data }: MessageEvent) => {
      pipe.there.removeEventListener("message", first as EventListener);
      expect(readSaid(data as string)).toEqual({ offer: this.offer });
      this.receiving.offered(asChannel(pipe.there));
    };
    pipe.there.addEventListener("message", first as EventListener);
    return asChannel(pipe.here);
  }

  private changed(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

async function arrived(journey: Journey): Promise<void> {
  await journey.over();
  const sum = sha256(journey.bytes);
  expect(journey.sending.progress).toMatchObject({ state: "whole", sum });
  expect(journey.receiving.progress).toMatchObject({ state: "whole", sum, bytes: journey.bytes.length });
  const file = journey.receiving.file!;
  expect(file.type).toBe("application/octet-stream");
  expect(sha256(new Uint8Array(await file.arrayBuffer()))).toBe(sum);
  await journey.ended;
}

describe("a transfer", () => {
  for (const bytes of [0, 1, CHUNK, CHUNK + 1, 3 * 1024 * 1024 + 17]) {
    test(`of ${bytes} bytes arrives whole`, async () => {
      const journey = new Journey(bytes);
      journey.receiving.accept();
      await arrived(journey);
      expect(journey.pipes.length).toBe(1);
    });
  }

  test("waits for the one who is to have it", async () => {
    const journey = new Journey(100);
    await turn();
    await turn();
    await turn();
    expect([journey.sending.progress.state, journey.receiving.progress.state]).toEqual(["offered", "offered"]);
    journey.receiving.accept();
    await arrived(journey);
  });

  test("leaves no more in the channel than keeps it busy", async () => {
    const journey = new Journey(5 * 1024 * 1024);
    journey.receiving.accept();
    await arrived(journey);
    expect(journey.pipes[0]!.here.waited).toBeLessThanOrEqual(1024 * 1024 + CHUNK + 200);
  });

  test("goes on after every cut from the byte that is there", async () => {
    const journey = new Journey(4 * 1024 * 1024 + 5, [700_000, 1_000_000, 1_400_000]);
    journey.receiving.accept();
    await arrived(journey);
    expect(journey.pipes.length).toBe(4);
    expect(journey.receiving.progress.resumedFrom).toBeGreaterThan(2_500_000);
    expect(journey.sending.progress.resumedFrom).toBe(journey.receiving.progress.resumedFrom);
  });

  test("that was cut before the sums were exchanged, or before it was accepted, comes to its end", async () => {
    for (const breaks of [[1], [0.5 * CHUNK + 300], [CHUNK + 60], [CHUNK + 150]]) {
      const journey = new Journey(CHUNK, breaks);
      journey.receiving.accept();
      await arrived(journey);
      expect(journey.pipes.length, String(breaks)).toBe(2);
    }
  });

  test("that is declined takes no byte", async () => {
    const journey = new Journey(100_000);
    await turn();
    journey.receiving.refuse();
    await journey.over();
    expect([journey.sending.progress, journey.receiving.progress]).toMatchObject([{ state: "declined" }, { state: "declined", bytes: 0 }]);
  });

  test("is cancelled by either side midway", async () => {
    for (const by of ["sending", "receiving"] as const) {
      const journey = new Journey(4 * 1024 * 1024);
      journey.receiving.accept();
      await journey.until(() => journey.receiving.progress.bytes > 500_000);
      if (by === "sending") journey.sending.cancel();
      else journey.receiving.refuse();
      await journey.over();
      expect([journey.sending.progress.state, journey.receiving.progress.state]).toEqual(["cancelled", "cancelled"]);
      expect(journey.receiving.file).toBeUndefined();
    }
  });

  test("that the receiver has cancelled while the way was cut is not taken up again", async () => {
    const journey = new Journey(1024 * 1024, [300_000]);
    journey.receiving.accept();
    await journey.until(() => journey.receiving.progress.state === "cut");
    journey.receiving.refuse();
    await journey.over();
    expect(journey.sending.progress).toMatchObject({ state: "cancelled" });
  });

  test("whose file has changed says so on both sides", async () => {
    const file = { size: 200_000, slice: () => ({ arrayBuffer: () => Promise.reject(new DOMException("gone", "NotReadableError")) }) };
    const journey = new Journey(200_000, [], file as unknown as Blob);
    journey.receiving.accept();
    await journey.over();
    expect([journey.sending.progress.state, journey.receiving.progress.state]).toEqual(["failed", "failed"]);
  });

  test("nobody can be found for says why", async () => {
    const reach = () => Promise.reject(new Unreachable("failed", "Bo has gone."));
    const sending = new Sending({ id: "a", name: "", size: 1, type: "" }, new Blob(["x"]), reach, () => {});
    await sending.start();
    expect(sending.progress).toMatchObject({ state: "failed", why: "Bo has gone." });
  });
});

describe("what no page of ours says", () => {
  /** A receiver that has accepted so many bytes, and the sender's end of the channel. */
  const receiver = (bytes: number) => {
    const pipe = new Pipe();
    const receiving = new Receiving({ id: "a", name: "", size: bytes, type: "" }, () => {});
    receiving.offered(asChannel(pipe.there));
    receiving.accept();
    const heard: unknown[] = [];
    pipe.here.addEventListener("message", (event) => heard.push(JSON.parse((event as MessageEvent<string>).data)));
    return { pipe, receiving, heard };
  };

  test("more bytes than were offered, an end too early, words without sense: broken", async () => {
    const early = JSON.stringify({ end: "0".repeat(64) });
    for (const said of [new ArrayBuffer(11), early, "{", "[]", '{"accept":0}', '{"offer":{}}']) {
      const { pipe, receiving, heard } = receiver(10);
      pipe.here.send(said);
      await turn();
      await turn();
      await turn();
      expect(receiving.progress.state, String(said)).toBe("failed");
      expect(heard).toEqual([{ accept: 0 }, { stop: "broken" }]);
    }
  });

  test("another sum than that of the bytes: it differs", async () => {
    const { pipe, receiving, heard } = receiver(3);
    pipe.here.send(new TextEncoder().encode("abc").buffer);
    pipe.here.send(JSON.stringify({ end: "0".repeat(64) }));
    for (let i = 0; i < 4; i++) await turn();
    expect(receiving.progress.state).toBe("differs");
    expect(receiving.file).toBeUndefined();
    expect(heard.at(-1)).toEqual({ whole: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" });
  });

  test("a sender who missed that it differs is told so when he comes back, and not that it was cancelled", async () => {
    const { pipe, receiving } = receiver(3);
    pipe.here.send(new TextEncoder().encode("abc").buffer);
    pipe.here.send(JSON.stringify({ end: "0".repeat(64) }));
    for (let i = 0; i < 4; i++) await turn();
    expect(receiving.progress.state).toBe("differs");
    const back = new Pipe();
    const sending = new Sending(receiving.offer, new Blob(["xyz"]), async () => asChannel(back.here), () => {});
    const ended = sending.start();
    receiving.offered(asChannel(back.there));
    for (let i = 0; i < 8; i++) await turn();
    await ended;
    expect([sending.progress.state, receiving.progress.state]).toEqual(["differs", "differs"]);
  });

  test("a piece without a byte is no part of a file", async () => {
    const { pipe, receiving, heard } = receiver(3);
    pipe.here.send(new ArrayBuffer(0));
    for (let i = 0; i < 4; i++) await turn();
    expect(receiving.progress.state).toBe("failed");
    expect(heard.at(-1)).toEqual({ stop: "broken" });
  });

  test("the smallest pieces become parts as well, and the file is what they are together", async () => {
    const parts = new Parts();
    const made = vi.spyOn(globalThis, "Blob");
    for (let i = 0; i < 5_000; i++) parts.add(new Uint8Array([i]).buffer);
    expect(made).toHaveBeenCalledTimes(4);
    made.mockRestore();
    expect(new Uint8Array(await parts.file.arrayBuffer())).toEqual(Uint8Array.from({ length: 5_000 }, (_, i) => i));
  });

  test("bytes that nobody has accepted are dropped, an accept beyond the end is refused", async () => {
    const pipe = new Pipe();
    const receiving = new Receiving({ id: "a", name: "", size: 3, type: "" }, () => {});
    receiving.offered(asChannel(pipe.there));
    pipe.here.send(new ArrayBuffer(3));
    await turn();
    await turn();
    expect(receiving.progress).toMatchObject({ state: "offered", bytes: 0 });

    const other = new Pipe();
    const sending = new Sending({ id: "a", name: "", size: 3, type: "" }, new Blob(["abc"]), async () => asChannel(other.here), () => {});
    const ended = sending.start();
    other.there.send('{"accept":4}');
    await ended;
    expect(sending.progress.state).toBe("failed");
  });

  test("offers are read with care", () => {
    const good = { id: "a-1_B", name: "x", size: 0, type: "" };
    expect(readOffer(good)).toEqual(good);
    for (const bad of [{ id: "" }, { id: "a b" }, { id: "a".repeat(65) }, { size: -1 }, { size: 1.5 }, { size: "1" }, { size: 2 ** 53 }]) {
      expect(readOffer({ ...good, ...bad })).toBeUndefined();
    }
    expect(readOffer({ ...good, name: "😀".repeat(300) })?.name).toBe("😀".repeat(255));
    expect(readSaid('{"stop":"no such reason"}')).toEqual({ stop: "broken" });
    expect(readSaid('{"end":"ABC"}')).toBeUndefined();
  });
});

describe("names and figures", () => {
  test("a name leads nowhere", () => {
    const names = ["../../etc/passwd", "C:\\Windows\\a.exe", ".bashrc", "a\u202egpj.exe", 'say "hi" <b>.txt', "..", "", "Ünïcode 😀.txt", "a\nb"];
    const saved = ["passwd", "a.exe", "bashrc", "agpj.exe", "say _hi_ _b_.txt", "file", "unnamed", "Ünïcode 😀.txt", "ab"];
    expect(names.map(savedName)).toEqual(saved);
    expect(shownName("a\u202egpj.exe")).toBe("agpj.exe");
    expect(shownName("a.txt\u2800\u3164\u115f\u200b \u2003 \u{e0020}.exe")).toBe("a.txt .exe");
    expect(shownName("👩‍💻 ❤️.txt")).toBe("👩‍💻 ❤️.txt");
    for (const nothing of ["\u200d", " \u200d \ufe0f ", "\u200c\u200c"]) expect([shownName(nothing), savedName(`a/${nothing}`)]).toEqual(["unnamed", "file"]);
  });

  test("are saved under names that every system takes", () => {
    expect(["CON", "aux.txt", "Nul.tar.gz", "console.txt", "com1"].map(savedName)).toEqual(["_CON", "_aux.txt", "_Nul.tar.gz", "console.txt", "_com1"]);
    const devices = ["COM¹", "lpt³.txt", "CONIN$", "conout$.log", "con .txt", "nul  "];
    expect(devices.map(savedName)).toEqual(["_COM¹", "_lpt³.txt", "_CONIN$", "_conout$.log", "_con .txt", "_nul"]);
    expect(["com¹0", "conin", "con a.txt"].map(savedName)).toEqual(["com¹0", "conin", "con a.txt"]);
    for (const name of [`${"😀".repeat(255)}.jpeg`, `${"ü".repeat(300)}`, "x".repeat(255)]) {
      const bytes = Buffer.byteLength(savedName(name));
      expect(bytes).toBeLessThanOrEqual(240);
      expect(bytes).toBeGreaterThan(230);
    }
    expect(savedName(`${"😀".repeat(255)}.jpeg`)).toMatch(/^(😀)+\.jpeg$/u);
  });

  test("sizes and durations in words", () => {
    expect([0, 1, 999, 1000, 1540, 99_950, 999_600, 200_000_000, 1.5e9, 2e15].map(size)).toEqual([
      "0 bytes",
      "1 byte",
      "999 bytes",
      "1 kB",
      "1.5 kB",
      "100 kB",
      "1 MB",
      "200 MB",
      "1.5 GB",
      "2000 TB",
    ]);
    expect([0.2, 59, 60, 125, 3600, 4320].map(duration)).toEqual(["1 s", "59 s", "1 min", "2 min 5 s", "1 h", "1 h 12 min"]);
  });

  test("speed is that of the last seconds", () => {
    const speed = new Speed();
    expect(speed.rate(0)).toBe(0);
    for (let at = 0; at <= 10_000; at += 10) speed.note(at, at < 5_000 ? at : 5_000 + (at - 5_000) * 3);
    expect(speed.rate(10_000)).toBeCloseTo(3_000, -1);
    expect(speed.rate(13_000)).toBe(0);
    speed.note(10_100, 0);
    expect(speed.rate(10_100)).toBe(0);
  });
});
