"""The machine-readable description: it is valid, it is complete, and the server behaves as it says."""

import pytest
from hubbub_test.curl import Answer, Http
from hubbub_test.raw import HANDSHAKE, Wire
from hubbub_test.tokens import SECRET, hs256
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

# One request for each documented verb and path. The test below fails if the document names one that is not here.
SAMPLES = {
    ("post", "/rooms/{room}/messages"): {"body": "hello", "headers": {"Content-Type": "text/plain"}},
    ("get", "/rooms/{room}/messages"): {},
    ("get", "/rooms/{room}/presence"): {},
    ("post", "/rooms/{room}/signals"): {"body": '{"ticket":"none","to":"bo@localhost","signal":1}'},
    ("get", "/rooms/{room}/ws"): {},
    ("get", "/socket.io/"): {},
    ("post", "/socket.io/"): {"body": "40", "headers": {"Content-Type": "text/plain"}},
    ("get", "/engine.io/"): {},
    ("post", "/engine.io/"): {"body": "4hello", "headers": {"Content-Type": "text/plain"}},
    ("post", "/api/token"): {"headers": {"Authorization": "Basic bm9ib2R5Ondyb25n"}},
    ("post", "/api/actions"): {"body": '{"actions":[]}'},
    ("get", "/api/rooms"): {},
    ("get", "/api/turn/allocations"): {},
    ("get", "/api/ice"): {},
    ("get", "/tracker"): {},
    ("get", "/peerjs"): {},
    ("get", "/peerjs/id"): {},
    ("get", "/peerjs/peers"): {},
    ("get", "/xmpp-websocket"): {},
    ("get", "/.well-known/host-meta"): {},
    ("get", "/.well-known/host-meta.json"): {},
    ("get", "/api/openapi.json"): {},
    ("get", "/"): {},
    ("get", "/health"): {},
    ("get", "/metrics"): {},
}
BODILESS = {"head", "options"}
VERBS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest.fixture(scope="module")
def document(server) -> dict:
    answer = server.http.get("/api/openapi.json")
    assert answer.status == 200 and answer.headers["content-type"].startswith("application/json")
    return answer.json


def test_it_is_valid(document):
    validate(document)


def test_it_names_the_whole_surface_and_nothing_else(document):
    documented = {(verb, path) for path, item in document["paths"].items() for verb in item if verb in VERBS}
    assert {one for one in documented if one[0] not in BODILESS} == set(SAMPLES)


def test_head_and_options_answer_as_documented(http, document):
    for path, item in document["paths"].items():
        for verb in BODILESS & item.keys():
            answer = http.request(verb.upper(), path.replace("{room}", "openapi"))
            assert str(answer.status) in item[verb]["responses"], (verb, path)
            assert answer.body == ""


def resolve(document: dict, part: dict) -> dict:
    """Follows a local `$ref`."""
    while "$ref" in part:
        target = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


def check(document: dict, verb: str, path: str, answer: Answer):
    """The answer's status, type and shape are among the documented ones."""
    responses = document["paths"][path][verb]["responses"]
    assert str(answer.status) in responses, f"{verb} {path} answered {answer.status}, which is not documented"
    content = resolve(document, responses[str(answer.status)]).get("content", {})
    content = {name.split(";")[0]: media for name, media in content.items()}
    kind = answer.headers.get("content-type", "").split(";")[0]
    if not content and not answer.body:
        return
    assert kind in content, f"{verb} {path} answered {kind}, documented are {set(content)}"
    schema = content[kind].get("schema")
    if schema and kind.endswith("json"):
        Draft202012Validator({**schema, "components": document.get("components", {})}).validate(answer.json)


@pytest.mark.parametrize(("verb", "path"), SAMPLES, ids=lambda part: part)
def test_each_verb_answers_as_documented(http, document, verb, path):
    answer = http.request(verb.upper(), path.replace("{room}", "openapi"), **SAMPLES[verb, path])
    check(document, verb, path, answer)


def test_refusals_are_documented_too(http, document):
    path = "/rooms/{room}/messages"
    check(document, "get", path, http.poll("openapi", since="nonsense"))
    check(document, "get", path, http.poll("openapi", since="1-1"))
    check(document, "get", path, http.poll("openapi", headers={"Accept": "image/png"}))
    check(document, "post", path, http.publish("openapi", "{", type="application/json"))
    check(document, "post", path, http.publish("openapi", "x", headers={"Origin": "https://stranger.example"}))


@pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])
def test_what_is_said_of_messages_is_documented_too(start, document, room, http2):
    """Whoever changes what he has said shows who he is."""
    path = "/rooms/{room}/messages"
    http = Http(start(f'[access]\nadmit = ["guests", "tokens"]\n[token]\nhmac_secret = "{SECRET}"\n').base, http2)
    ann = {"Authorization": f"Bearer {hs256('ann')}"}
    first, second = (http.publish(room, text, headers=ann).json["id"] for text in ("hello", "oh no"))
    for query, body in [({"reply_to": first}, "hi"), ({"edit_of": first}, "hello!"), ({"reactions_to": first}, '["👍"]')]:
        check(document, "post", path, http.publish(room, body, headers=ann, **query))
    for query, status in [({"retracts": second}, 201), ({"retracts": second}, 404), ({"typing": True}, 409)]:
        answer = http.publish(room, "", headers=ann, **query)
        assert answer.status == status
        check(document, "post", path, answer)
    page = http.poll(room)
    assert [len({"quote", "edit_of", "reactions_to", "retracts", "retracted"} & one.keys()) for one in page.json["messages"]] == [
        0, 1, 1, 1, 1, 1
    ]
    check(document, "get", path, page)


def test_calls_are_documented_too(start, document):
    http = start(f'[api]\ntoken = "{SECRET}"\n[turn]\nenabled = true\n').http
    bearer = {"Authorization": f"Bearer {SECRET}"}
    for path, headers in [("/api/ice", {}), ("/api/turn/allocations", bearer)]:
        answer = http.request("GET", path, headers=headers)
        assert answer.status == 200
        check(document, "get", path, answer)


def test_a_handshake_is_documented(server, document):
    with Wire(server) as wire:
        answer = wire.request("GET /rooms/openapi/ws", HANDSHAKE)
    assert str(answer.status) in document["paths"]["/rooms/{room}/ws"]["get"]["responses"]


def test_every_query_parameter_of_the_guide_is_there(document):
    def query(verb, path):
        operation = document["paths"][path][verb]
        shared = document["paths"][path].get("parameters", [])
        resolved = [resolve(document, one) for one in [*shared, *operation.get("parameters", [])]]
        return {one["name"] for one in resolved if one["in"] == "query"}

    assert {"since", "last", "limit", "wait", "echo", "name"} <= query("get", "/rooms/{room}/messages")
    about = {"reply_to", "edit_of", "reactions_to", "retracts", "typing"}
    assert {"name", "event", "args"} | about <= query("post", "/rooms/{room}/messages")
    assert {"since", "last", "echo", "name"} <= query("get", "/rooms/{room}/ws")


def test_every_proof_of_identity_is_there(document):
    schemes = document["components"]["securitySchemes"].values()
    places = {(one["type"], one.get("scheme") or one["in"], one.get("name")) for one in schemes}
    wanted = {("http", "bearer", None), ("http", "basic", None)}
    assert wanted | {("apiKey", "query", "token"), ("apiKey", "cookie", "hubbub_token")} <= places
