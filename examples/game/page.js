// The page: what is sent sixty times a second, what is done with what comes, and the line's sliders where there is one.
//
// Its address may say ?server=http://host:8080 (else port 8080 of where the page is from), &room=… and &name=…
import { Arena } from "./arena.js";
import { Comparison } from "./comparison.js";
import { Meeting } from "./meeting.js";
import { Plot } from "./plot.js";
import { readPosition } from "./position.js";
import { sixtyTimesASecond } from "./ticker.js";

const ROWS = {
  received: "received",
  lost: "never came",
  overtaken: "came after a later one had, on the other way",
  median: "late: half of them by at most (ms)",
  p95: "95 of a hundred by at most (ms)",
  p99: "99 of a hundred by at most (ms)",
  silence: "longest silence (ms)",
};

// Browsers have it only where the page came by HTTPS or from this machine.
crypto.randomUUID ??= () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16).padStart(8, "0")).join("");

const at = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
const server = asked.get("server") ?? `${location.protocol}//${location.hostname}:8080`;
const name = `${asked.get("name") ?? "Player"} ${crypto.randomUUID().slice(0, 4)}`;
const arena = new Arena(at("arena"));
const plot = new Plot(at("plot"));
let comparison = new Comparison(["channel", "socket"]);
let seq = 0;
let other; // what the other player calls himself; in the room there may be a third one, too

const clock = () => performance.timeOrigin + performance.now();

async function play() {
  const { iceServers } = await (await fetch(new URL("/api/ice", server))).json();
  const meeting = new Meeting(server, asked.get("room") ?? "game", name, iceServers);
  meeting.addEventListener("met", ({ detail }) => begin(detail));
  meeting.addEventListener("parted", () => {
    other = undefined;
    at("state").value = "nobody else is there";
  });
  meeting.addEventListener("message", ({ detail: { way, text } }) => {
    const said = readPosition(text);
    if (said && way === "channel") other = said.name; // nobody else speaks there
    if (!said || said.name !== other) return;
    comparison.take(way, said, clock());
    arena.see(way, said);
  });
  at("state").value = "waiting for somebody else in the room";
  sixtyTimesASecond(() => {
    const t = clock();
    meeting.say(JSON.stringify({ name, seq: seq++, t, ...arena.position(t) }));
  });
}

/** Both ways are there: what was before is not compared. */
function begin(name) {
  other = undefined;
  comparison = new Comparison(["channel", "socket"]);
  at("state").value = `playing with ${name}`;
}

function draw() {
  arena.draw();
  requestAnimationFrame(draw);
}

function tell() {
  const now = clock();
  plot.draw(comparison, now);
  const numbers = Object.keys(comparison.ways).map((way) => [way, comparison.numbers(way, now)]);
  const rows = Object.entries(ROWS).map(([key, title]) => {
    const row = document.createElement("tr");
    const head = Object.assign(document.createElement("th"), { scope: "row", textContent: title });
    const cells = numbers.map(([way, numbers]) => {
      const cell = Object.assign(document.createElement("td"), { textContent: numbers[key] === undefined ? "–" : Math.round(numbers[key]) });
      cell.dataset.number = `${way} ${key}`;
      return cell;
    });
    row.append(head, ...cells);
    return row;
  });
  at("numbers").replaceChildren(...rows);
}

/** The sliders, if whoever serves the page has a line to set. */
async function prepareWire() {
  const answer = await fetch("/wire");
  if (!answer.ok) return;
  const form = at("wire");
  const units = { loss: "%", delay: "ms", jitter: "ms" };
  const show = (settings) => {
    for (const [key, unit] of Object.entries(units)) form[`${key}-shown`].value = `${(form[key].value = settings[key])} ${unit}`;
  };
  form.oninput = async ({ target }) => {
    const body = JSON.stringify({ [target.name]: Number(target.value) });
    const changed = await fetch("/wire", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    show(await changed.json());
  };
  show(await answer.json());
  form.hidden = false;
}

requestAnimationFrame(draw);
setInterval(tell, 200);
await Promise.all([prepareWire(), play()]);
