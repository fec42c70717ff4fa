"""Tests of what is published, and what stays: `python3 -m unittest discover -s bench -t bench`."""

import json
import tempfile
import unittest
from pathlib import Path

from . import main, publication, report, results
from .families import FAMILIES, ROOMS, family_of, serving
from .results import Results
from .say import Trouble
from .scenarios import SCENARIOS
from .servers import SERVERS, TITLES

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def outcome(scenario, cost):
    """One that has all that any table shows."""
    return {
        "server": {"cpu_us_per_delivery": cost, "cores": 1.0},
        "deliveries_per_second": 1e6 / cost,
        "latency_us": {"p50": cost, "p99": cost, "max": cost},
        "memory": {"own_kib": 1536, "resident_kib": 9999},
        "idle": {"bytes_per_connection": cost, "bytes_per_connection_after_message": cost, "cpu_us_per_second": 0.0},
        "lost": 0,
        "waited": 0.01,
        "scenario": scenario.command,
    }


def whole(name, cost, facts=None, rounds=3):
    """Results of a whole run of a family, in which everything costs so much."""
    family = FAMILIES[name]
    made = Results(family, facts or {"date": f"day {cost}"}, rounds)
    for scenario in family.scenarios:
        for server in filter(scenario.serves, SERVERS):
            for turn in range(1, rounds + 1):
                made.add(scenario, server, turn, outcome(scenario, cost))
    return made


def older(*runs):
    """The form that files had when one run had measured everything."""
    outcomes = [{"name": name, "server": server, "rounds": list(turns.values())}
                for run in runs for (name, server), turns in run.outcomes.items()]
    facts = {"date": "once"} | {TITLES[server]: "1.0" for run in runs for server in run.family.servers}
    return {"facts": facts, "outcomes": outcomes, "failures": [line for run in runs for line in run.failures]}


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.page = self.folder / "RESULTS.md"

    def file(self, raw):
        path = self.folder / "other.json"
        path.write_text(json.dumps(raw))
        return path

    def published(self):
        return results.read(self.page.with_suffix(".json"))


class Published(Folder):
    def test_a_family_takes_its_own_place_and_leaves_the_others(self):
        publication.publish([whole("rooms", 1.0), whole("turn", 2.0)], self.page)
        before = self.published()["rooms"].raw()
        publication.publish([whole("turn", 7.0, rounds=5)], self.page)
        self.assertEqual(self.published()["rooms"].raw(), before)
        turn = self.published()["turn"]
        self.assertEqual((turn.facts, turn.rounds), ({"date": "day 7.0"}, 5))
        text = self.page.read_text()
        self.assertNotIn("day 2.0", text)
        rooms, turn = text.split("## TURN\n")
        self.assertIn("| date | day 1.0 |\n| rounds | 3 |", rooms)
        self.assertIn("| date | day 7.0 |\n| rounds | 5 |\n| server kept waiting by other work | 1.0%", turn)

    def test_what_was_written_is_what_is_read(self):
        made = whole("turn", 2.0)
        made.outcomes["turn-idle", "coturn"].pop(2)
        made.failed(BY_NAME["turn-idle"], "coturn", 2, "stalled")
        publication.publish([made], self.page)
        self.assertEqual(self.published()["turn"].raw(), made.raw())
        # The third round is still the third: the ratio of a round is of that one.
        idle = ("idle", "bytes_per_connection")
        self.assertEqual([*self.published()["turn"].figures(BY_NAME["turn-idle"], "coturn", idle)], [1, 3])

    def test_families_have_one_order_whatever_was_measured_last(self):
        publication.publish([whole("turn", 1.0)], self.page)
        publication.publish([whole("rooms", 1.0)], self.page)
        self.assertEqual([*self.published()], ["rooms", "turn"])

    def test_the_older_form_gives_its_facts_to_all_families_in_it(self):
        self.page.with_suffix(".json").write_text(json.dumps(older(whole("rooms", 1.0), whole("xmpp", 2.0))))
        publication.publish([whole("turn", 3.0)], self.page)
        read = self.published()
        self.assertEqual([*read], ["rooms", "xmpp", "turn"])
        self.assertEqual([run.facts["date"] for run in read.values()], ["once", "once", "day 3.0"])
        self.assertIn("Prosody", read["xmpp"].facts)
        self.assertNotIn("Prosody", read["rooms"].facts)
        self.assertEqual((read["xmpp"].rounds, read["xmpp"].quick), (3, False))

    def test_failures_of_the_older_form_stay_with_their_family(self):
        runs = [whole("rooms", 1.0), whole("turn", 2.0)]
        runs[1].failed(BY_NAME["turn-idle"], "coturn", 3, "stalled")
        read = results.read(self.file(older(*runs)))
        self.assertEqual([run.failures for run in read.values()], [[], ["turn-idle, coturn, round 3: stalled"]])

    def test_what_is_not_measured_any_more_is_left_out(self):
        publication.publish([whole("turn", 1.0)], self.page)
        raw = json.loads(self.page.with_suffix(".json").read_text())
        raw["families"][0]["outcomes"][0]["name"] = "turn-of-old"
        raw["families"].append(raw["families"][0] | {"family": "gopher"})
        read = results.read(self.file(raw))
        self.assertEqual([*read], ["turn"])
        self.assertNotIn("turn-of-old", {name for name, _ in read["turn"].outcomes})


class OfFiles(Folder):
    def publish(self, raw):
        return publication.publish_file(self.file(raw), self.page)

    def test_a_whole_family_of_either_form_is_published(self):
        self.assertEqual(self.publish(older(whole("turn", 4.0))), ["turn"])
        self.assertEqual(self.publish({"families": [whole("rooms", 5.0).raw()]}), ["rooms"])
        self.assertEqual([*self.published()], ["rooms", "turn"])

    def refused(self, raw, why):
        publication.publish([whole("turn", 1.0)], self.page)
        before = self.page.with_suffix(".json").read_bytes()
        with self.assertRaisesRegex(Trouble, why):
            self.publish(raw)
        self.assertEqual(self.page.with_suffix(".json").read_bytes(), before)

    def test_a_part_of_a_family_is_not(self):
        made = whole("turn", 2.0)
        del made.outcomes["turn-1-120", "coturn"]
        self.refused({"families": [made.raw()]}, "lacks turn-1-120 with coturn")

    def test_what_was_tried_and_failed_is_not_lacking(self):
        made = whole("turn", 2.0)
        del made.outcomes["turn-1-120", "coturn"]
        made.failed(BY_NAME["turn-1-120"], "coturn", 1, "stalled")
        self.assertEqual(self.publish({"families": [made.raw()]}), ["turn"])
        self.assertIn("- turn-1-120, coturn, round 1: stalled", self.page.read_text())

    def test_a_quick_run_is_not(self):
        made = whole("turn", 2.0)
        made.quick = True
        self.refused({"families": [made.raw()]}, "quick")
        self.refused(older(whole("turn", 2.0, rounds=1)), "quick")

    def test_something_else_is_not(self):
        self.refused({"name": "turn"}, "no results")
        with self.assertRaisesRegex(Trouble, "no results"):
            publication.publish_file(self.folder / "nowhere.json", self.page)


class Choices(unittest.TestCase):
    def publishes(self, *arguments):
        return main.publishes(main.parse([*arguments]))

    def test_whole_families_are_published(self):
        self.assertTrue(self.publishes())
        self.assertTrue(self.publishes("--family=turn,rooms", "--rounds=3"))
        self.assertTrue(self.publishes("--family=turn", "--peers=hubbub,coturn"))
        self.assertTrue(self.publishes("--only=" + ",".join(scenario.name for scenario in FAMILIES["xmpp"].scenarios)))

    def test_anything_less_is_not(self):
        for less in (["--quick"], ["--family=turn", "--peers=hubbub"], ["--only=turn-idle"], ["--family=turn", "--quick"],
                     ["--family=turn", "--output=elsewhere.md"]):
            self.assertFalse(self.publishes(*less), less)

    def test_a_family_is_run_with_those_who_can_serve_it(self):
        self.assertEqual(main.parse(["--family=turn"]).peers, ["hubbub", "coturn"])
        self.assertEqual(main.parse(["--family=turn", "--peers=uws,coturn"]).peers, ["coturn"])
        self.assertEqual(main.parse([]).peers, SERVERS)

    def test_every_scenario_has_its_family(self):
        self.assertEqual([scenario for family in FAMILIES.values() for scenario in family.scenarios], SCENARIOS)
        self.assertEqual(ROOMS.scenarios[0].name, "fanout-1000")
        self.assertEqual(serving([BY_NAME["longpoll"]]), ["hubbub", "nchan"])
        self.assertIs(family_of("sio-idle"), FAMILIES["socket.io"])


if __name__ == "__main__":
    unittest.main()
