// A page with a room's people, each of whom can be called: picture, sound and a channel for text.
import { hiding, person } from "./call.js";
import { TRANSPORTS } from "./signalling.js";
import { Telephone } from "./telephone.js";

const at = (id) => document.getElementById(id);
const people = new Map(); // by address, their names
let ownUser;
let ownRoom; // its address, if it hides who its people are: then they are rung by their names in it
let signalling;
let telephone;
let talk; // the call that goes on, if one does
let ringing; // while somebody is rung from here: its `abort` ends that
let channel;

at("entrance").transport.append(...Object.keys(TRANSPORTS).map((name) => new Option(name)));
at("entrance").onsubmit = async (event) => {
  event.preventDefault();
  const { server, room, name, transport } = Object.fromEntries(new FormData(event.target));
  if (transport === "Socket.IO") await import(`${server}/socket.io/socket.io.min.js`);
  const { iceServers } = await (await fetch(new URL("/api/ice", server))).json();
  leave();
  signalling?.close();
  signalling = new TRANSPORTS[transport](server, room, name);
  signalling.addEventListener("joined", ({ detail }) => enter(detail));
  signalling.addEventListener("presence", ({ detail }) => seePresence(detail));
  telephone = new Telephone(signalling, { iceServers });
  telephone.addEventListener("ring", ({ detail }) => hearRing(detail));
  telephone.addEventListener("stop", ({ detail: id }) => at("ringing").dataset.id === id && at("ringing").close());
};

function enter({ session, presence }) {
  at("state").value = `here as ${session}`;
  people.clear();
  for (const { user, name } of presence?.occupants ?? []) people.set(user, name);
  ownUser = person(session);
  ownRoom = [...hiding].find((room) => session.startsWith(`${room}/`));
  showPeople();
}

function seePresence({ action, user, name }) {
  if (action === "leave") miss(user);
  else if (user) people.set(user, name);
  showPeople();
}

/** He is gone, and may not have been able to say so to whom he rang, or who rang him. */
function miss(user) {
  const address = reach(user, people.get(user));
  people.delete(user);
  if (at("ringing").dataset.user === address) at("ringing").close();
  if (ringing?.user === address) ringing.abort("left");
}

/** The address by which somebody is rung. */
const reach = (user, name) => (ownRoom ? `${ownRoom}/${name}` : user);

function showPeople() {
  const row = ([address, name]) => {
    const item = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { textContent: `Call ${name}`, onclick: () => ring(address) });
    item.append(button);
    return item;
  };
  const reached = [...people].map(([user, name]) => [reach(user, name), name]);
  at("people").replaceChildren(...reached.filter(([address]) => address !== ownUser).map(row));
}

function ring(user) {
  if (talk || ringing) return; // one at a time
  at("state").value = "ringing";
  take(untilAnswered(user));
}

async function untilAnswered(user) {
  ringing = Object.assign(new AbortController(), { user });
  at("stop").hidden = false;
  try {
    return await telephone.ring(user, undefined, ringing);
  } finally {
    ringing = undefined;
    at("stop").hidden = true;
  }
}

const host = (address) => address.split("/", 1)[0].split("@")[1];
/** Whoever comes by name alone, as we do here, is a guest. A room that hides its people does not tell. */
const isGuest = (address) => host(address) === host(ownUser) && !ownUser.includes("/");

function hearRing({ id, from, name, answer, decline }) {
  // Whoever rings second must not take the place of the first under somebody's finger.
  if (talk || ringing || at("ringing").open) return decline("busy");
  Object.assign(at("ringing").dataset, { id, user: person(from) });
  at("caller").textContent = name;
  at("guest").hidden = !isGuest(from);
  at("answer").onclick = () => at("ringing").close() ?? take(answer());
  at("decline").onclick = () => at("ringing").close() ?? decline();
  at("ringing").oncancel = () => decline(); // by the key Escape
  at("ringing").showModal();
}

async function take(answered) {
  try {
    await begin(await answered);
  } catch (reason) {
    at("state").value = `no call: ${reason.message}`;
  }
}

async function begin(call) {
  talk = call;
  const { connection } = call;
  call.addEventListener("over", ({ detail: reason }) => end(call, reason));
  connection.ontrack = ({ streams: [stream] }) => (at("theirs").srcObject = stream);
  connection.addEventListener("connectionstatechange", showWay);
  channel = connection.createDataChannel("text", { negotiated: true, id: 0 });
  channel.onmessage = ({ data }) => showText(`They: ${data}`);
  at("call").hidden = false;
  const stream = await ownStream(call);
  if (talk !== call) return stream.getTracks().forEach((track) => track.stop()); // it was over before the camera was on
  at("own").srcObject = stream;
  stream.getTracks().forEach((track) => connection.addTrack(track, stream));
}

/** Without a camera there is no call, and nobody is to wait for it. */
async function ownStream(call) {
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  } catch (refusal) {
    call.hangUp();
    throw refusal;
  }
}

function end(call, reason) {
  if (talk !== call) return;
  at("own").srcObject?.getTracks().forEach((track) => track.stop());
  at("own").srcObject = at("theirs").srcObject = talk = null;
  at("texts").replaceChildren();
  at("call").hidden = true;
  at("state").value = `the call is over: ${reason}`;
}

async function showWay({ target: connection }) {
  at("state").value = connection.connectionState;
  const stats = await connection.getStats();
  const pair = [...stats.values()].find(({ type, state, nominated }) => type === "candidate-pair" && state === "succeeded" && nominated);
  const kind = (id) => stats.get(id)?.candidateType ?? "?";
  at("way").value = pair ? `${kind(pair.localCandidateId)} to ${kind(pair.remoteCandidateId)}` : "";
}

function showText(text) {
  at("texts").append(Object.assign(document.createElement("li"), { textContent: text }));
}

at("chat").onsubmit = (event) => {
  event.preventDefault();
  const { text } = event.target;
  channel.send(text.value);
  showText(`You: ${text.value}`);
  text.value = "";
};
at("stop").onclick = () => ringing.abort();
at("hang-up").onclick = () => talk.hangUp();
at("restart").onclick = () => talk.restart();

/** Nobody is to wait for who is gone. */
function leave() {
  talk?.hangUp("left");
  telephone?.hangUp("left");
}
addEventListener("pagehide", leave);
