"""A phone behind a bad network, while others write to it and talk in a room: it hears all of it once, in order, by resuming its
stream (XEP-0198), by what waits for it (XEP-0160), or from archives (XEP-0313)."""

import itertools
import random
import threading
from collections.abc import Callable, Iterable
from contextlib import contextmanager, suppress

import pytest
from hubbub_test.people import OnWebSocket
from hubbub_test.proxy import Proxy
from hubbub_test.together import at_once
from hubbub_test.websocket import JsonSocket
from xmpp.client import Client
from xmpp.elements import CLIENT
from xmpp.phone import Phone
from xmpp.servers import ROOMS, Hubbub

ACCOUNTS = {"juliet": "juliets", "romeo": "romeos"}
JULIET, ROMEO = "juliet@localhost", "romeo@localhost"
VERONA = f"verona@{ROOMS}"
LAST = "the end"
LONG = '[[room]]\nmatch = "*"\nhistory_count = 100000\nhistory_bytes = 100000000\n'


@contextmanager
def bad_network(server: Hubbub, seed: int, average_bytes: int):
    print(f"seed {seed}")
    proxy = Proxy(server.server, seed, average_bytes, pauses=0.004)
    try:
        yield proxy
    finally:
        proxy.stop()


def pause(seconds: float):
    """Lets others do something, so that there is a middle in which connections can be cut."""
    threading.Event().wait(seconds)


def log_of(server: Hubbub, room: str) -> list[dict]:
    """What the room keeps; of an inbox, what others said to its owner."""
    kept, cursor, more = [], "0", True
    while more:
        password = {"Authorization": "Basic anVsaWV0Omp1bGlldHM="}  # Juliet's
        answer = server.server.http.poll(room, since=cursor, limit=1000, headers=password).json
        kept += answer["messages"]
        cursor, more = answer["cursor"], answer["more"]
    return [one for one in kept if room != "@juliet" or one["from"] != JULIET]


class Others:
    """Romeo by XMPP; Bo by HTTP, to Juliet and in the room; Ann in the room by WebSocket."""

    def __init__(self, server: Hubbub):
        self.server, self.http, self.keys = server, server.server.http, itertools.count()
        self.romeo = Client(server).log_in("romeo", "romeos", "orchard")
        self.romeo.send("<presence/>")

    def talk(self, phone: Phone, is_enough: Callable[[], bool]):
        """All at once, until that is so; nobody runs far ahead of the phone."""

        def counted():
            for n in self.keys:
                yield n
                while n > len(phone.heard) + 50 and not (is_enough() or phone.has_given_up):
                    pause(0.02)
                if is_enough() or phone.has_given_up:
                    return

        at_once([lambda: self.write(counted()), lambda: self.post(counted()), lambda: self.chat(counted())])

    def write(self, numbers: Iterable[int]):
        for n in numbers:
            self.romeo.send(f"<message type='chat' to='{JULIET}'><body>Romeo {n}</body></message>")
        self.romeo.settle()

    def post(self, numbers: Iterable[int]):
        for n in numbers:
            for room in ("@juliet", "verona"):
                assert self.http.publish(room, f"Bo {n}", name="Bo").status == 201

    def chat(self, numbers: Iterable[int]):
        ann = JsonSocket(self.server.server, "verona", name="Ann")
        ann.joined()
        for n in numbers:
            ann.send(f"Ann {n}", key=f"{n}")
        while ann.next_named("hubbub:ack")["data"]["key"] != f"{n}":
            pass
        ann.cut()

    def say_the_last_word(self):
        for room in ("@juliet", "verona"):
            assert self.http.publish(room, LAST, name="Bo").status == 201

    def hears(self) -> str:
        """What Romeo is told next."""
        while (body := self.romeo.next().find(f"{{{CLIENT}}}body")) is None:
            pass
        return body.text

    def heard(self) -> list[str]:
        """What Romeo has been told."""
        bodies = [one.find(f"{{{CLIENT}}}body") for one in self.romeo.everything()]
        return [body.text for body in bodies if body is not None]


def has_heard_the_last_word(phone: Phone) -> bool:
    return {one.where for one in phone.heard if one.text == LAST} == {JULIET, VERONA}


def enter(server: Hubbub, port: int, **options) -> Phone:
    """Juliet's phone, in the room, with nothing to hear yet."""
    phone = Phone(server, port, "juliet", "juliets", rooms=("verona",), **options)
    phone.come()
    phone.stay(lambda: phone.inside == {VERONA})
    return phone


def has_heard_all(phone: Phone, server: Hubbub):
    for room, where in (("@juliet", JULIET), ("verona", VERONA)):
        assert phone.said_in(where) == [(one["id"], one["data"]) for one in log_of(server, room)]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_it_resumes_as_often_as_it_takes(seed):
    """Its own words, which it says again when it does not know whether they were taken, are heard once as well."""
    with Hubbub(ACCOUNTS, LONG) as server, bad_network(server, seed, 20000) as proxy:
        others, phone = Others(server), enter(server, server.port("STARTTLS"))
        phone.port = proxy.port
        phone.cut()
        chance, said = random.Random(seed), []

        def speak():
            """Now and then, in answer to what it hears."""
            if len(phone.heard) > 12 * len(said) and chance.random() < 0.5:
                said.append(f"Juliet {len(said)}")
                phone.say(said[-1], ROMEO)
                phone.say(said[-1], VERONA, "groupchat")
            return has_heard_the_last_word(phone)

        def story():
            others.talk(phone, lambda: phone.resumed >= 5)
            proxy.calm()
            others.say_the_last_word()

        at_once([story, lambda: phone.stay(speak)])
        phone.stay(lambda: said[-1] in [one.text for one in phone.heard])  # her own words, as the room tells them
        phone.stay(lambda: not phone.unsure)
        has_heard_all(phone, server)
        assert others.heard() == said
        assert [one["data"] for one in log_of(server, "verona") if one["from"] == JULIET] == said
        assert phone.twice == [] and not any(one.late for one in phone.heard)
        assert phone.begun == 1, "it came back to its stream each time"
        phone.cut(), others.romeo.cut()


def test_it_comes_back_too_late():
    """What it had not acknowledged, and what was said meanwhile, waits for it, and says when it was said. Its own last words are
    said again only if they were not taken."""
    with Hubbub(ACCOUNTS, LONG.replace("[[room]]", 'resume_timeout = "1s"\n[[room]]')) as server:
        others, phone = Others(server), enter(server, server.port("STARTTLS"))
        bo = OnWebSocket(server.server, "Bo", "verona")
        bo.join()

        def say(*names: str):
            for name in names:
                for to in (JULIET, f"{JULIET}/phone"):
                    others.romeo.send(f"<message type='chat' to='{to}'><body>{name} to {to}</body></message>")
                others.romeo.settle()
                assert others.http.publish("@juliet", f"{name} by HTTP", name="Bo").status == 201
                bo.say(name)

        say("acknowledged")
        phone.stay(lambda: len(phone.heard) == 4)
        phone.settle()
        phone.answers = False
        say("heard")
        phone.stay(lambda: len(phone.heard) == 8)
        acknowledged, heard = phone.said_in(JULIET)[:3], phone.said_in(JULIET)[3:]
        phone.say("taken", ROMEO)
        assert others.hears() == "taken"
        say("on the way")
        phone.cut()
        phone.say("not taken", ROMEO)
        say("lost, perhaps not for ever")
        gone = {"action": "leave", "name": "Juliet"}
        bo.wait_for(lambda: any(gone.items() <= one["data"].items() for one in bo.notices), "until Juliet is gone")
        say("gone for good")
        others.say_the_last_word()
        phone.stay(lambda: has_heard_the_last_word(phone))
        assert phone.begun == 2 and phone.resumed == 0
        has_heard_all(phone, server)
        assert [(one.id, one.text) for one in phone.twice if one.where == JULIET] == heard
        assert len(acknowledged) == len(heard) == 3
        late = [one for one in phone.heard + phone.twice if one.late and one.where == JULIET]
        assert len(late) == len(phone.said_in(JULIET)) - len(acknowledged), "they say when they were said"
        assert others.hears() == "not taken"
        assert others.heard() == []
        phone.cut(), bo.leave(), others.romeo.cut()


def insist(server: Hubbub, room: str, text: str, name: str):
    """Says it, with the same key again and again, until the server says that it has it."""
    key = {"Idempotency-Key": f"{name}-{text}".replace(" ", "-")}
    while True:
        with suppress(ConnectionError):
            answer = server.server.http.publish(room, text, headers=key, name=name)
            assert answer.status in (200, 201, 503), answer
            if answer.status != 503:
                return
        pause(0.02)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_server_is_killed_in_the_middle(seed):
    """No stream survives that. Whatever was acknowledged does, and the phone finds it in the archives."""
    with Hubbub(ACCOUNTS, LONG) as server, bad_network(server, seed, 20000) as proxy:
        server.server.listen = (f"127.0.0.1:{server.port('STARTTLS')}",)
        phone = enter(server, server.port("STARTTLS"), reads_archives=True)
        phone.port = proxy.port
        phone.cut()
        said = {"@juliet": [f"Bo {n}" for n in range(60)], "verona": [f"Ann {n}" for n in range(60)]}

        def say(room: str, name: str):
            for text in said[room]:
                insist(server, room, text, name)

        def kill():
            for streams in (1, 2):
                enough = len(phone.heard) + 15
                while (phone.begun < streams or len(phone.heard) < enough) and not phone.has_given_up:
                    pause(0.01)
                server.server.kill()
                server.server.start()

        def story():
            at_once([lambda: say("@juliet", "Bo"), lambda: say("verona", "Ann"), kill])
            proxy.calm()
            insist(server, "@juliet", LAST, "Bo"), insist(server, "verona", LAST, "Ann")

        at_once([story, lambda: phone.stay(lambda: has_heard_the_last_word(phone))])
        assert phone.begun >= 3, "its stream was gone"
        has_heard_all(phone, server)
        for room, texts in said.items():
            assert [one["data"] for one in log_of(server, room)] == [*texts, LAST]
        phone.cut()


def test_what_is_acknowledged_is_kept():
    """XEP-0198 section 4: the server answers for it. So it is on disk, however soon the server dies after saying so."""
    with Hubbub(ACCOUNTS, LONG) as server:
        server.server.listen = (f"127.0.0.1:{server.port('STARTTLS')}",)
        said = []
        for turn in range(3):
            phone = Phone(server, server.port("STARTTLS"), "romeo", "romeos")
            phone.bare = ROMEO
            phone.come()
            phone.stay(lambda phone=phone: not phone.unsure)
            texts = [f"{turn} {n}" for n in range(100)]
            for text in texts:
                phone.say(text, JULIET)
            phone._ask()
            while phone.unsure:
                phone.read()
            server.server.kill()
            server.server.start()
            phone.cut()
            said += texts
            assert [one["data"] for one in log_of(server, "@juliet")] == said
