"""One XMPP session, by hand: every element in and out is there to be looked at."""

import base64
import itertools
from collections import deque
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from xmpp import sasl
from xmpp.elements import CLIENT, STREAM, Different, read, write
from xmpp.links import Broken, Closed, Opened, Tcp, WebSocket

TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
BIND = "urn:ietf:params:xml:ns:xmpp-bind"
STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"
MUC = "http://jabber.org/protocol/muc"
DISCO = "http://jabber.org/protocol/disco#info"


class Refused(Exception):
    """SASL failed; the argument is the condition."""


class StreamError(Exception):
    """The server ended the stream; the argument is the condition."""


class Client:
    """`way` is `STARTTLS`, `direct TLS`, `clear` or `WebSocket`."""

    numbers = itertools.count(1)

    def __init__(self, server, way: str = "STARTTLS", domain: str | None = None):
        self.server, self.way = server, way
        self.domain = domain or server.domain
        self.link = server.link(way, self.domain)
        self.jid: str | None = None
        self.features: Element | None = None
        self.ahead: deque[Element] = deque()

    # What goes out and comes in

    def send(self, text: str):
        """One or more elements, as they stand in a story."""
        for element in read(text):
            self.link.send_element(element)

    def next(self) -> Element:
        """The next element; a stream error is an exception."""
        return self.ahead.popleft() if self.ahead else self._read()

    def _read(self) -> Element:
        got = self.link.next()
        if isinstance(got, Element) and got.tag == f"{{{STREAM}}}error":
            raise StreamError(got[0].tag.rpartition("}")[2])
        return got

    def ask(self, text: str) -> Element:
        """Sends an iq and gives its answer. Nothing else may come between."""
        (iq,) = read(text)
        self.link.send_element(iq)
        answer = self.next()
        if answer.get("id") != iq.get("id") or answer.get("type") not in ("result", "error"):
            raise Different(f"no answer to {write(iq)}: {write(answer)}")
        return answer

    def settle(self, rooms: Iterable[str] = ()):
        """Returns when the server has dealt with all that was sent here: each account and each of these rooms has answered a question that
        came after it. What is said meanwhile is kept for `next`."""
        waiting = set()
        for address in (self.domain, *self.server.addresses, *rooms):
            ident = f"settled-{next(self.numbers)}"
            self.send(f"<iq type='get' id='{ident}' to='{address}'><query xmlns='{DISCO}'/></iq>")
            waiting.add(ident)
        while waiting:
            got = self._read()
            if got.get("id") in waiting and got.get("type") in ("result", "error"):
                waiting.remove(got.get("id"))
            else:
                self.ahead.append(got)

    def everything(self) -> list[Element]:
        """All that the server has for us by now."""
        self.settle()
        seen = list(self.ahead)
        self.ahead.clear()
        return seen

    def condition(self) -> str:
        """The condition with which the server ends the stream; what comes before it is read and dropped."""
        try:
            while True:
                self.next()
        except StreamError as error:
            self.expect_end()
            return error.args[0]

    def expect_end(self):
        """The server's stream ends, and nothing comes before that."""
        try:
            raise Different(f"there is more: {self.link.next()}")
        except Closed:
            pass

    # Coming in

    def open(self, **attributes: str) -> Element:
        """Opens a stream; the features."""
        self.link.open(self.domain, **attributes)
        self.opened = self.next()
        assert isinstance(self.opened, Opened), self.opened
        self.features = self.next()
        assert self.features.tag == f"{{{STREAM}}}features", write(self.features)
        return self.features

    def start_tls(self):
        """From clear text to TLS (RFC 6120 section 5.4), up to the features that follow."""
        self.link.send(f"<starttls xmlns='{TLS}'/>")
        proceed = self.next()
        assert proceed.tag == f"{{{TLS}}}proceed", write(proceed)
        self.link.secure(self.server.tls)
        return self.open()

    def reach_sasl(self) -> "Client":
        """As far as the mechanisms, over TLS if there is to be TLS."""
        self.open()
        if self.way == "STARTTLS":
            self.start_tls()
        return self

    @property
    def mechanisms(self) -> list[str]:
        found = self.features.find(f"{{{SASL}}}mechanisms")
        return [] if found is None else [one.text for one in found if one.tag == f"{{{SASL}}}mechanism"]

    def auth(self, mechanism: str, initial: bytes | None) -> Element:
        """Begins an exchange; whatever the server answers."""
        text = "" if initial is None else sasl.encode(initial)
        self.link.send(f"<auth xmlns='{SASL}' mechanism='{mechanism}'>{text}</auth>")
        return self.next()

    def respond(self, data: bytes) -> Element:
        self.link.send(f"<response xmlns='{SASL}'>{sasl.encode(data)}</response>")
        return self.next()

    def authenticate(self, user: str, password: str, mechanism: str | None = None, **options):
        """By SCRAM, or PLAIN if it is asked for; `Refused` with the condition if that fails."""
        mechanism = mechanism or next(one for one in ("SCRAM-SHA-256", "SCRAM-SHA-1") if one in self.mechanisms)
        if mechanism == "PLAIN":
            return self.succeeded(self.auth(mechanism, sasl.plain(user, password)))
        scram = sasl.Scram(mechanism, user, password, **options)
        challenge = self.auth(mechanism, scram.first())
        if challenge.tag == f"{{{SASL}}}failure":
            return self.succeeded(challenge)
        final = self.respond(scram.final(base64.b64decode(challenge.text)))
        if final.tag == f"{{{SASL}}}challenge":  # the server's last word may be a challenge or come with success
            assert base64.b64decode(final.text) == scram.expected
            return self.succeeded(self.respond(b""))
        self.succeeded(final)
        assert base64.b64decode(final.text) == scram.expected, "the server does not know the password itself"

    def succeeded(self, answer: Element):
        if answer.tag == f"{{{SASL}}}failure":
            raise Refused(answer[0].tag.rpartition("}")[2])
        assert answer.tag == f"{{{SASL}}}success", write(answer)

    def bind(self, resource: str | None = None) -> str:
        """Opens the stream that follows authentication, and binds; the full address."""
        self.open()
        wanted = f"<resource>{resource}</resource>" if resource else ""
        answer = self.ask(f"<iq type='set' id='bind'><bind xmlns='{BIND}'>{wanted}</bind></iq>")
        assert answer.get("type") == "result", write(answer)
        self.jid = answer.find(f"{{{BIND}}}bind/{{{BIND}}}jid").text
        return self.jid

    def log_in(self, user: str, password: str, resource: str | None = None, mechanism: str | None = None) -> "Client":
        self.reach_sasl()
        self.authenticate(user, password, mechanism)
        self.bind(resource)
        return self

    def log_in_as_guest(self, name: str = "") -> "Client":
        self.reach_sasl()
        self.succeeded(self.auth("ANONYMOUS", name.encode()))
        self.bind()
        return self

    # Being in a room

    def enter(self, occupant: str) -> "Client":
        """Comes in without history, as this occupant; the subject comes last (XEP-0045 section 7.1)."""
        self.send(f"<presence to='{occupant}'><x xmlns='{MUC}'><history maxstanzas='0'/></x></presence>")
        while self.next().find(f"{{{CLIENT}}}subject") is None:
            pass
        return self

    # Going

    def close(self):
        self.link.close()

    def cut(self):
        self.link.cut()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def error_of(stanza: Element) -> str:
    """`type condition` of an error stanza, such as `cancel service-unavailable`."""
    error = stanza.find(f"{{{CLIENT}}}error")
    assert error is not None, f"not an error: {write(stanza)}"
    condition = next(child for child in error if child.tag.startswith(f"{{{STANZAS}}}") and not child.tag.endswith("}text"))
    return f"{error.get('type')} {condition.tag.rpartition('}')[2]}"


__all__ = ["Broken", "Client", "Closed", "Refused", "StreamError", "Tcp", "WebSocket", "error_of"]
