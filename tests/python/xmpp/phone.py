"""A phone: a client of XMPP whose link comes and goes, and which wants to have heard everything once.

It manages its stream (XEP-0198): it acknowledges what it is asked to, says again what was not taken, and resumes. If the server
has no stream for it any more, it begins a new one, enters its rooms anew, asks archives for what came after the last that it has
heard (XEP-0313) if it is one that does, and knows messages that it has heard by their ids (XEP-0359).
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from hubbub_test.server import PATIENCE

from xmpp.client import MUC, Client, StreamError
from xmpp.elements import CLIENT
from xmpp.links import Broken, Closed, Tcp
from xmpp.servers import ROOMS, XmppServer

SM = "urn:xmpp:sm:3"
MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
DELAY = "{urn:xmpp:delay}delay"

LOST = (Broken, Closed, StreamError, OSError, ParseError)  # what may become of a link


@dataclass(frozen=True)
class Heard:
    """A message: where it is kept, its id there, who said it, and whether it came late."""

    where: str
    id: str
    sender: str
    text: str
    late: bool


class Network:
    """The server by STARTTLS, at another port."""

    def __init__(self, server: XmppServer, port: int, patience: float):
        self.port, self.patience = port, patience
        self.domain, self.addresses, self.tls = server.domain, server.addresses, server.tls

    def link(self, way: str, domain: str) -> Tcp:
        link = Tcp(self.port, domain)
        link.socket.settimeout(self.patience)
        return link


class Phone:
    answers = True  # says what it has heard when it is asked
    patience = 1  # seconds of silence, after which it asks whether anybody is there; after two it comes anew

    def __init__(
        self, server: XmppServer, port: int, user: str, password: str, rooms: tuple[str, ...] = (), reads_archives: bool = False
    ):
        self.reads_archives = reads_archives
        self.server, self.port, self.user, self.password, self.rooms = server, port, user, password, rooms
        self.bare = f"{user}@{server.domain}"
        self.client: Client | None = None
        self.stream: str | None = None  # by which it is resumed
        self.taken = 0  # stanzas of the server's, on this stream
        self.unsure: list[str] = []  # stanzas of its own that the server may not have
        self.sure = 0  # how many it has
        self.heard: list[Heard] = []
        self.twice: list[Heard] = []  # what it had heard already
        self.behind: dict[str, list[Heard]] = {}  # what came where it has yet to hear what came before
        self.inside: set[str] = set()  # rooms that have let it in, since it came as somebody new
        self.begun, self.resumed = 0, 0  # streams, and how often they went on over another link
        self.has_given_up = False

    # Coming

    def come(self):
        """A new link, and on it the old stream if there is one. One of `LOST` if that fails."""
        client = Client(Network(self.server, self.port, self.patience))
        try:
            client.reach_sasl()
            client.authenticate(self.user, self.password)
            if not self._resume(client):
                self._begin(client)
        except BaseException:
            client.cut()
            raise

    def _resume(self, client: Client) -> bool:
        if self.stream is None:
            return False
        client.open()
        client.link.send(f"<resume xmlns='{SM}' previd='{self.stream}' h='{self.taken}'/>")
        answer = client.next()
        if (taken := answer.get("h")) is not None:
            self._is_taken(int(taken))
        if answer.tag != f"{{{SM}}}resumed":
            self.stream = None
            self._bind(client)
            return True
        self.resumed += 1
        self.client = client
        for stanza in self.unsure:
            client.link.send(stanza)
        return True

    def _begin(self, client: Client):
        client.open()
        self._bind(client)

    def _bind(self, client: Client):
        """As somebody new, who has everything still to hear that he has not heard; what was said and not taken is said again."""
        resource = "<resource>phone</resource>"
        answer = client.ask(f"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>{resource}</bind></iq>")
        assert answer.get("type") == "result", answer.attrib
        client.link.send(f"<enable xmlns='{SM}' resume='true'/>")
        enabled = client.next()
        assert enabled.tag == f"{{{SM}}}enabled", enabled.tag
        self.stream, self.taken, self.sure, self.begun = enabled.get("id"), 0, 0, self.begun + 1
        self.client, again = client, [one for one in self.unsure if one.startswith("<message")]
        self.unsure, self.inside = [], set()
        for stanza in ("<presence/>", *map(self._entry, self.rooms), *again):
            self.send(stanza)
        self.behind = {}
        for where in (self.bare, *(f"{room}@{ROOMS}" for room in self.rooms)) if self.reads_archives else ():
            known = [one.id for one in self.heard if one.where == where]
            self.behind[where] = []
            self._look_up(where, known[-1] if known else None)

    def _entry(self, room: str) -> str:
        history = "<history maxstanzas='0'/>" if self.reads_archives else ""
        return f"<presence to='{room}@{ROOMS}/{self.user.capitalize()}'><x xmlns='{MUC}'>{history}</x></presence>"

    def _look_up(self, where: str, after: str | None):
        """Asks for a page of what is kept there."""
        place = f"<after>{after}</after>" if after else ""
        page = f"<query xmlns='{MAM}' queryid='{where}'><set xmlns='{RSM}'><max>20</max>{place}</set></query>"
        self.send(f"<iq type='set' id='page of {where}' to='{where}'>{page}</iq>")

    # Saying

    def send(self, stanza: str):
        """Now, and if need be again; a link that is lost is found when it is read."""
        self.unsure.append(stanza)
        if self.client:
            with suppress(*LOST):
                self.client.link.send(stanza)

    def say(self, text: str, to: str, kind: str = "chat"):
        self.send(f"<message type='{kind}' to='{to}'><body>{text}</body></message>")

    def _is_taken(self, count: int):
        new = count - self.sure
        assert 0 <= new <= len(self.unsure), f"the server has {count} of {self.sure} + {len(self.unsure)}"
        self.sure, self.unsure = count, self.unsure[new:]

    # Hearing

    def stay(self, is_all: Callable[[], bool]):
        """Reads until that is so, coming back as often as it takes."""
        asked, progress, hopeless = False, None, 0.0
        while not is_all():
            if progress != (progress := (self.begun, self.resumed, self.taken)):
                hopeless = time.monotonic() + PATIENCE
            self.has_given_up = time.monotonic() > hopeless
            assert not self.has_given_up, f"the last that came: {self.heard[-3:]}"
            try:
                if self.client is None:
                    self.come()
                self.read()
                asked = False
            except TimeoutError:
                self.cut() if asked else self._ask()
                asked = self.client is not None
            except LOST:
                self.cut()
                asked = False
                time.sleep(0.02)

    def _ask(self):
        """Whether anybody is there."""
        if self.client:
            with suppress(*LOST):
                self.client.link.send(f"<r xmlns='{SM}'/>")

    def read(self) -> str:
        """The next element; its name."""
        got = self.client.next()
        if got.tag == f"{{{SM}}}r":
            if self.answers:
                self.acknowledge()
        elif got.tag == f"{{{SM}}}a":
            self._is_taken(int(got.get("h")))
        else:
            assert got.tag.startswith(f"{{{CLIENT}}}"), got.tag
            self.taken += 1
            self._take(got)
        return got.tag

    def acknowledge(self):
        self.client.link.send(f"<a xmlns='{SM}' h='{self.taken}'/>")

    def settle(self):
        """Returns when the server knows what was heard, and says that it has what was said."""
        self.acknowledge()
        self._ask()
        while self.read() != f"{{{SM}}}a":
            pass

    def _take(self, stanza: Element):
        assert stanza.get("type") != "error", stanza.attrib
        where = (stanza.get("from") or "").partition("/")[0]
        if stanza.find(f"{{{CLIENT}}}subject") is not None:
            self.inside.add(where)
        if (result := stanza.find(f"{{{MAM}}}result")) is not None:
            self._hear_of(result, where)
        elif (fin := stanza.find(f"{{{MAM}}}fin")) is not None:
            self._turn_page(fin, where)
        elif (body := stanza.find(f"{{{CLIENT}}}body")) is not None:
            where = where if stanza.get("type") == "groupchat" else self.bare
            (ident,) = [one.get("id") for one in stanza.findall(STANZA_ID) if one.get("by") == where]
            heard = Heard(where, ident, stanza.get("from"), body.text, stanza.find(DELAY) is not None)
            self.behind[where].append(heard) if where in self.behind else self._hear(heard)

    def _hear(self, heard: Heard):
        is_known = any((one.where, one.id) == (heard.where, heard.id) for one in self.heard)
        (self.twice if is_known else self.heard).append(heard)

    def _hear_of(self, result: Element, where: str):
        """From an archive. What one said oneself to somebody is there as well."""
        message = result.find(f".//{{{CLIENT}}}message")
        sender, body = message.get("from"), message.find(f"{{{CLIENT}}}body")
        if body is not None and sender.partition("/")[0] != self.bare:
            self._hear(Heard(where, result.get("id"), sender, body.text, True))

    def _turn_page(self, fin: Element, where: str):
        if fin.get("complete") != "true":
            return self._look_up(where, fin.find(f"{{{RSM}}}set/{{{RSM}}}last").text)
        for heard in self.behind.pop(where):
            self._hear(heard)

    def said_in(self, where: str) -> list[tuple[str, str]]:
        """What it has heard there: ids and texts."""
        return [(one.id, one.text) for one in self.heard if one.where == where]

    # Going

    def cut(self):
        """Nobody says goodbye."""
        if self.client:
            self.client.cut()
        self.client = None
