"""A client in one more language: `rust_socketio`, in a story with others on WebSocket, an event stream and long polls.

It does not recover, and takes whatever text is around the placeholder of a binary event for its name; so it says
`recovery=false`.
"""

import pytest
from hubbub_test.people import OnEventStream, OnLongPolling, OnWebSocket
from hubbub_test.program import Program, rust_client


@pytest.fixture(scope="module")
def program() -> str:
    return rust_client("rust-client")


@pytest.mark.parametrize("transport", ["websocket", "polling", "any"])
def test_rose_and_the_others(program, server, room, transport):
    others = [
        kind(server, name, room) for kind, name in [(OnWebSocket, "Bo"), (OnEventStream, "Kim"), (OnLongPolling, "Lee")]
    ]
    for other in others:
        other.join()
    rose = Program(program, f"{server.base}/?recovery=false", f"/{room}", transport)
    assert rose.hears("heard", "hubbub:joined")[0]["room"] == room
    rose.say("ask", "chat", "from Rose")
    (kept,) = rose.hears("acknowledged")[0]
    assert rose.hears("heard", "chat") == ["from Rose"]
    for other in others:
        other.wait_for(lambda other=other: other.received, "for Rose")
        (message,) = other.received
        assert (message["event"], message["data"], message["name"]) == ("chat", "from Rose", "Rose")
        assert (message["id"], message["offset"]) == (kept["id"], kept["offset"])
    others[0].socket.send({"deep": [1, None, "ä"]}, event="chat")
    assert rose.hears("heard", "chat") == [{"deep": [1, None, "ä"]}]
    server.http.publish(room, "from afar", name="Max")
    assert rose.hears("heard", "message") == ["from afar"]
    others[0].socket.send("AAEC/w==", event="picture", encoding="base64")
    assert rose.hears("heard", "picture") == [{"bytes": [0, 1, 2, 255]}]
    rose.say("emit", "picture", {"bytes": [255, 0]})
    assert rose.hears("heard", "picture") == [{"bytes": [255, 0]}]
    others[0].wait_for(lambda: others[0].received[-1]["data"] == "/wA=", "for Rose's picture")
    assert rose.leave() == 0
    for other in others:
        other.leave()
