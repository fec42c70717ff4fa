"""`python-socketio` and `python-engineio` as they come: they call a handler with as many arguments as an event has.

They know nothing of recovery, so the server must not send them offsets: a handler with one parameter would break.
"""

import asyncio
import logging
import queue

import engineio
import pytest
import socketio
from hubbub_test.curl import Http
from hubbub_test.people import OnEventStream, OnLongPolling, OnWebSocket
from hubbub_test.server import PATIENCE, Server
from socketio.exceptions import ConnectionError as Refused

TRANSPORTS = pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]], ids="+".join)


class Complaints(logging.Handler):
    """What the libraries log as an error, such as an exception in a handler."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record):
        self.heard.append(record.getMessage())


@pytest.fixture
def complaints():
    handler = Complaints()
    logger = logging.Logger("client", logging.ERROR)
    logger.addHandler(handler)
    yield logger
    assert handler.heard == []


def sync_client(
    server: Server, room: str, transports: list[str], logger, **query
) -> tuple[socketio.Client, queue.Queue]:
    """A client in a room's namespace whose handler takes exactly one argument; what it was called with."""
    client, heard = socketio.Client(logger=logger, engineio_logger=logger, reconnection=False), queue.Queue()
    here = f"/{room}"
    joined = queue.Queue()
    client.on("chat", lambda text: heard.put(text), namespace=here)
    client.on("hubbub:joined", lambda data: joined.put(data), namespace=here)
    client.on("hubbub:presence", lambda data: None, namespace=here)
    names = "".join(f"&{name}={value}" for name, value in query.items())
    client.connect(f"{server.base}?a=b{names}", transports=transports, namespaces=[here], wait_timeout=PATIENCE)
    assert joined.get(timeout=PATIENCE)["room"] == room
    return client, heard


@TRANSPORTS
def test_a_story_with_everybody(server, room, transports, complaints):
    """Ann is on python-socketio, the others on WebSocket, an event stream and long polls; all read the same."""
    others = [
        kind(server, name, room) for kind, name in [(OnWebSocket, "Bo"), (OnEventStream, "Kim"), (OnLongPolling, "Lee")]
    ]
    for other in others:
        other.join()
    ann, heard = sync_client(server, room, transports, complaints, name="Ann")
    kept = ann.call("chat", "from Ann", namespace=f"/{room}", timeout=PATIENCE)
    assert heard.get(timeout=PATIENCE) == "from Ann"
    for other in others:
        other.wait_for(lambda other=other: len(other.received) == 1, "for Ann")
        (message,) = other.received
        assert (message["event"], message["data"], message["name"]) == ("chat", "from Ann", "Ann")
        assert (message["id"], message["offset"]) == (kept["id"], kept["offset"])
    others[0].socket.send("from Bo", event="chat")
    assert heard.get(timeout=PATIENCE) == "from Bo"
    others[0].socket.send({"deep": [1, None, "ä"]}, event="chat")
    assert heard.get(timeout=PATIENCE) == {"deep": [1, None, "ä"]}
    wanted = "websocket" if "websocket" in transports else "polling"
    assert ann.transport() == wanted
    ann.disconnect()
    for other in others:
        other.leave()


@TRANSPORTS
def test_arguments_go_both_ways(server, room, transports, complaints):
    """The synchronous client takes each packet in a thread of its own, so that attachments may overtake their event, and one
    event another: attachments are for the asynchronous client, below."""
    ann, _ = sync_client(server, room, transports, complaints, name="Ann")
    bo, _ = sync_client(server, room, transports, complaints, name="Bo")
    came = queue.Queue()
    bo.on("mixed", lambda *args: came.put(args), namespace=f"/{room}")
    args = (1, "two", {"three": [3.5, None]}, True)
    assert ann.call("mixed", args, namespace=f"/{room}", timeout=PATIENCE).keys() >= {"id", "offset"}
    assert came.get(timeout=PATIENCE) == args
    ann.emit("mixed", namespace=f"/{room}")
    assert came.get(timeout=PATIENCE) == ()
    for client in (ann, bo):
        client.disconnect()


def test_many_events_between_two_polls(server, room, complaints):
    """The client ends the connection when an answer has more than 16 packets, so it is given no more."""
    ann, heard = sync_client(server, room, ["polling"], complaints, name="Ann")
    bo = OnWebSocket(server, "Bo", room)
    bo.join()
    for n in range(500):
        bo.socket.send(n, event="chat")
    assert sorted(heard.get(timeout=PATIENCE) for _ in range(500)) == list(range(500))
    ann.disconnect()
    bo.leave()


@TRANSPORTS
def test_rooms_of_the_main_namespace(server, room, transports, complaints):
    client, heard = socketio.Client(logger=complaints, reconnection=False), queue.Queue()
    client.on("publish", lambda room, event, text: heard.put((room, event, text)))
    client.connect(server.base, transports=transports, wait_timeout=PATIENCE, auth={"name": "Ann"})
    assert client.call("join", room, timeout=PATIENCE)["room"] == room
    server.http.publish(room, "hello", name="Bo")
    assert heard.get(timeout=PATIENCE) == (room, "message", "hello")
    assert "offset" in client.call("publish", (room, "chat", "from Ann"), timeout=PATIENCE)
    assert heard.get(timeout=PATIENCE) == (room, "chat", "from Ann")
    client.call("leave", room, timeout=PATIENCE)
    assert "error" in client.call("no such thing", timeout=PATIENCE)
    client.disconnect()


def test_who_is_refused_is_told_why(start, complaints):
    server = start('[access]\nadmit = ["tokens"]\n[token]\nhmac_secret = "a secret that is long enough for all"\n')
    client, why = socketio.Client(reconnection=False), queue.Queue()
    client.on("connect_error", why.put, namespace="/lobby")
    with pytest.raises(Refused):
        client.connect(server.base, transports=["websocket"], namespaces=["/lobby"], auth={"token": "bad"})
    said = why.get(timeout=PATIENCE)
    assert said["data"]["status"] == 401 and said["message"] == said["data"]["detail"]
    client.disconnect()


def test_what_is_said_before_disconnecting_counts(server, room, complaints):
    """The event and the goodbye may go in one request."""
    ann, _ = sync_client(server, room, ["polling"], complaints, name="Ann")
    ann.emit("chat", "the last word", namespace=f"/{room}")
    ann.disconnect()
    ann.wait()
    reader = OnLongPolling(server, "Bo", room)
    reader.join(since=0)
    reader.wait_for(lambda: reader.received, "for the last word")
    assert reader.received[0]["data"] == "the last word"
    reader.leave()


def test_a_client_comes_back_by_itself_after_a_restart(start, complaints):
    """And hears what is said from then on."""
    server = start(listen=("127.0.0.1:0",))
    server.listen = (f"127.0.0.1:{server.port}",)
    client, heard, joined = (
        socketio.Client(reconnection_delay=0.1, reconnection_delay_max=0.2),
        queue.Queue(),
        queue.Queue(),
    )
    client.on("message", lambda text: heard.put(text), namespace="/lobby")
    client.on("hubbub:joined", lambda data: joined.put(data), namespace="/lobby")
    client.connect(server.base, namespaces=["/lobby"], wait_timeout=PATIENCE)
    joined.get(timeout=PATIENCE)
    server.kill()
    server.start()
    joined.get(timeout=PATIENCE)
    server.http.publish("lobby", "back again", name="Bo")
    assert heard.get(timeout=PATIENCE) == "back again"
    client.disconnect()


@TRANSPORTS
def test_the_asynchronous_client(server, room, transports, complaints):
    async def story():
        client = socketio.AsyncClient(logger=complaints, engineio_logger=complaints, reconnection=False)
        heard, joined, mixed = asyncio.Queue(), asyncio.Queue(), asyncio.Queue()

        async def on_mixed(*args):
            await mixed.put(args)

        async def on_chat(text):
            await heard.put(text)

        async def on_joined(data):
            await joined.put(data)

        client.on("chat", on_chat, namespace=f"/{room}")
        client.on("mixed", on_mixed, namespace=f"/{room}")
        client.on("hubbub:joined", on_joined, namespace=f"/{room}")
        await client.connect(server.base, transports=transports, namespaces=[f"/{room}"], auth={"name": "Ann"})
        await asyncio.wait_for(joined.get(), PATIENCE)
        for n in range(20):
            await client.emit("chat", f"{n}", namespace=f"/{room}")
        kept = await client.call("chat", b"\1\2", namespace=f"/{room}", timeout=PATIENCE)
        assert kept.keys() >= {"id", "offset", "time"}
        came = [await asyncio.wait_for(heard.get(), PATIENCE) for _ in range(21)]
        assert came == [f"{n}" for n in range(20)] + [b"\1\2"]
        args = (1, "two", {"three": b"\0\xff", "list": [b"", None]}, True)
        assert (await client.call("mixed", args, namespace=f"/{room}", timeout=PATIENCE)).keys() >= {"id", "offset"}
        assert await asyncio.wait_for(mixed.get(), PATIENCE) == args
        await client.disconnect()

    asyncio.run(story())


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]], ids="+".join)
def test_engineio_reads_and_writes_a_room(server, room, transports, complaints):
    client, heard = engineio.Client(logger=complaints), queue.Queue()
    client.on("message", lambda data: heard.put(data))
    client.connect(f"{server.base}?room={room}&name=Ann", transports=transports, engineio_path="engine.io")
    client.send("from Ann")
    assert heard.get(timeout=PATIENCE) == "from Ann"
    client.send(b"\0\1\xff")
    assert heard.get(timeout=PATIENCE) == b"\0\1\xff"
    Http(server.base).publish(room, "from afar", name="Bo")
    assert heard.get(timeout=PATIENCE) == "from afar"
    client.disconnect()


def test_a_client_that_asks_for_offsets_gets_them(server, room):
    """`recovery=true` in the query: the handler must then be ready for one argument more."""
    client, heard, joined = socketio.Client(reconnection=False), queue.Queue(), queue.Queue()
    client.on("message", lambda text, offset: heard.put((text, offset)), namespace=f"/{room}")
    client.on("hubbub:joined", lambda data, offset: joined.put(data), namespace=f"/{room}")
    client.connect(f"{server.base}?recovery=true", namespaces=[f"/{room}"], wait_timeout=PATIENCE)
    joined.get(timeout=PATIENCE)
    posted = server.http.publish(room, "hello", name="Bo").json
    assert heard.get(timeout=PATIENCE) == ("hello", posted["offset"])
    client.disconnect()
