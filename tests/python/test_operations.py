"""What an operator's tools ask: health, metrics, the machine-readable description."""

import re

import pytest
from hubbub_test.waiting import until
from hubbub_test.websocket import open_raw


def samples(text: str) -> dict[str, float]:
    """Prometheus' text format, version 0.0.4: sample name with labels to value."""
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


def test_health(http):
    answer = http.get("/health")
    assert answer.status == 200 and answer.body.strip()


class TestMetrics:
    def test_the_format(self, http):
        answer = http.get("/metrics")
        assert answer.status == 200
        assert re.match(r"(text/plain|application/openmetrics-text)", answer.headers["content-type"])
        names = {re.split(r"[{ ]", name)[0] for name in samples(answer.body)}
        typed = set(re.findall(r"^# TYPE (\S+) ", answer.body, re.MULTILINE))
        assert names and typed
        for name in names:
            base = re.sub(r"_(total|bucket|sum|count|created)$", "", name)
            assert name in typed or base in typed, f"{name} has no TYPE"
            assert name.startswith(("hubbub_", "process_")), name

    def test_publishing_and_connecting_is_counted(self, server, room):
        before = samples(server.metrics())
        with open_raw(server, room) as socket:
            for n in range(5):
                server.http.publish(room, str(n))
                socket.recv(timeout=30)
            during = samples(server.metrics())
            rises = {name for name in during if during[name] >= before.get(name, 0) + 5}
            assert any("message" in name or "publish" in name or "event" in name for name in rises), rises
        until(lambda: samples(server.metrics()) != during, "the connection is counted out")


class TestHeadersAndVerbs:
    @pytest.mark.parametrize(
        "path", ["/rooms/lobby/messages", "/rooms/lobby/presence", "/health", "/metrics", "/api/openapi.json"]
    )
    def test_another_verb_gets_405_and_what_is_allowed(self, http, path):
        answer = http.request("DELETE", path)
        assert (answer.status, answer.problem) == (405, "method-not-allowed")
        assert "GET" in answer.headers["allow"]

    def test_the_console_is_at_the_root(self, http):
        answer = http.get("/")
        assert answer.status == 200 and answer.headers["content-type"].startswith("text/html")
        assert "<html" in answer.body.lower()
        assert answer.headers.get("x-content-type-options") == "nosniff"
