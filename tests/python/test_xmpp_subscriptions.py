"""RFC 6121 appendix A: nine states of a subscription, four stanzas, and what becomes of each.

Both sides are at home here, so one stanza goes through the table of its sender (A.2) and that of its receiver (A.3).
"""

import pytest
from xmpp.client import Client
from xmpp.elements import CLIENT, name_of
from xmpp.servers import server_for

ROSTER = "jabber:iq:roster"

# From Romeo's side, and how one gets there: R is Romeo, J Juliet.
STATES = {
    "None": "",
    "None + Pending Out": "R subscribe",
    "None + Pending In": "J subscribe",
    "None + Pending Out+In": "R subscribe, J subscribe",
    "To": "R subscribe, J subscribed",
    "To + Pending In": "R subscribe, J subscribed, J subscribe",
    "From": "J subscribe, R subscribed",
    "From + Pending Out": "J subscribe, R subscribed, R subscribe",
    "Both": "R subscribe, J subscribed, J subscribe, R subscribed",
}

# What Romeo sends, the state in which he does, the one that follows. What is not here changes nothing and is not told to Juliet.
CHANGES = {
    "subscribe": {
        "None": "None + Pending Out",
        "None + Pending In": "None + Pending Out+In",
        "From": "From + Pending Out",
    },
    "unsubscribe": {
        "None + Pending Out": "None",
        "None + Pending Out+In": "None + Pending In",
        "To": "None",
        "To + Pending In": "None + Pending In",
        "From + Pending Out": "From",
        "Both": "From",
    },
    "subscribed": {
        "None + Pending In": "From",
        "None + Pending Out+In": "From + Pending Out",
        "To + Pending In": "Both",
    },
    "unsubscribed": {
        "None + Pending In": "None",
        "None + Pending Out+In": "None + Pending Out",
        "To + Pending In": "To",
        "From": "None",
        "From + Pending Out": "None + Pending Out",
        "Both": "To",
    },
}


@pytest.fixture(scope="module")
def couple():
    """Romeo and Juliet, online, interested in their rosters."""
    with server_for({"romeo": "romeos", "juliet": "juliets"}) as server:
        romeo, juliet = (Client(server).log_in(name, f"{name}s", "home") for name in ("romeo", "juliet"))
        for client in (romeo, juliet):
            client.ask(f"<iq type='get' id='r'><query xmlns='{ROSTER}'/></iq>")
            client.send("<presence/>")
            client.everything()
        yield romeo, juliet
        romeo.cut(), juliet.cut()


def settle(couple):
    """What one sends has reached the other, and what that caused has come back."""
    for _ in range(2):
        for client in couple:
            client.settle()


def forget(couple):
    """Back to None on both sides."""
    for client, other in zip(couple, reversed(couple), strict=True):
        item = f"<item jid='{bare(other)}' subscription='remove'/>"
        client.send(f"<presence type='unsubscribed' to='{bare(other)}'/>")
        client.send(f"<iq type='set' id='forget'><query xmlns='{ROSTER}'>{item}</query></iq>")
        settle(couple)
    for client in couple:
        client.ahead.clear()


def bare(client: Client) -> str:
    return client.jid.partition("/")[0]


def send(couple, who: str, kind: str):
    romeo, juliet = couple
    sender, receiver = (romeo, juliet) if who == "R" else (juliet, romeo)
    sender.send(f"<presence type='{kind}' to='{bare(receiver)}'/>")
    settle(couple)


def half(client: Client, other: Client) -> tuple[str, bool]:
    """What a roster says of the other: the subscription, and whether it is asked for."""
    client.everything()
    query = client.ask(f"<iq type='get' id='state'><query xmlns='{ROSTER}'/></iq>").find(f"{{{ROSTER}}}query")
    item = next((one for one in query if one.get("jid") == bare(other)), None)
    return ("none", False) if item is None else (item.get("subscription"), item.get("ask") == "subscribe")


def state(couple) -> str:
    """In the words of the RFC, from Romeo's side. Both rosters must agree."""
    romeo, juliet = couple
    (mine, out), (hers, into) = half(romeo, juliet), half(juliet, romeo)
    assert hers == {"to": "from", "from": "to"}.get(mine, mine), f"Romeo has {mine}, Juliet {hers}"
    pending = "+".join(word for word, is_so in (("Out", out), ("In", into)) if is_so)
    return mine.capitalize() + (f" + Pending {pending}" if pending else "")


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("before", STATES)
def test_transition(couple, before, kind):
    forget(couple)
    for step in filter(None, STATES[before].split(", ")):
        send(couple, *step.split())
    assert state(couple) == before
    romeo, juliet = couple
    romeo.ahead.clear(), juliet.ahead.clear()
    send(couple, "R", kind)
    told = [one for one in juliet.ahead if name_of(one) == "presence" and one.get("type") == kind]
    after = CHANGES[kind].get(before)
    assert len(told) == (after is not None), f"Juliet is told {len(told)} times"
    assert all(one.get("from") == "romeo@localhost" for one in told), "stamped with the bare address (3.1.2)"
    assert state(couple) == (after or before)


def test_a_request_is_kept_as_it_was_sent(couple):
    """Section 3.1.3: whatever it carries."""
    forget(couple)
    romeo, juliet = couple
    romeo.send(f"<presence type='subscribe' to='{bare(juliet)}'><status>O speak again</status></presence>")
    settle(couple)
    (request,) = [one for one in juliet.ahead if one.get("type") == "subscribe"]
    assert request.find(f"{{{CLIENT}}}status").text == "O speak again"


def test_a_request_to_a_full_address_is_one_to_the_account(couple):
    """Section 3.1.2."""
    forget(couple)
    romeo, juliet = couple
    romeo.send(f"<presence type='subscribe' to='{juliet.jid}'/>")
    settle(couple)
    assert state(couple) == "None + Pending Out"
