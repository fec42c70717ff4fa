"""People of the scenarios on XMPP: a stream over TCP, and the room as a MUC (XEP-0045)."""

import json
import socket
import threading
from contextlib import suppress
from xml.etree.ElementTree import Element

from xmpp.client import Client, StreamError
from xmpp.elements import CLIENT, name_of
from xmpp.links import Broken, Closed, Tcp
from xmpp.servers import DOMAIN, ROOMS

from hubbub_test.people import TRANSPORTS, Person, Unacknowledged

MUC = "http://jabber.org/protocol/muc"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
OWN = "110"
SIGNAL = "{urn:xmpp:json-msg:0}payload[@datatype='urn:hubbub:signal']/{urn:xmpp:json:0}json"


class Loopback:
    """The server as a client of XMPP sees it on this very machine, where clear text is lawful."""

    domain = DOMAIN
    addresses: list[str] = []

    def __init__(self, server):
        self.server = server

    def link(self, way: str, domain: str) -> Tcp:
        return Tcp(self.server.port, domain)


class OnXmpp(Person):
    """An occupant with the person's name. Knows who speaks and the id of each message, but no offsets."""

    transport = "xmpp"

    @property
    def muc(self) -> str:
        return f"{self.room}@{ROOMS}"

    def _open(self, since):
        self.client = Client(Loopback(self.server), "clear")
        if self.password:
            self.client.log_in(self.name.lower(), self.password)
        else:
            self.client.log_in_as_guest(self.name)
        self.writing = threading.Lock()
        self.answers: dict[str, Element] = {}  # to what was asked, and what was refused, by its id
        history = "" if since == 0 else "<history maxstanzas='0'/>"
        self.client.send(f"<presence to='{self.muc}/{self.name}'><x xmlns='{MUC}'>{history}</x></presence>")
        while not self._is_inside(stanza := self.client.next()):
            self._take(stanza)
        self.joined_at = self.joined_at or ("0" if since == 0 else self.server.http.poll(self.room).json["cursor"])

    def _is_inside(self, stanza: Element) -> bool:
        assert stanza.get("type") != "error", stanza.attrib
        return stanza.find(f"{{{CLIENT}}}subject") is not None

    def _read(self):
        try:
            while True:
                self._take(self.client.next())
        except (Broken, Closed, OSError, ValueError):
            self.refused("ended")
        except StreamError as error:
            self.refused(error.args[0])

    def _take(self, stanza: Element):
        room, _, nick = stanza.get("from", "").partition("/")
        if room != self.muc:
            return
        if stanza.get("type") in ("error", "result"):
            with self.changed:
                self.answers[stanza.get("id")] = stanza
                self.changed.notify_all()
        elif (signal := stanza.find(SIGNAL)) is not None:
            assert stanza.get("type") == "chat" and stanza.get("to") == self.client.jid, stanza.attrib
            self.note({"event": "hubbub:signal", "data": json.loads(signal.text), "by": stanza.get("from")})
        elif name_of(stanza) == "presence":
            self._see(stanza, nick)
        elif (body := stanza.find(f"{{{CLIENT}}}body")) is not None:
            self.note({"data": body.text or "", "name": nick, "id": stanza.find(STANZA_ID).get("id")})

    def _see(self, presence: Element, nick: str):
        statuses = [one.get("code") for one in presence.iter(f"{{{MUC}#user}}status")]
        if OWN not in statuses:
            action = "leave" if presence.get("type") == "unavailable" else "join"
            self.note({"event": "hubbub:presence", "data": {"action": action, "name": nick}})

    def _close(self):
        with suppress(OSError):  # wakes the reader, which holds the socket open; the server may have closed it before
            self.client.link.socket.shutdown(socket.SHUT_RDWR)
        self.client.cut()

    def can_see(self, message: dict) -> dict:
        return {member: message[member] for member in ("data", "name", "id")}

    def say(self, text, key=None, room=None):
        if key or room and room != self.room:
            return super().say(text, key, room)
        refusals = len(self.refusals)
        try:
            with self.writing:
                self.client.link.send_element(self._message(text))
        except OSError as lost:
            raise Unacknowledged from lost
        told = self.wait_for(lambda: self._reflected(text) or len(self.refusals) > refusals, f"to hear {text!r}")
        if told is True:
            raise Unacknowledged
        return told

    def _message(self, text: str) -> Element:
        message = Element(f"{{{CLIENT}}}message", {"type": "groupchat", "to": self.muc, "id": self.new_key()})
        body = Element(f"{{{CLIENT}}}body")
        body.text = text
        message.append(body)
        return message

    def _reflected(self, text: str) -> dict | None:
        """One's own words, as they come back: that is how a room says that it has them (XEP-0045 section 7.4)."""
        return next((one for one in self.received if (one["data"], one["name"]) == (text, self.name)), None)


TRANSPORTS[OnXmpp.transport] = OnXmpp
