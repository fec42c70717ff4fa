"""Signals between the people of the scenarios: where each can be reached, how each sends one, and what each has heard.

What a signal says is the same in every protocol; only the words around it differ.
"""

import itertools
import json
from dataclasses import dataclass
from functools import singledispatch
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

from xmpp.client import error_of
from xmpp.elements import CLIENT

from hubbub_test.curl import Answer
from hubbub_test.people import TRANSPORTS, OnEventStream, OnWebSocket, Person, Unacknowledged
from hubbub_test.people_socketio import OnSocketIo
from hubbub_test.people_xmpp import OnXmpp
from hubbub_test.scenario import PARTS, step
from hubbub_test.stage import Stage

NAME = "hubbub:signal"
PAYLOAD, JSON, DATATYPE = "urn:xmpp:json-msg:0", "urn:xmpp:json:0", "urn:hubbub:signal"
NUMBERS = itertools.count(1)

PARTS["condition"] = r"([a-z]+ [a-z-]+|\d{3} [a-z-]+)"


@dataclass
class Fate:
    """What became of a signal: how many heard it, as far as the protocol says that, or how it was refused."""

    sessions: int | None = None
    refusal: str | None = None

    @classmethod
    def of_problem(cls, problem: dict) -> "Fate":
        assert problem["title"] and problem["detail"], problem
        return cls(refusal=f"{problem['status']} {problem['type'].removeprefix('urn:hubbub:problem:')}")


# Where somebody can be reached


def joined(person: Person) -> dict:
    """What the last `hubbub:joined` said."""
    return [one["data"] for one in person.notices if one["event"] == "hubbub:joined"][-1]


def address(person: Person) -> str:
    """Of this very session."""
    return person.client.jid if isinstance(person, OnXmpp) else joined(person)["session"]


def user(person: Person) -> str:
    """Of all of somebody's sessions."""
    return address(person).partition("/")[0]


def occupant(person: Person) -> str:
    """By his name in the room."""
    return f"{person.room}@rooms.localhost/{person.name}"


# Sending


def signal(person: Person, to: str, value) -> Fate:
    """Sends `value` to an address, by the person's own protocol."""
    return say(person, json.dumps(to), json.dumps(value))


@singledispatch
def say(person: Person, to: str, text: str) -> Fate:
    """The same, of an address and a value that are JSON already, whatever they look like."""
    raise TypeError(f"{person.transport} has no words for signals")


def answered(person: Person, number):
    """What was acknowledged under this number; `Unacknowledged` if the connection ends before."""
    ends = len(person.refusals)
    told = person.wait_for(lambda: person.acks.get(number) or len(person.refusals) > ends, "to know what became of a signal")
    if told is True:
        raise Unacknowledged
    return told


@say.register
def _(person: OnWebSocket, to: str, text: str) -> Fate:
    key = person.new_key()
    person.socket.socket.send(f'{{"event":"{NAME}","data":{{"to":{to},"signal":{text}}},"key":"{key}"}}')
    told = answered(person, key)
    return Fate(told["data"]["sessions"]) if told["event"] == "hubbub:ack" else Fate.of_problem(told["data"])


def post(person: OnEventStream, body: str | bytes, room: str | None = None, headers: dict | None = None) -> Answer:
    """By curl. Whoever has the ticket need not say who he is."""
    path = f"/rooms/{quote(room or person.room, safe='@')}/signals"
    return person.server.http.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})


def posted(answer: Answer) -> Fate:
    if answer.status == 200:
        return Fate(answer.json["sessions"])
    assert answer.problem
    return Fate.of_problem(answer.json)


@say.register
def _(person: OnEventStream, to: str, text: str) -> Fate:
    return posted(post(person, f'{{"ticket":"{joined(person)["ticket"]}","to":{to},"signal":{text}}}'))


@say.register
def _(person: OnSocketIo, to: str, text: str) -> Fate:
    return emit(person, f'{{"to":{to},"signal":{text}}}')


def emit(person: OnSocketIo, *args: str) -> Fate:
    """`hubbub:signal` with these arguments, each of them JSON, and what the acknowledgement says."""
    ident = next(NUMBERS) + 10**6
    person.client.client.send(f'2{person.client.namespace},{ident}["{NAME}"{"".join("," + one for one in args)}]')
    told = answered(person, ident)[0]
    return Fate.of_problem(told["error"]) if "error" in told else Fate(told["sessions"])


@say.register
def _(person: OnXmpp, to: str, text: str) -> Fate:
    """To the occupant himself if that is the address; else to oneself, with the address inside. XML lacks two characters that JSON has."""
    at = json.loads(to)
    text = text.replace("\uffff", "\\uffff").replace("\ufffe", "\\ufffe")
    if isinstance(at, str) and at.startswith(f"{person.muc}/"):
        return send(person, stanza(at, f'{{"signal":{text}}}'))
    return send(person, stanza(f"{person.muc}/{person.name}", f'{{"to":{to},"signal":{text}}}'))


def stanza(to: str, text: str, kind: str = "chat") -> Element:
    """A message with a payload, whatever its text is."""
    message = Element(f"{{{CLIENT}}}message", {"type": kind, "to": to, "id": f"signal-{next(NUMBERS)}"})
    payload = SubElement(message, f"{{{PAYLOAD}}}payload", {"datatype": DATATYPE})
    SubElement(payload, f"{{{JSON}}}json").text = text
    return message


def send(person: OnXmpp, message: Element) -> Fate:
    """Only a refusal is answered: a question to the room, which is answered later, shows that there was none."""
    ident = f"after-{message.get('id')}"
    asked = Element(f"{{{CLIENT}}}iq", {"type": "get", "to": person.muc, "id": ident})
    SubElement(asked, "{http://jabber.org/protocol/disco#info}query")
    with person.writing:
        person.client.link.send_element(message)
        person.client.link.send_element(asked)
    person.wait_for(lambda: person.answers.get(ident) is not None, "for an answer of the room")
    error = person.answers.get(message.get("id"))
    return Fate() if error is None else Fate(refusal=error_of(error))


# Hearing


def heard(person: Person) -> list[dict]:
    """Every signal so far: `from`, `name` and `signal`."""
    return [one["data"] for one in person.notices if one["event"] == NAME]


def next_heard(person: Person, value) -> dict:
    """The signal that says this."""

    def found():
        return next((one for one in heard(person) if one["signal"] == value), None)

    return person.wait_for(found, f"for the signal {value!r}, heard {heard(person)}")


def exchange(one: Person, other: Person, value):
    """One signal this way, to that very session; it comes from the session that sent it."""
    fate = signal(one, address(other), value)
    assert fate.refusal is None and fate.sessions in (1, None), fate
    got = next_heard(other, value)
    assert (got["from"], got["name"]) == (address(one), one.name), got
    assert [each["signal"] for each in heard(other)].count(value) == 1


# The sentences


@step("{person} joins {room} by {transport}, as a session of {person}")
def joins_as(stage: Stage, session: str, room: str, transport: str, name: str):
    person = TRANSPORTS[transport](stage.server, name, room)
    stage.people[session] = person
    person.join()


@step("{person} signals {text} to {person}")
def signals(stage: Stage, name: str, text: str, other: str):
    exchange(stage.people[name], stage.people[other], text)


@step("each two signal, the one and then the other:")
def each_two(stage: Stage, pairs: str):
    for line in pairs.strip().splitlines():
        one, _, other = line.strip().partition(" and ")
        one, other = stage.people[one], stage.people[other]
        exchange(one, other, {"to": other.name, "from": one.name, "sdp": "v=0\r\n"})
        exchange(other, one, [other.name, one.name, None, 1.5, "🔔"])


@step("{person} rings {person} with {text}, and {number} sessions hear it")
def rings(stage: Stage, name: str, other: str, text: str, count: str):
    fate = signal(stage.people[name], user(stage.people[other]), text)
    assert fate.refusal is None and fate.sessions in (int(count), None), fate


@step("{people} has heard {text} from {person}")
@step("{people} have heard {text} from {person}")
def has_heard(stage: Stage, names: str, text: str, other: str):
    for person in stage.called(names):
        assert next_heard(person, text)["from"] == address(stage.people[other])


@step("{people} has heard no signal {text}")
@step("{people} have heard no signal {text}")
def has_heard_none(stage: Stage, names: str, text: str):
    """Asked when whoever should hear it has."""
    for person in stage.called(names):
        assert text not in [one["signal"] for one in heard(person)]


@step("{person} signals to {person} and is refused with {condition}")
def is_refused(stage: Stage, name: str, other: str, condition: str):
    assert signal(stage.people[name], address(stage.people[other]), "refused").refusal == condition


@step("{person} rings {person} and is refused with {condition}")
def ring_is_refused(stage: Stage, name: str, other: str, condition: str):
    assert signal(stage.people[name], f"{other.lower()}@guest.localhost", "refused").refusal == condition
