"""The sentences that scenarios are written in, for what people do and see. For talking under load see `load.py`."""

from hubbub_test.memory import MIB, held
from hubbub_test.people import Person
from hubbub_test.raw import HANDSHAKE, Wire
from hubbub_test.scenario import step
from hubbub_test.stage import Stage
from hubbub_test.waiting import until


def sequence(offset: str) -> int:
    return int(offset.rpartition("-")[2])


# Before the server runs


@step("The server is configured with:")
def configured(stage: Stage, config: str):
    stage.config += config


@step("The server keeps its rooms on disk")
def durable(stage: Stage):
    stage.durable = True


@step("{person} has an account")
def account(stage: Stage, name: str):
    stage.accounts[name] = f"the password of {name}"


# Coming and going


@step("{person} joins {room} by {transport}")
def joins(stage: Stage, name: str, room: str, transport: str):
    stage.enter(name, room, transport).join()


@step("{person} joins {room} by {transport}, from the beginning")
def joins_from_the_beginning(stage: Stage, name: str, room: str, transport: str):
    stage.enter(name, room, transport).join(since=0)


@step("{person} joins {room} by websocket and reads nothing")
def joins_deaf(stage: Stage, name: str, room: str):
    wire = Wire(stage.server)
    assert wire.request(f"GET /rooms/{room}/ws?name={name}", HANDSHAKE).status == 101
    stage.deaf[name] = wire


@step("{people}'s connection is cut")
def cut(stage: Stage, names: str):
    for person in stage.called(names):
        person.cut()


@step("{people} reconnects")
def reconnects(stage: Stage, names: str):
    for person in stage.called(names):
        person.reconnect()


@step("{person} leaves")
def leaves(stage: Stage, name: str):
    stage.people.pop(name).leave()


# Saying and hearing


@step("{person} says {text}")
def says(stage: Stage, name: str, text: str):
    stage.people[name].say(text)


@step("{person} says {text} in {room}")
def says_in(stage: Stage, name: str, text: str, room: str):
    stage.people[name].say(text, room=room)


@step("{person} says {text} and is cut before the answer")
def says_and_is_cut(stage: Stage, name: str, text: str):
    stage.people[name].say_and_be_cut(text, key=f"the key of {text}".replace(" ", "-"))


@step("{person} says {text} again with the same key")
def says_again(stage: Stage, name: str, text: str):
    stage.people[name].say(text, key=f"the key of {text}".replace(" ", "-"))


@step("{text} is in {room} once")
def there_once(stage: Stage, text: str, room: str):
    assert [message["data"] for message in stage.log_of(room)].count(text) == 1


@step("{person} says {number} messages of {number} kilobytes")
def says_much(stage: Stage, name: str, count: str, kilobytes: str):
    for n in range(int(count)):
        stage.people[name].say(f"{name} {n} ".ljust(int(kilobytes) * 1024, "."))


def hears(person: Person, text: str, speaker: str) -> dict:
    """Waits for a message; a raw socket cannot tell who sent it."""

    def heard():
        return next(
            (one for one in person.received if one["data"] == text and one.get("name", speaker) == speaker), None
        )

    return person.wait_for(heard, f"for {text!r} from {speaker}")


@step("{people} receives {text} from {person}")
def receives(stage: Stage, names: str, text: str, speaker: str):
    for person in stage.called(names):
        hears(person, text, speaker)


@step("{people} receives {text} from {person} at the same offset")
def receives_at_one_offset(stage: Stage, names: str, text: str, speaker: str):
    heard = [hears(person, text, speaker) for person in stage.called(names)]
    offsets = {message["offset"] for message in heard if "offset" in message}
    assert len(offsets) == 1, offsets


@step("{people} has not heard {text}")
def has_not_heard(stage: Stage, names: str, text: str):
    for person in stage.called(names):
        assert text not in [message["data"] for message in person.received]


# Missing nothing


def has_missed_nothing(stage: Stage, person: Person):
    """What it received is, message by message, what the room's log holds since it first joined."""
    log = stage.log_of(person.room, person.headers)
    wanted = [message for message in log if sequence(message["offset"]) > sequence(person.joined_at)]
    person.wait_for(
        lambda: len(person.received) >= len(wanted), f"for {len(wanted)} messages, has {len(person.received)}"
    )
    assert person.received == [person.can_see(message) for message in wanted]


@step("{people} has missed nothing")
def missed_nothing(stage: Stage, names: str):
    for person in stage.called(names):
        has_missed_nothing(stage, person)


@step("{people} has read the same {number} messages")
def read_the_same(stage: Stage, names: str, count: str):
    people, count = stage.called(names), int(count)
    for person in people:
        person.wait_for(lambda person=person: len(person.received) >= count, f"for {count} messages")
    texts = [[message["data"] for message in person.received] for person in people]
    assert len(set(texts[0])) == count, "every message is there, none twice"
    assert all(one == texts[0] for one in texts), "all read the same, in the same order"
    offsets = [
        [message["offset"] for message in person.received] for person in people if "offset" in person.received[0]
    ]
    assert all(one == offsets[0] for one in offsets)
    assert [sequence(offset) for offset in offsets[0]] == list(
        range(sequence(offsets[0][0]), sequence(offsets[0][0]) + count)
    )


# A history that is gone


@step("{person} is told that the offset is gone")
def told_gone(stage: Stage, name: str):
    person = stage.people[name]
    problem = person.wait_for(lambda: person.refusals, "for a refusal")[-1]
    assert problem["type"] == "urn:hubbub:problem:cursor-gone" and problem["status"] == 410
    person.cursor = problem["oldest"]


@step("{person} is told that nothing was recovered")
def told_not_recovered(stage: Stage, name: str):
    person = stage.people[name]
    joined = [one["data"] for one in person.notices if one["event"] == "hubbub:joined"]
    assert joined[-1]["recovered"] is False, joined


@step("{person} is told that everything was recovered")
def told_recovered(stage: Stage, name: str):
    person = stage.people[name]
    joined = [one["data"] for one in person.notices if one["event"] == "hubbub:joined"]
    assert joined[-1]["recovered"] is True, joined


@step("{person} reconnects to {room} after {text}")
def reconnects_raw(stage: Stage, name: str, room: str, text: str):
    """A raw socket does not know offsets; its owner may have learnt one elsewhere."""
    heard = next(
        one for other in stage.people.values() for one in other.received if one["data"] == text and "offset" in one
    )
    stage.people[name].reconnect(since=heard["offset"])


@step("{person}'s socket is closed with {number}")
def closed_with(stage: Stage, name: str, code: str):
    person = stage.people[name]
    person.wait_for(lambda: int(code) in person.refusals, f"for close code {code}, got {person.refusals}")


@step("{person} continues with {text}")
def continues_with(stage: Stage, name: str, text: str):
    """The first message after the last reconnection."""
    person = stage.people[name]
    person.wait_for(lambda: any(one["data"] == text for one in person.received), f"for {text!r}")
    before = person.received[[one["data"] for one in person.received].index(text) - 1]
    later = next(one for one in person.received if one["data"] == text)
    assert sequence(later["offset"]) > sequence(before["offset"]) + 1, "there is a gap before it, and it was told"


# Who is there


@step("{person} sees {person} join")
def sees_join(stage: Stage, name: str, other: str):
    sees(stage.people[name], other, "join")


@step("{person} sees {person} leave")
def sees_leave(stage: Stage, name: str, other: str):
    sees(stage.people[name], other, "leave")


def sees(person: Person, other: str, action: str):
    """Waits to be told that somebody came or went."""

    def told():
        changes = [one["data"] for one in person.notices if one["event"] == "hubbub:presence"]
        return any(one["action"] == action and one["name"] == other for one in changes)

    person.wait_for(told, f"to see {other} {action}")


@step("{room} is empty")
def empty(stage: Stage, room: str):
    until(lambda: stage.server.http.presence(room).json["count"] == 0, f"{room} is empty")


@step("{room} has {people} in it")
def occupants(stage: Stage, room: str, names: str):
    wanted = sorted(person.name for person in stage.called(names))

    def there():
        return sorted(one["name"] for one in stage.server.http.presence(room).json["occupants"]) == wanted

    until(there, f"{wanted} are in {room}, and nobody else")


# Slow receivers


@step("{person} is dropped")
def dropped(stage: Stage, name: str):
    assert stage.deaf.pop(name).at_end()


@step("the server holds less than {number} megabytes")
def holds_less_than(stage: Stage, megabytes: str):
    assert held(stage.server.pid) < int(megabytes) * MIB
