// Three clients of XMPP over WebSocket, made to look alike: @xmpp/client, strophe.js and stanza. What each calls an event is what its own pages say.
import { client as createClient, xml } from "@xmpp/client";
import * as stanza from "stanza";
import { $iq, $msg, $pres, Strophe } from "strophe.js";
import { Mailbox } from "./clients.js";
import { leavesAfterwards } from "./leaving.js";

const MUC = "http://jabber.org/protocol/muc";
const ROSTER = "jabber:iq:roster";
const PING = "urn:xmpp:ping";

/** What all have: `heard` in rooms as `{ room, nick, body }`, `letters` from others as `{ from, body }`. */
class Visitor {
  heard = new Mailbox();
  letters = new Mailbox();

  /** What the server delivers; history (with a delay) is left out. */
  take({ type, from, body, delayed }) {
    if (body == null || delayed) return;
    const [address, resource] = from.split("/");
    if (type === "groupchat") this.heard.push({ room: address, nick: resource, body });
    else if (type === "chat") this.letters.push({ from, body });
  }
}

class XmppClient extends Visitor {
  async connect(url, user, password) {
    this.xmpp = createClient({ service: url, domain: "localhost", username: user, password, resource: "js" });
    this.xmpp.on("error", () => {}); // what matters comes as a rejection
    this.xmpp.on("stanza", (got) => {
      if (!got.is("message")) return;
      const delayed = Boolean(got.getChild("delay", "urn:xmpp:delay"));
      this.take({ type: got.attrs.type, from: got.attrs.from, body: got.getChildText("body"), delayed });
    });
    this.jid = String(await this.xmpp.start());
    await this.xmpp.send(xml("presence"));
  }

  enter = async (room, nick) => {
    const inside = new Promise((resolve) => {
      this.xmpp.on("stanza", (got) => got.is("message") && got.getChild("subject") && got.attrs.from.startsWith(room) && resolve());
    });
    await this.xmpp.send(xml("presence", { to: `${room}/${nick}` }, xml("x", { xmlns: MUC })));
    await inside;
  };
  say = (to, body, type = "groupchat") => this.xmpp.send(xml("message", { to, type }, xml("body", {}, body)));
  ping = async () => void (await this.xmpp.iqCaller.get(xml("ping", PING)));
  roster = async () => (await this.xmpp.iqCaller.get(xml("query", ROSTER))).getChildren("item").map((item) => item.attrs.jid);
  befriend = async (jid) => void (await this.xmpp.iqCaller.set(xml("query", ROSTER, xml("item", { jid }))));
  close = () => this.xmpp.stop();
  giveUp = () => {
    this.xmpp.reconnect.stop();
    return this.xmpp.stop();
  };
}

class StropheJs extends Visitor {
  async connect(url, user, password) {
    this.connection = new Strophe.Connection(url);
    await new Promise((resolve, reject) => {
      this.connection.connect(`${user}@localhost/js`, password, (status, reason) => {
        if (status === Strophe.Status.CONNECTED) resolve();
        if ([Strophe.Status.AUTHFAIL, Strophe.Status.CONNFAIL].includes(status)) reject(new Error(`${status} ${reason}`));
      });
    });
    this.connection.addHandler((got) => this.#message(got), null, "message");
    this.jid = this.connection.jid;
    this.connection.send($pres());
  }

  #message(got) {
    const body = got.getElementsByTagName("body")[0]?.textContent;
    const delayed = got.getElementsByTagName("delay").length > 0;
    this.take({ type: got.getAttribute("type"), from: got.getAttribute("from"), body, delayed });
    return true; // go on listening
  }

  enter = async (room, nick) => {
    const inside = new Promise((resolve) => {
      const seen = (got) => got.getElementsByTagName("subject").length === 0 || void resolve();
      this.connection.addHandler(seen, null, "message", "groupchat", null, room, { matchBareFromJid: true });
    });
    this.connection.send($pres({ to: `${room}/${nick}` }).c("x", { xmlns: MUC }));
    await inside;
  };
  say = async (to, body, type = "groupchat") => this.connection.send($msg({ to, type }).c("body").t(body));
  #ask = (iq) => new Promise((resolve, reject) => this.connection.sendIQ(iq, resolve, reject));
  ping = async () => void (await this.#ask($iq({ type: "get", to: "localhost" }).c("ping", { xmlns: PING })));
  roster = async () => {
    const answer = await this.#ask($iq({ type: "get" }).c("query", { xmlns: ROSTER }));
    return [...answer.getElementsByTagName("item")].map((item) => item.getAttribute("jid"));
  };
  befriend = async (jid) => void (await this.#ask($iq({ type: "set" }).c("query", { xmlns: ROSTER }).c("item", { jid })));
  close = async () => {
    const gone = new Promise((resolve) => (this.connection.connect_callback = (status) => status === Strophe.Status.DISCONNECTED && resolve()));
    this.connection.disconnect();
    await gone;
  };
  giveUp = () => this.connection.disconnect();
}

class Stanza extends Visitor {
  async connect(url, user, password) {
    const jid = `${user}@localhost`;
    this.client = stanza.createClient({ jid, resource: "js", password, transports: { websocket: url, bosh: false }, autoReconnect: false });
    this.client.on("message", (got) => this.take({ ...got, delayed: Boolean(got.delay) }));
    const started = new Promise((resolve, reject) => {
      this.client.on("session:started", resolve);
      this.client.on("auth:failed", () => reject(new Error("auth failed")));
    });
    this.client.connect();
    await started;
    this.jid = this.client.jid;
    this.client.sendPresence();
  }

  enter = async (room, nick) => {
    const inside = new Promise((resolve) => this.client.on("muc:topic", (got) => got.room === room && resolve()));
    await this.client.joinRoom(room, nick);
    await inside;
  };
  say = async (to, body, type = "groupchat") => void this.client.sendMessage({ to, type, body });
  ping = async () => void (await this.client.ping("localhost"));
  roster = async () => (await this.client.getRoster()).items.map((item) => item.jid);
  befriend = async (jid) => void (await this.client.updateRosterItem({ jid }));
  close = async () => {
    const gone = new Promise((resolve) => this.client.on("disconnected", resolve));
    this.client.disconnect();
    await gone;
  };
  giveUp = () => this.client.disconnect();
}

export const CLIENTS = { "@xmpp/client": XmppClient, "strophe.js": StropheJs, stanza: Stanza };

/** One of them, logged in; it leaves when the test ends. */
export async function logIn(Kind, server, user, password) {
  const visitor = new Kind();
  await visitor.connect(`${server.base.replace("http", "ws")}/xmpp-websocket`, user, password);
  leavesAfterwards(() => visitor.close());
  return visitor;
}
