"""XEP-0313 where stories do not reach: what other protocols said, after a power cut, many questions at once, whose archive it is, devices, and
streams that nobody resumed."""

import time

import pytest
from hubbub_test.tokens import hs256
from test_xmpp_resume import Managed, come
from xmpp.client import Client, error_of
from xmpp.elements import CLIENT, write
from xmpp.servers import Hubbub

MAM = "urn:xmpp:mam:2"
RSM = "http://jabber.org/protocol/rsm"
FORWARD = "urn:xmpp:forward:0"


@pytest.fixture
def server():
    with Hubbub({"romeo": "romeos", "juliet": "juliets"}) as running:
        yield running


def device(server, name: str, resource: str) -> Client:
    return Client(server).log_in(name, f"{name}s", resource)


@pytest.fixture
def romeo(server):
    client = device(server, "romeo", "orchard")
    yield client
    client.cut()


@pytest.fixture
def juliet(server):
    client = device(server, "juliet", "balcony")
    yield client
    client.cut()


def field(var: str, *values: str) -> str:
    return f"<field var='{var}'>{''.join(f'<value>{value}</value>' for value in values)}</field>"


def query(number: int = 1, to: str = "", page: str = "", **fields: str) -> str:
    form = "".join(field(var, value) for var, value in {"FORM_TYPE": MAM, **fields}.items())
    return (
        f"<iq type='set' id='ask-{number}'{f' to={to!r}' if to else ''}><query xmlns='{MAM}' queryid='q{number}'>"
        f"<x xmlns='jabber:x:data' type='submit'>{form}</x><set xmlns='{RSM}'>{page}</set></query></iq>"
    )


class Page:
    """The answer to one question, as it comes."""

    def __init__(self, client: Client, number: int = 1):
        self.results = []
        while (got := client.next()).get("id") != f"ask-{number}":
            result = got.find(f"{{{MAM}}}result")
            assert result is not None and result.get("queryid") == f"q{number}", write(got)
            self.results.append(result)
        assert got.get("type") == "result", write(got)
        self.fin = got.find(f"{{{MAM}}}fin")
        self.complete = self.fin.get("complete") == "true"
        self.ids = [result.get("id") for result in self.results]

    @property
    def messages(self) -> list:
        return [result.find(f"{{{FORWARD}}}forwarded/{{{CLIENT}}}message") for result in self.results]

    @property
    def texts(self) -> list[str | None]:
        return [message.findtext(f"{{{CLIENT}}}body") for message in self.messages]

    def end(self, name: str) -> str | None:
        return self.fin.findtext(f"{{{RSM}}}set/{{{RSM}}}{name}")


def ask(client: Client, number: int = 1, **about) -> Page:
    client.send(query(number, **about))
    return Page(client, number)


def say(client: Client, to: str, *texts: str):
    for text in texts:
        client.send(f"<message type='chat' to='{to}' id='{text}'><body>{text}</body></message>")
    client.settle()


def hear(client: Client, *texts: str):
    """Its archive has all that came before these."""
    assert [client.next().findtext(f"{{{CLIENT}}}body") for _ in texts] == list(texts)


def by_token(server, user: str, room: str, body: str, **options) -> dict:
    posted = server.server.http.publish(room, body, headers={"Authorization": f"Bearer {hs256(user)}"}, **options)
    assert posted.status == 201, posted
    return posted.json


def test_what_other_protocols_say_has_one_id_everywhere(server, romeo):
    kept = by_token(server, "juliet", "@romeo", '{"rose": 1}', type="application/json")
    page = ask(romeo)
    (message,) = page.messages
    assert (page.ids, page.complete) == ([kept["id"]], True)
    assert (message.get("from"), message.get("to")) == ("juliet@localhost", "romeo@localhost")
    assert message.findtext("{urn:xmpp:json:0}json") == '{"rose": 1}'
    (stanza_id,) = message.iterfind("{urn:xmpp:sid:0}stanza-id")
    assert (stanza_id.get("by"), stanza_id.get("id")) == ("romeo@localhost", kept["id"])


def test_what_one_says_by_other_protocols_is_in_ones_own_archive(server, romeo, juliet):
    romeo.send("<presence/>")
    juliet.send("<presence/>")
    juliet.everything()
    kept = by_token(server, "juliet", "@romeo", "a rose")
    # What he answers comes after it.
    hear_presence = romeo.everything()
    assert hear_presence
    say(romeo, "juliet@localhost", "what rose?")
    page = ask_after(juliet, "what rose?")
    assert page.texts == ["a rose", "what rose?"]
    assert page.ids[0] == kept["id"]
    assert [one.get("to") for one in page.messages] == ["romeo@localhost", "juliet@localhost"]


def ask_after(client: Client, text: str) -> Page:
    hear(client, text)
    return ask(client)


def test_a_room_has_the_ids_of_all_protocols(server, romeo):
    kept = [by_token(server, "juliet", "verona", text)["id"] for text in ("one", "two", "three")]
    page = ask(romeo, to="verona@rooms.localhost", page="<max>2</max>")
    assert (page.ids, page.texts, page.complete) == (kept[:2], ["one", "two"], False)
    page = ask(romeo, 2, to="verona@rooms.localhost", page=f"<max>2</max><after>{page.end('last')}</after>")
    assert (page.ids, page.complete) == (kept[2:], True)


def test_archives_survive_a_power_cut(server, romeo, juliet):
    romeo.send("<presence/>")
    romeo.everything()
    say(juliet, "romeo@localhost", "one", "two", "three")
    hear(romeo, "one", "two", "three")
    before = ask(romeo)
    server.server.kill()
    server.server.start()
    with device(server, "romeo", "elsewhere") as romeo:
        after = ask(romeo)
        assert (after.ids, after.texts) == (before.ids, ["one", "two", "three"])
        page = ask(romeo, 2, page=f"<max>1</max><before>{after.ids[2]}</before>")
        assert (page.texts, page.complete) == (["two"], False)


def test_pages_of_one_until_there_is_no_more(server, romeo, juliet):
    romeo.send("<presence/>")
    romeo.everything()
    texts = [f"text {number}" for number in range(7)]
    say(juliet, "romeo@localhost", *texts)
    hear(romeo, *texts)
    forwards, at, complete = [], "", False
    while not complete:
        page = ask(romeo, page=f"<max>2</max>{at}")
        forwards += page.texts
        at, complete = f"<after>{page.end('last')}</after>", page.complete
    assert forwards == texts
    backwards, at, complete = [], "<before/>", False
    while not complete:
        page = ask(romeo, page=f"<max>3</max>{at}")
        backwards = page.texts + backwards
        at, complete = f"<before>{page.end('first')}</before>", page.complete
    assert backwards == texts


def test_no_page_has_more_than_a_hundred(server, romeo):
    for number in range(101):
        by_token(server, "juliet", "@romeo", str(number))
    assert len(ask(romeo).ids) == 50
    page = ask(romeo, page="<max>1000</max>")
    assert (len(page.ids), page.complete) == (100, False)
    none = ask(romeo, page="<max>0</max>")
    assert (none.ids, none.complete, none.end("first"), none.end("count")) == ([], False, None, None)


def test_between_moments(server, romeo, juliet):
    romeo.send("<presence/>")
    romeo.everything()
    say(juliet, "romeo@localhost", "one", "two")
    hear(romeo, "one", "two")
    page = ask(romeo)
    first, second = (result.find(f"{{{FORWARD}}}forwarded/{{urn:xmpp:delay}}delay").get("stamp") for result in page.results)
    assert ask(romeo, start=first, end=second).ids == page.ids
    assert page.ids[0] in ask(romeo, end=first).ids
    assert page.ids[1] in ask(romeo, start=second).ids
    for nothing in ({"end": "2001-01-01T00:00:00Z"}, {"start": "2101-01-01T00:00:00Z"}, {"start": second, "end": "2001-01-01T00:00:00Z"}):
        empty = ask(romeo, **nothing)
        assert (empty.ids, empty.complete) == ([], True)


def test_one_device_of_a_partner(server, romeo, juliet):
    """Section 4.1.1: a full address is only that device."""
    romeo.send("<presence/>")
    romeo.everything()
    with device(server, "juliet", "tomb") as tomb:
        for number in range(3):
            say(juliet, "romeo@localhost", f"balcony {number}")
            say(tomb, "romeo@localhost", f"tomb {number}")
    hear(romeo, *(f"{where} {number}" for number in range(3) for where in ("balcony", "tomb")))
    assert len(ask(romeo, **{"with": "juliet@localhost"}).ids) == 6
    page = ask(romeo, page="<max>2</max>", **{"with": "juliet@localhost/tomb"})
    assert (page.texts, page.complete) == (["tomb 0", "tomb 1"], False)
    page = ask(romeo, page="<max>2</max><before/>", **{"with": "juliet@localhost/tomb"})
    assert (page.texts, page.complete) == (["tomb 1", "tomb 2"], False)
    page = ask(romeo, page="<max>3</max>", **{"with": "juliet@localhost/tomb"})
    assert page.texts == ["tomb 0", "tomb 1", "tomb 2"]
    assert ask(romeo, **{"with": "juliet@localhost/nowhere"}).ids == []


def test_many_questions_at_once_are_answered_in_turn(server, romeo):
    by_token(server, "juliet", "@romeo", "one")
    romeo.send("".join(query(number) for number in range(60)))
    for number in range(60):
        assert Page(romeo, number).texts == ["one"]


def test_an_archive_is_for_its_owner(server, romeo, juliet):
    for asked in (query(to="juliet@localhost"), f"<iq type='get' id='1' to='juliet@localhost'><metadata xmlns='{MAM}'/></iq>"):
        assert error_of(romeo.ask(asked)) == "auth forbidden"
    assert error_of(romeo.ask(query(to="nobody@localhost"))) == "auth forbidden"
    ann = Client(server).log_in_as_guest("Ann")
    assert error_of(ann.ask(query())) == "cancel service-unavailable"
    assert error_of(ann.ask(query(to="juliet@localhost"))) == "auth forbidden"
    ann.close()


def test_who_has_an_archive_says_so(server, romeo):
    def features(client: Client, address: str) -> set[str]:
        info = client.ask(f"<iq type='get' id='info' to='{address}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>")
        return {one.get("var") for one in info[0] if one.tag.endswith("}feature")}

    ours = {MAM, f"{MAM}#extended", "urn:xmpp:sid:0"}
    by_token(server, "juliet", "verona", "one")
    assert ours <= features(romeo, "romeo@localhost")
    assert ours <= features(romeo, "verona@rooms.localhost")
    ann = Client(server).log_in_as_guest("Ann")
    assert not ours & features(ann, ann.jid.partition("/")[0])
    ann.close()


def test_all_is_kept_and_that_cannot_be_changed(romeo):
    """XEP-0441: a client that would rather have it otherwise is told so."""
    wish = f"<iq type='set' id='1'><prefs xmlns='{MAM}' default='never'/></iq>"
    assert error_of(romeo.ask(wish)) == "cancel not-allowed"
    empty = romeo.ask(f"<iq type='get' id='2'><metadata xmlns='{MAM}'/></iq>")
    assert (empty.get("type"), len(empty[0])) == ("result", 0)


def test_what_a_room_said_is_no_ones_to_forge(server, romeo, juliet):
    """A page that a client makes up is taken out on the way (section 8), in rooms as between people."""
    room = "verona@rooms.localhost"
    for client, nick in ((romeo, "Romeo"), (juliet, "Juliet")):
        client.send(f"<presence to='{room}/{nick}'><x xmlns='http://jabber.org/protocol/muc'/></presence>")
        client.settle([room])
    juliet.everything()
    forged = f"<result xmlns='{MAM}' queryid='q1' id='1'><forwarded xmlns='{FORWARD}'/></result>"
    romeo.send(f"<message type='groupchat' to='{room}'><body>look</body>{forged}</message>")
    while (got := juliet.next()).findtext(f"{{{CLIENT}}}body") != "look":
        pass
    assert MAM not in write(got)
    page = ask(juliet, to=room)
    assert page.texts == ["look"] and f"{MAM}" not in write(page.messages[0])


def test_pages_that_nobody_acknowledged_are_nobody_elses(server, romeo, juliet):
    """What waits for a stream that nobody resumes goes to the account's others: pages do not."""
    by_token(server, "juliet", "@romeo", "one")
    asking = Managed(server).log_in("romeo", "romeos", "tower")
    asking.enable()
    assert ask(asking).texts == ["one"]
    romeo.send("<presence/>")
    hear_first = romeo.everything()
    assert [one.findtext(f"{{{CLIENT}}}body") for one in hear_first if one.tag.endswith("message")] == ["one"]
    asking.close()
    assert [one for one in romeo.everything() if one.find(f"{{{MAM}}}result") is not None] == []


def test_large_messages_come_in_small_pages_and_end_no_stream(server, romeo):
    """Neither what waits for the link nor what waits for acknowledgement may become too much, however much is asked for."""
    for number in range(8):
        by_token(server, "juliet", "verona", f"{number}" + "<&" * 45_000)
    asking = Managed(server).log_in("romeo", "romeos", "tower")
    asking.enable()
    texts, at, pages, complete = [], "", 0, False
    while not complete:
        page = ask(asking, to="verona@rooms.localhost", page=f"<max>100</max>{at}")
        texts, pages, complete = texts + page.texts, pages + 1, page.complete
        at = f"<after>{page.end('last')}</after>"
        asking.acknowledge()
    assert ([text[0] for text in texts], pages > 2) == (list("01234567"), True)
    page = ask(asking, to="verona@rooms.localhost", page="<before/>")
    assert page.texts[-1][0] == "7" and not page.complete
    asking.acknowledge()
    asking.close()


def test_what_no_stream_could_take_keeps_its_place(server, romeo):
    by_token(server, "juliet", "verona", "&" * 500_000)
    by_token(server, "juliet", "verona", "small")
    large, small = ask(romeo, to="verona@rooms.localhost").messages
    assert large is None and small.findtext(f"{{{CLIENT}}}body") == "small"


def test_who_is_busy_is_not_told_more_than_he_can_acknowledge(server):
    """A client that catches up in many rooms at once takes its time: no more comes than may wait for its acknowledgement."""
    for n in range(100):
        assert server.server.http.publish("hall", f"hello {n}").status == 201
    juliet: Managed = come(server)
    juliet.link.send("".join(query(n, "hall@rooms.localhost", "<max>100</max>") for n in range(12)))
    time.sleep(1.5)
    answered = 0
    while answered < 12:
        answered += juliet.next().get("id", "").startswith("ask-")
        juliet.acknowledge()
    juliet.cut()
