"""What an account has been told is kept: rosters, subscriptions, blocks, private XML and cards survive a power cut."""

import pytest
from xmpp.client import Client
from xmpp.elements import CLIENT
from xmpp.servers import Hubbub

ROSTER = "jabber:iq:roster"


@pytest.fixture
def server():
    with Hubbub({"romeo": "pw", "juliet": "pw"}) as server:
        yield server


def results(client: Client, *iqs: str):
    for number, inside in enumerate(iqs):
        answer = client.ask(f"<iq type='set' id='set-{number}'>{inside}</iq>")
        assert answer.get("type") == "result", inside


def asked(client: Client, inside: str):
    """What the result of a get holds."""
    return client.ask(f"<iq type='get' id='get'>{inside}</iq>")[0]


def restart(server):
    server.server.kill()
    server.server.start()


def test_all_that_was_acknowledged_is_there_after_a_power_cut(server):
    romeo = Client(server).log_in("romeo", "pw")
    results(
        romeo,
        f"<query xmlns='{ROSTER}'><item jid='nurse@example.com' name='Nurse'><group>Servants</group></item></query>",
        "<query xmlns='jabber:iq:private'><prefs xmlns='urn:example:prefs' n='1'>ü</prefs></query>",
        "<vCard xmlns='vcard-temp'><FN>Romeo Montague</FN></vCard>",
        "<block xmlns='urn:xmpp:blocking'><item jid='tybalt@localhost'/></block>",
    )
    version = asked(romeo, f"<query xmlns='{ROSTER}' ver=''/>").get("ver")
    restart(server)

    romeo = Client(server).log_in("romeo", "pw")
    unchanged = romeo.ask(f"<iq type='get' id='same'><query xmlns='{ROSTER}' ver='{version}'/></iq>")
    assert (unchanged.get("type"), len(unchanged)) == ("result", 0)
    (item,) = asked(romeo, f"<query xmlns='{ROSTER}'/>")
    assert (item.get("name"), item[0].text) == ("Nurse", "Servants")
    prefs = asked(romeo, "<query xmlns='jabber:iq:private'><prefs xmlns='urn:example:prefs'/></query>")[0]
    assert (prefs.get("n"), prefs.text) == ("1", "ü")
    assert asked(romeo, "<vCard xmlns='vcard-temp'/>")[0].text == "Romeo Montague"
    (blocked,) = asked(romeo, "<blocklist xmlns='urn:xmpp:blocking'/>")
    assert blocked.get("jid") == "tybalt@localhost"
    romeo.close()


def test_a_request_waits_over_a_power_cut_with_all_that_it_says(server):
    romeo = Client(server).log_in("romeo", "pw")
    request = "<presence to='juliet@localhost' type='subscribe'><status>I love thee</status></presence>"
    romeo.send(request)
    # Her account has it when it answers for her; his roster shows it then.
    romeo.ask("<iq type='get' id='1' to='juliet@localhost'><vCard xmlns='vcard-temp'/></iq>")
    restart(server)

    juliet = Client(server).log_in("juliet", "pw")
    juliet.send("<presence/>")
    (got,) = [one for one in juliet.everything() if one.get("type") == "subscribe"]
    assert got.get("from") == "romeo@localhost"
    assert got.find(f"{{{CLIENT}}}status").text == "I love thee"
    juliet.close()

    romeo = Client(server).log_in("romeo", "pw")
    (item,) = asked(romeo, f"<query xmlns='{ROSTER}'/>")
    assert (item.get("jid"), item.get("subscription"), item.get("ask")) == ("juliet@localhost", "none", "subscribe")
    romeo.close()
