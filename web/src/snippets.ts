// The code that does what the page does, for every transport: to copy, paste and run.
import type { TransportName } from "./transports/transport";
import { guessDomain } from "./transports/xmpp/names";

/** What a snippet is written for. */
export interface Scene {
  /** Such as `http://127.0.0.1:8080`. */
  readonly origin: string;
  readonly room: string;
  readonly name: string;
  /** The last offset seen, to go on from; empty where none was. */
  readonly since: string;
  /** Signed in: a token takes the name's place. It is never written out. */
  readonly signedIn: boolean;
}

export interface Snippet {
  readonly title: string;
  readonly code: string;
}

/** Reading by this transport, then publishing. */
export function snippetsFor(transport: TransportName, scene: Scene): readonly Snippet[] {
  return WRITERS[transport](scene);
}

const WRITERS: Readonly<Record<TransportName, (scene: Scene) => readonly Snippet[]>> = {
  polling: (s) => [
    { title: "curl", code: curlLoop(s, "", "  sleep 1\n") },
    { title: "fetch", code: fetchLoop(s, "", "  await new Promise((done) => setTimeout(done, 1000));\n") },
    publishing(s),
  ],
  longpoll: (s) => [
    { title: "curl", code: curlLoop(s, "&wait=20", "") },
    { title: "fetch", code: fetchLoop(s, "&wait=20", "") },
    publishing(s),
  ],
  sse: (s) => [
    { title: "EventSource", code: eventSource(s) },
    { title: "curl", code: `curl -N -H 'Accept: text/event-stream' \\\n  ${shell(url(s, "messages", since(s)))}` },
    publishing(s),
  ],
  websocket: (s) => [
    { title: "With offsets", code: envelopes(s) },
    { title: "Raw frames", code: rawFrames(s) },
    publishing(s),
  ],
  socketio: (s) => socketIo(s, []),
  "socketio-polling": (s) => socketIo(s, ["polling"]),
  "socketio-websocket": (s) => socketIo(s, ["websocket"]),
  xmpp: (s) => [
    { title: "@xmpp/client", code: xmppClient(s) },
    { title: "strophe.js", code: strophe(s) },
    publishing(s),
  ],
};

function socketIo(scene: Scene, transports: readonly string[]): readonly Snippet[] {
  const script = `<script src=${JSON.stringify(`${scene.origin}/socket.io/socket.io.min.js`)}></script>`;
  const { needs, opened } = socketIoSocket(scene, transports);
  const code = `const socket = ${opened};
socket.on("connect", () => console.log(socket.id, socket.recovered));
socket.on("message", (text, offset) => console.log(offset, text));
socket.emit("message", "hello", (kept) => console.log(kept.offset));`;
  const taken = needs === "io" ? "" : `const { ${needs} } = io;\n`;
  return [
    { title: "Page", code: `${script}\n<script>\n${indented(taken + code)}\n</script>` },
    { title: "Node", code: `import { ${needs} } from "socket.io-client";\n\n${code}` },
    publishing(scene),
  ];
}

/** The client's socket. A room that an address would change is named apart from it. */
function socketIoSocket(scene: Scene, transports: readonly string[]): { needs: "io" | "Manager"; opened: string } {
  const start = scene.since ? { since: scene.since } : { last: 50 };
  const auth = `  auth: ${JSON.stringify({ ...(scene.signedIn ? { token: "TOKEN" } : { name: scene.name }), ...start })},\n`;
  const ways = transports.length > 0 ? `  transports: ${JSON.stringify(transports)},\n` : "";
  if (/^[\w.-]+$/.test(scene.room)) {
    return { needs: "io", opened: `io(${JSON.stringify(`${scene.origin}/${scene.room}`)}, {\n${auth}${ways}})` };
  }
  const manager = `new Manager(${JSON.stringify(scene.origin)}${ways && `, {\n${ways}}`})`;
  return { needs: "Manager", opened: `${manager}.socket(${JSON.stringify(`/${scene.room}`)}, {\n${auth}})` };
}

/** Where a client of XMPP finds the server, the room and the name in it. */
function xmppPlace({ origin, room, name }: Scene) {
  const domain = guessDomain(new URL(origin).hostname);
  const at = `${room}@rooms.${domain}`;
  const written = { service: `${ws(origin)}/xmpp-websocket`, domain, at, occupant: `${at}/${name}` };
  return Object.fromEntries(Object.entries(written).map(([key, value]) => [key, JSON.stringify(value)])) as typeof written;
}

function xmppClient(scene: Scene): string {
  const { service, domain, at, occupant } = xmppPlace(scene);
  const login = scene.signedIn ? `, username: "USER", password: "PASSWORD"` : "";
  return `import { client, xml } from "@xmpp/client";

const xmpp = client({ service: ${service}, domain: ${domain}${login} });
xmpp.on("stanza", (s) => {
  const body = s.is("message") && s.getChildText("body");
  if (body) console.log(s.attrs.from, body);
});
await xmpp.start();
await xmpp.send(xml("presence", { to: ${occupant} },
  xml("x", { xmlns: "http://jabber.org/protocol/muc" })));
await xmpp.send(xml("message", { to: ${at}, type: "groupchat" },
  xml("body", {}, "hello")));`;
}

function strophe(scene: Scene): string {
  const { service, domain, at, occupant } = xmppPlace(scene);
  const [jid, secret] = scene.signedIn ? [JSON.stringify(`USER@${JSON.parse(domain)}`), `"PASSWORD"`] : [domain, `""`];
  return `import { $msg, $pres, Strophe } from "strophe.js";

const connection = new Strophe.Connection(${service});
connection.connect(${jid}, ${secret}, (status) => {
  if (status !== Strophe.Status.CONNECTED) return;
  connection.addHandler((message) => {
    const body = message.querySelector("body");
    if (body) console.log(message.getAttribute("from"), body.textContent);
    return true;
  }, null, "message");
  connection.send($pres({ to: ${occupant} })
    .c("x", { xmlns: "http://jabber.org/protocol/muc" }));
  connection.send($msg({ to: ${at}, type: "groupchat" }).c("body").t("hello"));
});`;
}

/** Within a script no string may look like the script's end. */
function indented(code: string): string {
  return code.replaceAll(/^/gm, "  ").replaceAll("</", "<\\/");
}

function curlLoop(scene: Scene, wait: string, between: string): string {
  return `since=${scene.since || "0"}
while answer=$(curl -s ${shellOpen(url(scene, "messages", []))}${wait}&since=$since"); do
  echo "$answer" | jq -c '.messages[]'
  since=$(echo "$answer" | jq -r .cursor)
${between}done`;
}

function fetchLoop(scene: Scene, wait: string, between: string): string {
  return `let since = ${JSON.stringify(scene.since || "0")};
for (;;) {
  const answer = await fetch(${JSON.stringify(`${url(scene, "messages", [])}${wait}&since=`)} + since);
  const { cursor, messages } = await answer.json();
  for (const m of messages) console.log(m.offset, m.name, m.data);
  since = cursor;
${between}}`;
}

function eventSource(scene: Scene): string {
  return `// The browser resumes by itself after a cut.
const source = new EventSource(${JSON.stringify(url(scene, "messages", since(scene)))});
source.onmessage = (e) => {
  const m = JSON.parse(e.data);
  console.log(m.offset, m.name, m.data);
};
source.addEventListener("hubbub:joined", (e) => console.log(e.data));`;
}

function envelopes(scene: Scene): string {
  return `const socket = new WebSocket(${JSON.stringify(ws(url(scene, "ws", since(scene))))}, "hubbub.json");
socket.onmessage = (e) => {
  const { event, offset, name, data } = JSON.parse(e.data);
  console.log(event, offset, name, data);
};
socket.onopen = () => socket.send(JSON.stringify({ data: "hello", key: crypto.randomUUID() }));`;
}

function rawFrames(scene: Scene): string {
  return `// A frame is a message: nothing to learn.
const socket = new WebSocket(${JSON.stringify(ws(url(scene, "ws", [])))});
socket.onmessage = (e) => console.log(e.data);
socket.onopen = () => socket.send("hello");`;
}

function publishing(scene: Scene): Snippet {
  return {
    title: "Publish",
    code: `curl -d hello -H 'Content-Type: text/plain' \\\n  -H "Idempotency-Key: $(date +%s%N)" \\\n  ${shell(url(scene, "messages", []))}`,
  };
}

type Pair = readonly [key: string, value: string];

function since(scene: Scene): readonly Pair[] {
  return scene.since ? [["since", scene.since]] : [];
}

function url(scene: Scene, resource: string, query: readonly Pair[]): string {
  const who: Pair = scene.signedIn ? ["token", "TOKEN"] : ["name", scene.name];
  const params = [who, ...query].map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return `${scene.origin}/rooms/${encodeURIComponent(scene.room)}/${resource}?${params.join("&")}`;
}

function ws(address: string): string {
  return address.replace(/^http/, "ws");
}

/** One word for a POSIX shell. `encodeURIComponent` leaves the single quote as it is. */
function shell(word: string): string {
  return `'${word.replaceAll("'", "%27")}'`;
}

/** The same, in double quotes and left open for what follows. */
function shellOpen(word: string): string {
  return `"${word}`;
}
