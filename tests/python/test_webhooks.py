"""Webhooks, with an application that the test plays: what it is asked, what its answers do, what happens when there are none."""

import socket
import subprocess

import pytest
from hubbub_test.application import API_TOKEN, SECRET, Application, settings
from hubbub_test.certificates import server_context
from hubbub_test.curl import messages_path
from hubbub_test.server import PATIENCE, hubbub
from hubbub_test.sse import EventStream
from hubbub_test.together import at_once
from hubbub_test.waiting import until
from hubbub_test.websocket import JsonSocket, close_code, open_raw, refusal


@pytest.fixture
def behind(start):
    """Starts an application with this policy (None: the test answers) and a server in front of it."""
    running = []

    def make(policy=None, more: str = "", top: str = "", **options):
        application = Application(policy)
        running.append(application)
        return application, start(settings(application.url, more, top=top), **options)

    yield make
    for application in running:
        application.stop()


def yes(_):
    return {}


def messages(server, room: str) -> list:
    """What is kept, asked for by the server's own token: the application is not asked again."""
    kept = server.http.poll(room, headers={"Authorization": f"Bearer {API_TOKEN}"}).json["messages"]
    return [one["data"] for one in kept]


def dead_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class TestWhatIsAsked:
    def test_each_kind_once(self, behind, room):
        application, server = behind(yes)
        with JsonSocket(server, room, name="Ann") as ann:
            ann.joined()
            ann.send({"x": 1}, event="move", key="k")
            ann.next_named("hubbub:ack")
        application.next("leave")
        assert [one["kind"] for one in application.asked] == ["connect", "event", "leave"]
        connect, event, leave = application.asked
        assert all(one.signed and one["room"] == room for one in application.asked)
        assert all(one["user"] == {"address": "ann@guest.localhost", "name": "Ann", "kind": "guest"} for one in application.asked)
        assert len({one["session"] for one in application.asked}) == 1
        assert (connect["protocol"], event["event"], event["data"]) == ("websocket", "move", {"x": 1})
        assert "event" not in leave and "protocol" not in leave
        for one in application.asked:
            assert one["id"] == one.headers["hubbub-delivery"] and one["time"] > 1_700_000_000_000
            assert one.headers["content-type"] == "application/json"

    def test_content_as_everywhere(self, behind, room):
        application, server = behind(yes)
        server.http.publish(room, "text")
        server.http.publish(room, b"\0\xff", type="application/octet-stream")
        server.http.publish(room, "[1, [2]]", type="application/json", args=True)
        asked = [application.next("event", n) for n in range(3)]
        assert [(one["data"], one.get("encoding"), one.get("args")) for one in asked] == [
            ("text", None, None),
            ("AP8=", "base64", None),
            ([1, [2]], None, True),
        ]

    def test_only_what_it_subscribes(self, behind, room):
        application, server = behind(yes, 'events = ["leave"]')
        with open_raw(server, room, name="Ann") as ann:
            ann.send("x")
            assert ann.recv(timeout=PATIENCE) == "x"
        application.next("leave")
        assert [one["kind"] for one in application.asked] == ["leave"]

    def test_without_connect_everybody_joins(self, behind, room):
        application, server = behind(yes, 'events = ["join"]')
        with EventStream(server.http, room, name="Ann") as stream:
            stream.next_named("hubbub:joined")
            assert application.next("join")["protocol"] == "sse"

    def test_who_polls_is_asked_about_once_while_he_is_there(self, behind, room):
        application, server = behind(yes)
        assert [server.http.poll(room, name="Lee").status for _ in range(3)] == [200] * 3
        assert [one["kind"] for one in application.asked] == ["join"]

    def test_a_long_backlog_is_one_question(self, behind, room):
        application, server = behind(yes, 'events = ["connect", "join"]')
        for n in range(3):
            server.http.publish(room, b"x" * 900_000, type="application/octet-stream")
        with open_raw(server, room, since=0) as late:
            assert [len(late.recv(timeout=PATIENCE)) for _ in range(3)] == [900_000] * 3
        assert [one["kind"] for one in application.asked] == ["connect"]

    def test_rooms_without_an_application_ask_nobody(self, start):
        application = Application(yes)
        server = start(settings(application.url, rooms="game-*"))
        assert server.http.publish("lobby", "x").status == 201
        assert server.http.publish("game-1", "x").status == 201
        assert [one["room"] for one in application.asked] == ["game-1"]
        application.stop()


class TestVerdicts:
    def test_order_is_kept_though_verdicts_come_back_out_of_order(self, behind, room):
        application, server = behind(None, 'events = ["event"]')
        with open_raw(server, room) as reader:

            def publish(n):
                return server.http.publish(room, str(n))

            def answer_backwards():
                asked = [application.next("event", n) for n in range(8)]
                # In the order of arrival at the room, which the ids tell.
                asked.sort(key=lambda one: one["id"])
                for one in reversed(asked):
                    one.answer({})
                return [one["data"] for one in asked]

            *posted, arrived = at_once([*(lambda n=n: publish(n) for n in range(8)), answer_backwards])
            assert [one.status for one in posted] == [201] * 8
            heard = [reader.recv(timeout=PATIENCE) for _ in range(8)]
        assert heard == arrived == messages(server, room)

    def test_a_verdict_that_is_missing_holds_back_only_what_is_behind_it(self, behind, room):
        application, server = behind(None, 'events = ["event"]')
        with JsonSocket(server, room) as ann:
            for key in "abc":
                ann.send(key, key=key)
            a, b, c = [application.next("event", n) for n in range(3)]
            by_data = {one["data"]: one for one in (a, b, c)}
            by_data["a"].answer({})
            assert ann.next_named("hubbub:ack")["data"]["key"] == "a"
            by_data["c"].answer({})
            by_data["b"].answer({"refuse": "not b"})
            assert ann.next_named("hubbub:error")["data"]["key"] == "b"
            assert ann.next_named("hubbub:ack")["data"]["key"] == "c"
        assert messages(server, room) == ["a", "c"]

    @pytest.mark.parametrize("durable", [False, True])
    def test_a_repetition_waits_for_the_first_and_gets_its_answer(self, behind, room, durable):
        application, server = behind(None, 'events = ["event"]', durable=durable)
        publish = lambda: server.http.publish(room, "x", headers={"Idempotency-Key": "k"}, name="Ann")  # noqa: E731

        def answer():
            question = application.next("event")
            until(lambda: server.counted("hubbub_webhook_waiting"), "the question waits")
            question.answer({"answer": ["stored"]})

        *posted, _ = at_once([publish, publish, answer])
        posted.append(publish())
        assert sorted(one.status for one in posted) == [200, 200, 201]
        assert {one.json["offset"] for one in posted} == {posted[0].json["offset"]}
        assert [one.json["answer"] for one in posted] == [["stored"]] * 3
        assert len(application.asked) == 1 and messages(server, room) == ["x"]

    def test_what_was_taken_is_not_taken_twice(self, behind, room):
        application, server = behind(lambda _: {"publish": False, "answer": [7]})
        twice = [server.http.publish(room, "x", headers={"Idempotency-Key": "k"}, name="Ann") for _ in range(2)]
        assert [(one.status, one.json) for one in twice] == [(200, {"answer": [7]})] * 2
        assert len(application.asked) == 1

    def test_what_was_refused_may_be_tried_again(self, behind, room):
        application, server = behind(lambda _: {"refuse": "no"} if len(application.asked) == 1 else {})
        tries = [server.http.publish(room, "x", headers={"Idempotency-Key": "k"}, name="Ann") for _ in range(2)]
        assert [one.status for one in tries] == [403, 201]

    def test_rights_come_first(self, start):
        application = Application(yes)
        server = start(settings(application.url).replace('webhook = "app"', 'webhook = "app"\npublish = ["users"]'))
        assert server.http.publish("lobby", "x").problem == "forbidden"
        assert application.asked == []
        application.stop()

    def test_a_session_that_went_while_it_was_asked_about(self, behind, room):
        application, server = behind(None)
        command = server.http.command(messages_path(room, name="Ann"), headers={"Accept": "text/event-stream"})
        curl = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # it waits for a head that does not come
        connect = application.next("connect")
        curl.kill()
        curl.wait()
        until(lambda: server.counted("hubbub_sessions") == 0, "the session is gone")
        connect.answer({})
        leave = application.next("leave")
        leave.answer({})
        assert leave["session"] == connect["session"]
        seen = server.http.presence(room, headers={"Authorization": f"Bearer {API_TOKEN}"})
        assert seen.json["count"] == 0

    def test_leaving_is_told_whatever_the_answer(self, behind, room):
        application, server = behind(lambda one: {"refuse": "stay!"} if one["kind"] == "leave" else {})
        with open_raw(server, room, name="Ann"):
            pass
        application.next("leave")
        until(lambda: server.http.presence(room).json["count"] == 0, "she has left all the same")

    def test_binary_arguments_survive_a_rewrite(self, behind, room):
        data = [{"base64": "AP8="}, {"in": [{"base64": "aGk="}]}, {"base64": 1}]
        _, server = behind(lambda _: {"rewrite": {"data": data, "args": True}}, 'events = ["event"]')
        server.http.publish(room, "x")
        assert messages(server, room) == [data]


class TestFailures:
    BAD = [
        (200, b"yes"),
        (200, {"refused": "spelling"}),
        (200, {"publish": "no"}),
        (200, {"actions": [{"action": "sing"}]}),
        (200, b"\xff"),
        (200, b'{"answer":["' + b"x" * 2000 + b'"]}'),
        (301, {}),
        (404, {}),
        (401, {"refuse": "no"}),
    ]

    @pytest.mark.parametrize(("status", "body"), BAD, ids=range(len(BAD)))
    def test_an_answer_that_is_none_is_a_failure_and_not_tried_again(self, behind, room, status, body):
        application, server = behind(None, 'events = ["event"]\nanswer_bytes = 1024')
        answer = lambda: application.next("event").answer(body, status)  # noqa: E731
        posted, _ = at_once([lambda: server.http.publish(room, "x"), answer])
        assert (posted.status, posted.problem) == (503, "unavailable")
        assert len(application.asked) == 1 and server.counted("hubbub_webhook_failures_total") == 1
        assert messages(server, room) == []

    @pytest.mark.parametrize("failure", [(500, b""), (503, b""), (200, None)], ids=["500", "503", "broken"])
    def test_what_failed_in_passing_is_sent_again_under_the_same_id(self, behind, room, failure):
        status, body = failure
        application, server = behind(None, 'events = ["event"]')

        def answer():
            application.next("event", 0).answer(body, status)
            application.next("event", 1).answer({"rewrite": {"data": "at last"}})

        posted, _ = at_once([lambda: server.http.publish(room, "x"), answer])
        assert posted.status == 201 and messages(server, room) == ["at last"]
        first, second = application.asked
        assert first.headers["hubbub-delivery"] == second.headers["hubbub-delivery"] == first["id"]
        assert first == second and second.signed

    def test_an_application_that_is_too_slow(self, behind, room):
        application, server = behind(None, 'events = ["event"]\ntimeout = "1 s"')
        posted = server.http.publish(room, "x")
        assert (posted.status, posted.problem) == (503, "unavailable")
        assert posted.headers["retry-after"]
        application.next("event").answer({})
        assert messages(server, room) == []

    def test_a_dead_application_refuses_or_allows_as_the_settings_say(self, start, room):
        url = f"http://127.0.0.1:{dead_port()}/"
        closed = start(settings(url))
        assert closed.http.publish(room, "x").status == 503
        assert refusal(closed, room).status_code == 503
        assert closed.http.poll(room).status == 503
        opened = start(settings(url, 'on_failure = "allow"'))
        assert opened.http.publish(room, "x").status == 201
        with open_raw(opened, room, since=0) as reader:
            assert reader.recv(timeout=PATIENCE) == "x"

    def test_it_is_left_in_peace_and_then_probed(self, start, room):
        port = dead_port()
        more = 'events = ["event"]\nretries = 0\nbreaker_failures = 3\nbreaker_pause = "1 s"'
        server = start(settings(f"http://127.0.0.1:{port}/hubbub", more))
        assert [server.http.publish(room, "x").status for _ in range(6)] == [503] * 6
        assert server.counted("hubbub_webhook_requests_total") < 6
        assert server.counted("hubbub_webhook_unsent_total") > 0
        assert server.counted("hubbub_webhook_breaker_open") == 1
        application = Application(yes, port)
        until(lambda: server.http.publish(room, "x").status == 201, "the probe finds it alive")
        assert server.counted("hubbub_webhook_breaker_open") == 0
        application.stop()

    def test_more_than_may_wait_is_refused_at_once(self, behind, room):
        application, server = behind(None, 'events = ["event"]\nparallel = 1\nqueue = 1')

        def rest():
            until(lambda: server.counted("hubbub_webhook_waiting") == 2, "one is asked and one waits")
            refused = server.http.publish(room, "third")
            application.next("event", 0).answer({})
            application.next("event", 1).answer({})
            return refused

        publish = lambda: server.http.publish(room, "x")  # noqa: E731
        first, second, third = at_once([publish, publish, rest])
        assert [first.status, second.status, third.status] == [201, 201, 503]
        assert server.counted("hubbub_webhook_unsent_total") == 1

    def test_more_bytes_than_may_wait_are_refused_at_once(self, behind, room):
        application, server = behind(None, 'events = ["event"]\nqueue_bytes = "64 KiB"')

        def rest():
            first = application.next("event")
            refused = server.http.publish(room, "y" * 40_000)
            first.answer({})
            return refused

        first, second = at_once([lambda: server.http.publish(room, "x" * 40_000), rest])
        assert [first.status, second.status] == [201, 503]
        assert server.counted("hubbub_webhook_waiting_bytes") == 0

    def test_a_room_waits_for_no_more_than_its_limit(self, behind, room):
        application, server = behind(None, 'events = ["event"]', top="[limits]\npending = 2")

        def rest():
            application.next("event", 1)
            refused = server.http.publish(room, "third")
            for one in list(application.asked):
                one.answer({})
            return refused

        publish = lambda: server.http.publish(room, "x")  # noqa: E731
        first, second, third = at_once([publish, publish, rest])
        assert [first.status, second.status, third.status] == [201, 201, 503]
        assert len(application.asked) == 2

    def test_a_redirection_is_not_followed(self, behind, room):
        application, server = behind(None, 'events = ["event"]')
        answer = lambda: application.next("event").answer({}, 307)  # noqa: E731
        posted, _ = at_once([lambda: server.http.publish(room, "x"), answer])
        assert posted.status == 503 and len(application.asked) == 1

    def test_a_socket_is_told_in_its_own_words(self, start, room):
        server = start(settings(f"http://127.0.0.1:{dead_port()}/", 'events = ["event"]'))
        with open_raw(server, room) as raw, JsonSocket(server, room) as envelopes:
            raw.send("x")
            assert close_code(raw) == 1013
            envelopes.send("x", key="k")
            assert envelopes.next_named("hubbub:error")["data"]["status"] == 503


class TestTls:
    def test_an_application_with_a_certificate_of_our_own(self, start, room, tmp_path):
        context, authority = server_context(tmp_path)
        application = Application(lambda _: {"rewrite": {"data": "sealed"}}, tls=context)
        server = start(settings(application.url, f'events = ["event"]\nca_file = "{authority}"'))
        assert [server.http.publish(room, "x").status for _ in range(3)] == [201] * 3
        assert messages(server, room) == ["sealed"] * 3
        application.stop()

    def test_a_certificate_that_nobody_vouches_for(self, start, room, tmp_path):
        context, _ = server_context(tmp_path)
        application = Application(yes, tls=context)
        server = start(settings(application.url, 'events = ["event"]\nretries = 0'))
        assert server.http.publish(room, "x").status == 503
        assert application.asked == [] and "UnknownIssuer" in server.tail()
        application.stop()

    def test_a_file_that_holds_none(self, tmp_path):
        (tmp_path / "ca.pem").write_text("nothing")
        (tmp_path / "hubbub.toml").write_text(settings("https://127.0.0.1/", f'ca_file = "{tmp_path}/ca.pem"'))
        done = hubbub("check", "--config", tmp_path / "hubbub.toml", check=False)
        assert done.returncode == 1 and "webhook.ca_file" in done.stderr and "no certificate" in done.stderr


class TestSettings:
    def test_an_application_that_is_not_there_is_named(self, tmp_path):
        file = tmp_path / "hubbub.toml"
        file.write_text('[[room]]\nmatch = "*"\nwebhook = "app"\n')
        done = hubbub("check", "--config", file, check=False)
        assert done.returncode == 1
        assert 'there is no [[webhook]] called "app"; write one with this name and a url' in done.stderr

    def test_an_unsigned_application(self, start, room):
        application = Application(yes)
        server = start(settings(application.url).replace("secret =", "# secret ="))
        assert server.http.publish(room, "x").status == 201
        assert "hubbub-signature" not in application.next("event").headers
        application.stop()

    def test_the_secret_may_be_in_a_file(self, start, room, tmp_path):
        (tmp_path / "secret").write_text(f"{SECRET}\n")
        application = Application(yes)
        text = settings(application.url).replace(f'secret = "{SECRET}"', f'secret_file = "{tmp_path / "secret"}"')
        server = start(text)
        assert server.http.publish(room, "x").status == 201
        assert application.next("event").signed
        application.stop()
