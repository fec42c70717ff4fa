"""The sentences of `tests/scenarios/xmpp`: who logs in, what they send, what they receive, and that nothing else came.

Stanzas are the indented lines below a sentence. What a person receives is compared in the order in which it comes; a story ends only when
nobody has anything left that the story did not tell of.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

from hubbub_test.scenario import PARTS, play, step

from xmpp.client import MUC, Client
from xmpp.elements import Different, expect, fill, name_of, read, write
from xmpp.links import Broken, Closed
from xmpp.servers import DOMAIN, ROOMS, XmppServer, server_for

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "xmpp"
ASKS = "{urn:xmpp:sm:3}r"

PARTS["jid"] = r"([^\s@/]+@[^\s/]+(?:/\S+)?)"
PARTS["way"] = r"(STARTTLS|direct TLS|WebSocket)"
PARTS["nick"] = r"(\S+)"
PARTS["event"] = r"(.+)"


@dataclass
class XmppStage:
    """One server, and the sessions of the people of a story."""

    config: str = ""
    accounts: dict[str, str] = field(default_factory=dict)
    people: dict[str, Client] = field(default_factory=dict)
    rooms: set[str] = field(default_factory=set)  # all that anybody has written to
    known: dict[str, str] = field(default_factory=dict)  # what the gaps in a story's stanzas have turned out to be
    running: XmppServer | None = None

    @property
    def server(self) -> XmppServer:
        """Started when it is first needed."""
        if self.running is None:
            passwords = {name.lower(): password for name, password in self.accounts.items()}
            self.running = server_for(passwords, self.config).start()
        return self.running

    def called(self, names: str) -> list[Client]:
        return [self.people[name] for name in names_in(names)]

    def log_in(self, jid: str, way: str = "STARTTLS") -> Client:
        local, _, rest = jid.partition("@")
        password = self.accounts[local.capitalize()]
        return Client(self.server, way).log_in(local, password, rest.partition("/")[2] or None)

    def settle(self):
        """All that anybody has sent has been dealt with, and what came of it has arrived: one round for each."""
        for _ in range(2):
            for client in self.people.values():
                client.settle(self.rooms)

    def close(self):
        for client in self.people.values():
            client.link.cut()
        if self.running:
            self.running.stop()


def names_in(names: str) -> list[str]:
    return re.split(r", | and ", names)


def tell(path: Path):
    """Plays one story to its end."""
    stage = XmppStage()
    try:
        play(path, stage)
        nothing_else_came(stage)
    finally:
        stage.close()


# Coming and going


@step("{people} have accounts")
@step("{people} has one account")
def have_accounts(stage: XmppStage, names: str):
    stage.accounts |= {name: f"the password of {name}" for name in names_in(names)}


@step("The server lets people register")
def lets_register(stage: XmppStage):
    stage.config += "register = true\n"


@step("The server knows a TURN server")
def knows_turn(stage: XmppStage):
    stage.config += f'[ice]\nurls = ["turn:turn.localhost"]\nsecret = "{"s" * 32}"\n'


@step("{person} logs in as {jid}")
def logs_in(stage: XmppStage, name: str, jid: str):
    stage.people[name] = stage.log_in(jid)
    assert stage.people[name].jid == jid or "/" not in jid, f"asked for {jid}, was given {stage.people[name].jid}"
    stage.known[name] = stage.people[name].jid


@step("{person} logs in as {jid} over {way}")
def logs_in_over(stage: XmppStage, name: str, jid: str, way: str):
    stage.people[name] = stage.log_in(jid, way)
    stage.known[name] = stage.people[name].jid


@step("{person} proves who she is as {jid}")
def proves(stage: XmppStage, name: str, jid: str):
    """Logged in, and no resource yet: the place to resume a stream (XEP-0198 section 5)."""
    local = jid.partition("@")[0]
    client = stage.people[name] = Client(stage.server).reach_sasl()
    client.authenticate(local, stage.accounts[local.capitalize()])
    client.open()


@step("{person} comes online as {jid}")
def comes_online(stage: XmppStage, name: str, jid: str):
    """Initial presence, of which its own resource is told as well (RFC 6121 section 4.2.2)."""
    logs_in(stage, name, jid)
    sends(stage, name, "<presence/>")
    receives(stage, name, f"<presence from='{jid}'/>")


@step("{person} comes online as {jid} with priority {nick}")
def comes_online_with_priority(stage: XmppStage, name: str, jid: str, priority: str):
    logs_in(stage, name, jid)
    sends(stage, name, f"<presence><priority>{priority}</priority></presence>")
    receives(stage, name, f"<presence from='{jid}'><priority>{priority}</priority></presence>")


@step("{person} logs out")
def logs_out(stage: XmppStage, name: str):
    stage.people.pop(name).close()


@step("{person}'s stream is cut")
def is_cut(stage: XmppStage, name: str):
    stage.people.pop(name).cut()


@step("{person}'s stream is ended by the server with {event}")
def is_ended(stage: XmppStage, name: str, condition: str):
    assert stage.people.pop(name).condition() == condition


# Sending and receiving


@step("{person} sends:")
def sends(stage: XmppStage, name: str, stanzas: str):
    text = fill(stanzas, stage.known)
    stage.rooms |= set(re.findall(rf"\bto=\"(\w+@{ROOMS})", text))
    stage.people[name].send(text)


def says_little(stanza: Element) -> bool:
    """That nobody is there at an account: a server may tell it in answer to its own probe, or keep it to itself (RFC 6121 section 4.3.2).
    When it asks for an acknowledgement is its own business as well (XEP-0198 section 4)."""
    gone = name_of(stanza) == "presence" and stanza.get("type") == "unavailable" and "/" not in stanza.get("from", "/")
    return gone or stanza.tag == ASKS


def next_of(stage: XmppStage, name: str, wanted: Element) -> Element:
    try:
        while says_little(got := stage.people[name].next()):
            pass
        return got
    except (Closed, Broken, TimeoutError) as nothing:
        raise Different(f"{name} waited in vain ({nothing!r}) for {fill(write(wanted), stage.known)}") from nothing


@step("{person} receives:")
def receives(stage: XmppStage, name: str, stanzas: str):
    for wanted in read(stanzas):
        expect(wanted, next_of(stage, name, wanted), stage.known)


@step("{person} receives in any order:")
def receives_in_any_order(stage: XmppStage, name: str, stanzas: str):
    wanted = read(stanzas)
    got = [next_of(stage, name, one) for one in wanted]
    for one in wanted:
        for candidate in got:
            try:
                expect(one, candidate, learnt := dict(stage.known))
            except Different as difference:
                last = difference
                continue
            got.remove(candidate)
            stage.known |= learnt
            break
        else:
            raise Different(f"{name} did not receive {write(one)} among {[write(each) for each in got]}") from last


@step("{people} receives nothing")
@step("{people} receive nothing")
def receives_nothing(stage: XmppStage, names: str):
    stage.settle()
    for name in names_in(names):
        came = [write(one) for one in stage.people[name].ahead if not says_little(one)]
        assert not came, f"{name} received {came}"


def nothing_else_came(stage: XmppStage):
    if stage.people:
        receives_nothing(stage, " and ".join(stage.people))


@step("{people} has not seen anybody")
def has_not_seen_anybody(stage: XmppStage, names: str):
    """Whatever came, nobody's presence was among it."""
    stage.settle()
    for client in stage.called(names):
        seen = [write(one) for one in client.ahead if name_of(one) == "presence" and one.get("type") is None]
        assert not seen, seen
        client.ahead.clear()


@step("{people} have received whatever came")
@step("{people} has received whatever came")
def received_whatever(stage: XmppStage, names: str):
    """For what a story is not about."""
    stage.settle()
    for client in stage.called(names):
        client.ahead.clear()


# What a story begins with


@step("{person} and {person} are friends")
def are_friends(stage: XmppStage, one: str, other: str):
    """Each is subscribed to the other's presence (RFC 6121 section 3.1)."""
    addresses = [f"{name.lower()}@{DOMAIN}" for name in (one, other)]
    clients = [stage.log_in(f"{address}/setup") for address in addresses]
    for kind in ("subscribe", "subscribed"):
        for client, address in zip(clients, reversed(addresses), strict=True):
            client.send(f"<presence type='{kind}' to='{address}'/>")
            client.settle()
    for client in clients:
        client.close()


@step("{person} enters {jid}")
def enters(stage: XmppStage, name: str, occupant: str):
    """Joins without asking for history, and reads up to the subject; a room that is new is taken as it is (XEP-0045 section 10.1.2)."""
    client = stage.people[name]
    client.send(f"<presence to='{occupant}'><x xmlns='{MUC}'><history maxstanzas='0'/></x></presence>")
    room, created = occupant.partition("/")[0], False
    stage.rooms.add(room)
    while (got := client.next()).find("{jabber:client}subject") is None:
        assert got.get("type") != "error", write(got)
        created |= got.find(f"{{{MUC}#user}}x/{{{MUC}#user}}status[@code='201']") is not None
    if created:
        form = "<x xmlns='jabber:x:data' type='submit'/>"
        client.send(f"<iq type='set' id='instant' to='{room}'><query xmlns='{MUC}#owner'>{form}</query></iq>")
        while (got := client.next()).get("id") != "instant":
            pass
        assert got.get("type") == "result", write(got)
