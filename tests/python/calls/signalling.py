"""How a program in Python hears and says signals (docs/signals.md): over a WebSocket, over an event stream and POST, over XMPP.

Each is entered by `async with`; then `async for heard in it` gives `{"from", "name", "signal"}`, and `say(heard, signal)` answers one.
"""

import asyncio
import json
from urllib.parse import urlsplit

SIGNAL = "hubbub:signal"


class OverWebSocket:
    """The subprotocol `hubbub.json`, by the `websockets` library."""

    def __init__(self, base: str, room: str, name: str):
        self.url = f"ws{base.removeprefix('http')}/rooms/{room}/ws?name={name}"

    async def __aenter__(self):
        from websockets.asyncio.client import connect

        self.socket = await connect(self.url, subprotocols=["hubbub.json"])
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def __aiter__(self):
        async for frame in self.socket:
            envelope = json.loads(frame)
            if envelope["event"] == SIGNAL:
                yield envelope["data"]

    async def say(self, heard: dict, signal: dict):
        await self.socket.send(json.dumps({"event": SIGNAL, "data": {"to": heard["from"], "signal": signal}}))


class OverEventStream:
    """An event stream (HTML, section 9.2.6) and POST, by aiohttp."""

    def __init__(self, base: str, room: str, name: str):
        self.stream_url, self.post_url = f"{base}/rooms/{room}/messages?name={name}", f"{base}/rooms/{room}/signals"

    async def __aenter__(self):
        from aiohttp import ClientSession, ClientTimeout

        self.session = ClientSession(timeout=ClientTimeout(total=None), raise_for_status=True)
        self.stream = await self.session.get(self.stream_url, headers={"Accept": "text/event-stream"})
        return self

    async def __aexit__(self, *_):
        self.stream.close()
        await self.session.close()

    async def _events(self):
        event = {}
        while line := await self.stream.content.readuntil(b"\n"):
            field, _, value = line.decode().rstrip("\r\n").partition(":")
            if field:
                event[field] = value.removeprefix(" ")
                continue
            if "data" in event:
                yield event.get("event"), json.loads(event["data"])
            event = {}

    async def __aiter__(self):
        async for event, data in self._events():
            if event == "hubbub:joined":
                self.ticket = data["ticket"]
            elif event == SIGNAL:
                yield data

    async def say(self, heard: dict, signal: dict):
        await self.session.post(self.post_url, json={"ticket": self.ticket, "to": heard["from"], "signal": signal})


class OverXmpp:
    """A guest in the room (XEP-0045), by slixmpp; a signal is a private message with a payload of JSON (XEP-0432)."""

    PAYLOAD, JSON = "{urn:xmpp:json-msg:0}payload", "{urn:xmpp:json:0}json"

    def __init__(self, base: str, room: str, name: str):
        self.address = urlsplit(base)
        self.room, self.name = f"{room}@rooms.localhost", name
        self.heard: asyncio.Queue[dict] = asyncio.Queue()

    async def __aenter__(self):
        from slixmpp import ClientXMPP
        from slixmpp.xmlstream.handler import Callback
        from slixmpp.xmlstream.matcher import MatchXPath

        self.client = ClientXMPP("localhost", "")
        self.client.enable_starttls = self.client.enable_direct_tls = False  # never leaves this machine
        self.client.enable_plaintext = True
        self.client.register_plugin("xep_0045")
        path = MatchXPath(f"{{jabber:client}}message/{self.PAYLOAD}/{self.JSON}")
        self.client.register_handler(Callback("signal", path, self._hear))
        begun = asyncio.ensure_future(self.client.wait_until("session_start", 30))
        await self.client.connect(self.address.hostname, self.address.port)
        await begun
        self.client.send_presence()
        await self.client.plugin["xep_0045"].join_muc_wait(self.room, self.name, maxstanzas=0)
        return self

    async def __aexit__(self, *_):
        await self.client.disconnect()

    def _hear(self, message):
        self.heard.put_nowait(json.loads(message.xml.find(f"{self.PAYLOAD}/{self.JSON}").text))

    async def __aiter__(self):
        while True:
            yield await self.heard.get()

    async def say(self, heard: dict, signal: dict):
        from slixmpp.xmlstream import ET

        message = self.client.make_message(f"{self.room}/{heard['name']}", mtype="chat")
        payload = ET.SubElement(message.xml, self.PAYLOAD, datatype="urn:hubbub:signal")
        ET.SubElement(payload, self.JSON).text = json.dumps({"to": heard["from"], "signal": signal})
        message.send()


WAYS = {"WebSocket": OverWebSocket, "EventSource": OverEventStream, "XMPP": OverXmpp}
