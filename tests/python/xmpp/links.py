"""What carries a stream: TCP, which may become TLS on the way, or a WebSocket (RFC 7395)."""

import os
import socket
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from hubbub_test import server
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from xmpp.elements import CLIENT, STREAM, write

FRAMING = "urn:ietf:params:xml:ns:xmpp-framing"
HOST = "127.0.0.1"
PATIENCE = 4 if os.environ.keys() & {"XMPP_ORACLE", "XMPP_ALL"} else server.PATIENCE  # one does not wait long for known gaps


@dataclass
class Opened:
    """The head of the server's stream."""

    attributes: dict[str, str]


class Closed(Exception):
    """The server closed its stream, as it should."""


class Broken(Exception):
    """The connection ended in the middle of a stream."""


class Tcp:
    """`tls` makes it direct TLS (XEP-0368)."""

    inside = CLIENT

    def __init__(self, port: int, domain: str, tls: ssl.SSLContext | None = None):
        self.domain = domain
        self.socket = socket.create_connection((HOST, port), timeout=PATIENCE)
        self.secured = False
        if tls:
            self.secure(tls)
        self.restart()

    def secure(self, tls: ssl.SSLContext):
        self.socket = tls.wrap_socket(self.socket, server_hostname=self.domain)
        self.secured = True

    @property
    def certificate(self) -> bytes:
        """The server's, in DER."""
        return self.socket.getpeercert(binary_form=True)

    def restart(self):
        """What follows is a new document."""
        self.parser = ElementTree.XMLPullParser(("start", "end"))
        self.depth, self.root, self.got = 0, None, b""

    def open(self, to: str | None = None, **attributes: str):
        self.restart()
        named = {"to": to or self.domain, "version": "1.0", **attributes}
        pairs = "".join(f" {name}={quoteattr(value)}" for name, value in named.items() if value is not None)
        self.send(f"<?xml version='1.0'?><stream:stream xmlns='{CLIENT}' xmlns:stream='{STREAM}'{pairs}>")

    def send(self, text: str | bytes):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def send_element(self, element: ElementTree.Element):
        self.send(write(element))

    def next(self) -> Opened | ElementTree.Element:
        """The next thing the server says; `Closed` at the end of its stream, `Broken` when there is no such end."""
        while True:
            for event, element in self.parser.read_events():
                if (found := self._event(event, element)) is not None:
                    return found
            self._more()

    def _event(self, event: str, element: ElementTree.Element):
        if event == "start":
            self.depth += 1
            if self.depth == 1:
                self.root = element
                return Opened(dict(element.attrib))
            return None
        self.depth -= 1
        if self.depth == 0:
            raise Closed
        if self.depth == 1:
            self.root.remove(element)
            element.tail = None
            return element
        return None

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError) as reset:
            raise Broken from reset
        if not data:
            raise Broken
        self.got += data
        self.parser.feed(data)

    def close(self):
        """The polite end of a stream; the server's own end is awaited."""
        try:
            self.send("</stream:stream>")
            while True:
                self.next()
        except (Closed, Broken, OSError):
            self.socket.close()

    def cut(self):
        """As a phone in a tunnel: from one moment to the next."""
        with suppress(OSError):  # the handshake of TLS may have closed it
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class WebSocket:
    """A message is an element."""

    inside = ""

    def __init__(self, url: str, domain: str, inside: socket.socket | None = None, **options):
        self.domain, self.secured = domain, True  # what carries it may be TLS; the stream never is (RFC 7395 section 3.9)
        always = {"subprotocols": ["xmpp"], "open_timeout": PATIENCE, "compression": None, "legacy": True}
        self.socket = connect(url, sock=inside, **always | options)

    def open(self, to: str | None = None, **attributes: str):
        named = {"to": to or self.domain, "version": "1.0", **attributes}
        pairs = "".join(f" {name}={quoteattr(value)}" for name, value in named.items() if value is not None)
        self.send(f"<open xmlns='{FRAMING}'{pairs}/>")

    def send(self, text: str):
        try:
            self.socket.send(text)
        except ConnectionClosed as closed:
            raise Broken from closed

    def send_element(self, element: ElementTree.Element):
        self.send(write(element, inside=""))

    def next(self) -> Opened | ElementTree.Element:
        try:
            text = self.socket.recv(PATIENCE)
        except ConnectionClosed as closed:
            raise Broken from closed
        element = ElementTree.fromstring(text)
        if element.tag == f"{{{FRAMING}}}open":
            return Opened(dict(element.attrib))
        if element.tag == f"{{{FRAMING}}}close":
            raise Closed
        return element

    def close(self):
        try:
            self.send(f"<close xmlns='{FRAMING}'/>")
            while True:
                self.next()
        except (Closed, Broken):
            self.socket.close()

    def cut(self):
        with suppress(OSError):
            self.socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.socket.close()
