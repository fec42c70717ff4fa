// Calls through the console: somebody finds another in the list of people, rings, answers, sees and hears.
import { leavesAfterwards } from "./leaving.js";
import { visit } from "./console.js";
import { soon } from "./soon.js";

/** Somebody in a room, at a page of his own that is closed after the test. `query`: of the page's address. */
export async function enter(browser, server, name, room, transport = "websocket", { query = "", ...options } = {}) {
  const visitor = await visit(browser, query === "" ? server : { base: `${server.base}/${query}` }, options);
  leavesAfterwards(() => visitor.close());
  await visitor.join(name, room, transport);
  return new Caller(visitor);
}

/** Two people, connected: the first has called the second with video. */
export async function inCall(browser, server, room, transports = ["websocket", "websocket"], options = {}) {
  const [ann, bo] = [await enter(browser, server, "Ann", room, transports[0], options), await enter(browser, server, "Bo", room, transports[1], options)];
  await ann.ring("bo");
  await bo.answer();
  await Promise.all([ann.state("connected"), bo.state("connected")]);
  return [ann, bo];
}

class Caller {
  constructor(visitor) {
    this.visitor = visitor;
    this.page = visitor.page;
  }

  get complaints() {
    return this.visitor.complaints;
  }

  at(id) {
    return this.page.getByTestId(id);
  }

  /** The button that calls this guest; `how` is `voice`, `video` or `screen`. */
  button(guest, how = "video") {
    return this.page.locator(`[data-user="${guest}@guest.localhost"]`).getByTestId(`call-${how}`);
  }

  ring(guest, how) {
    return this.button(guest, how).click();
  }

  /** Waits until it rings, and takes it. */
  async answer(how = "video") {
    await this.at("ring").waitFor();
    await this.at(`answer-${how}`).click();
  }

  /** Waits until the call is in this state. */
  state(wanted) {
    return this.page.locator(`[data-testid=call][data-state=${wanted}]`).waitFor();
  }

  /** Waits until the call is over; the words in which that is told. */
  async ended() {
    await this.state("ended");
    return this.at("call-ended").textContent();
  }

  /** Waits until so many more pictures of the other one have been shown. */
  async sees(pictures = 10) {
    await this.at("there").waitFor();
    const before = await this.page.evaluate(countPictures);
    await this.page.waitForFunction((wanted) => globalThis.document.querySelector("[data-testid=there]").shown >= wanted, before + pictures);
  }

  /** Waits until the other one is heard, or for `false` until a few seconds have passed without a sound: Chromium's microphone beeps every second. */
  hears(wanted = true) {
    return soon(this.page.evaluate(listen, wanted), wanted ? "a sound" : "silence");
  }

  /** Waits for the way that the call takes: `{ local, remote, protocol }`. */
  async path() {
    const found = this.page.locator("[data-testid=path][data-local]");
    await found.waitFor();
    return found.evaluate(({ dataset: { local, remote, protocol } }) => ({ local, remote, protocol }));
  }
}

/** Runs in the page: how many pictures have been shown since it was asked for the first time. */
function countPictures() {
  const screen = globalThis.document.querySelector("[data-testid=there]");
  if (screen.shown === undefined) {
    const count = () => {
      screen.shown += 1;
      screen.requestVideoFrameCallback(count);
    };
    screen.shown = 0;
    screen.requestVideoFrameCallback(count);
  }
  return screen.shown;
}

/** Runs in the page. */
async function listen(wanted) {
  const SILENCE_MS = 3_000;
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const { srcObject } = globalThis.document.querySelector("[data-testid=there]");
  context.createMediaStreamSource(srcObject).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const isLoud = () => {
    analyser.getFloatTimeDomainData(samples);
    return samples.some((sample) => Math.abs(sample) > 0.01);
  };
  let last = performance.now();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (isLoud()) last = performance.now();
    const isDone = wanted ? isLoud() : performance.now() - last > SILENCE_MS;
    if (isDone) return context.close();
  }
}
