"""Sentences about many messages at once: concurrent speakers, connections cut under load, a server that is killed."""

import itertools
import random
import threading

from hubbub_test.people import Person, Unacknowledged
from hubbub_test.scenario import step
from hubbub_test.stage import Promise, Stage
from hubbub_test.steps import sequence
from hubbub_test.together import at_once
from hubbub_test.waiting import until


def talk(person: Person, count: int):
    """One after the other, each when the one before is acknowledged."""
    for n in range(count):
        person.insist(f"{person.name} {n}")


@step("{people} each say {number} messages at once")
def talk_at_once(stage: Stage, names: str, count: str):
    at_once(lambda person=person: talk(person, int(count)) for person in stage.called(names))


@step("{people} each say {number} messages, while {people} are cut {number} times each")
def talk_under_cuts(stage: Stage, speakers: str, count: str, victims: str, cuts: str):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    actions = [lambda person=person: talk(person, int(count)) for person in stage.called(speakers)]
    for n, person in enumerate(stage.called(victims)):
        actions.append(lambda person=person, n=n: suffer(person, int(cuts), random.Random(seed + n)))
    at_once(actions)


def suffer(person: Person, cuts: int, chance: random.Random):
    """Is cut after a random number of further messages (none, often) and comes back after a random number of others'."""
    for _ in range(cuts):
        seen, patience = len(person.received), chance.randrange(0, 8)
        threading.Event().wait(chance.random() * 0.2)
        until(
            lambda seen=seen, patience=patience: len(person.received) >= seen + patience or quiet(person),
            "something arrives",
        )
        person.cut()
        threading.Event().wait(chance.random() * 0.2)
        person.reconnect()


def quiet(person: Person) -> bool:
    """Whether the others have stopped talking: then nothing more will arrive."""
    size = len(person.received)
    threading.Event().wait(0.5)
    return len(person.received) == size


@step("every speaker's own order is kept in {room}")
def own_order(stage: Stage, room: str):
    by_speaker: dict[str, list[int]] = {}
    for message in stage.log_of(room):
        speaker, _, number = message["data"].rpartition(" ")
        by_speaker.setdefault(speaker, []).append(int(number))
    for speaker, numbers in by_speaker.items():
        assert numbers == list(range(len(numbers))), speaker


# Killed under load


@step("{people} talk without end")
def talk_without_end(stage: Stage, names: str):
    for person in stage.called(names):
        thread = threading.Thread(target=talk_until_lost, args=(stage, person))
        thread.start()
        stage.talking.append(thread)


def talk_until_lost(stage: Stage, person: Person):
    """Talks until an acknowledgement fails to come; every try is put on record, answered or not."""
    said = sum(promise.person is person for promise in stage.promises)
    for n in itertools.count(said):
        promise = Promise(person, person.new_key(), f"{person.name} {n}", None)
        stage.promises.append(promise)
        try:
            promise.answer = person.say(promise.text, promise.key)
        except Unacknowledged:
            return


@step("{number} messages are acknowledged")
def acknowledged(stage: Stage, count: str):
    wanted = len(kept(stage)) + int(count)
    until(lambda: len(kept(stage)) >= wanted, f"{wanted} messages are acknowledged")


def kept(stage: Stage) -> list[Promise]:
    return [promise for promise in list(stage.promises) if promise.answer is not None]


@step("the server is killed")
def killed(stage: Stage):
    stage.server.kill()
    for thread in stage.talking:
        thread.join()
    stage.talking.clear()
    for person in stage.people.values():
        person.cut()


@step("the server starts again")
def starts_again(stage: Stage):
    stage.server.start()


@step("every acknowledged message is in {room} exactly once, at its offset")
def promises_kept(stage: Stage, room: str):
    log = stage.log_of(room)
    assert len({message["id"] for message in log}) == len(log)
    by_text: dict[str, list[dict]] = {}
    for message in log:
        by_text.setdefault(message["data"], []).append(message)
    assert kept(stage)
    for promise in kept(stage):
        (message,) = by_text.get(promise.text, [])
        assert (message["id"], message["offset"]) == (promise.answer["id"], promise.answer["offset"])


@step("the offsets of {room} have no gap and one epoch")
def no_gap(stage: Stage, room: str):
    offsets = [message["offset"] for message in stage.log_of(room)]
    assert len({offset.partition("-")[0] for offset in offsets}) == 1
    assert [sequence(offset) for offset in offsets] == list(range(1, len(offsets) + 1))


@step("everyone tries again what was not acknowledged")
def try_again(stage: Stage):
    lost = [promise for promise in stage.promises if promise.answer is None]
    assert lost, "the kill must have interrupted somebody"
    for promise in lost:
        promise.answer = promise.person.say(promise.text, promise.key)


@step("nothing is in {room} twice")
def nothing_twice(stage: Stage, room: str):
    texts = [message["data"] for message in stage.log_of(room)]
    assert len(set(texts)) == len(texts)
    assert set(texts) >= {promise.text for promise in stage.promises}
