"""From outcomes to tables: medians over the rounds, and the median of the ratios round by round."""

import json
from statistics import median

from . import plot
from .aims import AIMS
from .servers import TITLES

# Column: heading, where it is in an outcome, how it is written.
TRAFFIC = [
    ("CPU µs per delivery", ("server", "cpu_us_per_delivery"), "{:.3f}"),
    ("deliveries/s", ("deliveries_per_second",), "{:,.0f}"),
    ("busy", ("server", "cores"), "{:.0%}"),
    ("p50 µs", ("latency_us", "p50"), "{:,.0f}"),
    ("p99 µs", ("latency_us", "p99"), "{:,.0f}"),
    ("max µs", ("latency_us", "max"), "{:,.0f}"),
    ("memory KiB", ("memory", "own_kib"), "{:,.0f}"),
]
# Where the load leaves no pause, how much gets through comes first.
FLOOD = [TRAFFIC[1], TRAFFIC[0], *TRAFFIC[2:]]
POLLING = [column for column in TRAFFIC if column[0] not in ("deliveries/s", "busy")]
IDLE = [
    ("bytes per connection", ("idle", "bytes_per_connection"), "{:,.0f}"),
    ("after one message", ("idle", "bytes_per_connection_after_message"), "{:,.0f}"),
    ("idle CPU µs/s", ("idle", "cpu_us_per_second"), "{:,.0f}"),
]
LOGINS = [
    ("CPU µs per login", ("server", "cpu_us_per_delivery"), "{:,.0f}"),
    ("logins/s", ("deliveries_per_second",), "{:,.0f}"),
    *TRAFFIC[2:],
]
PAGES = [
    ("p50 µs", ("latency_us", "p50"), "{:,.0f}"),
    ("CPU µs per page", ("server", "cpu_us_per_delivery"), "{:,.0f}"),
    *TRAFFIC[4:],
]
RELAYED = [
    ("CPU µs per packet", ("server", "cpu_us_per_delivery"), "{:.3f}"),
    ("packets/s", ("deliveries_per_second",), "{:,.0f}"),
    *TRAFFIC[2:6],
    ("lost", ("lost",), "{:,.0f}"),
    TRAFFIC[6],
]
ALLOCATIONS = [
    ("bytes per allocation", *IDLE[0][1:]),
    ("after a packet each way", *IDLE[1][1:]),
    IDLE[2],
]
MADE = [
    ("CPU µs per allocation", ("server", "cpu_us_per_delivery"), "{:,.0f}"),
    ("allocations/s", ("deliveries_per_second",), "{:,.0f}"),
    *TRAFFIC[2:6],
    ("sent again", ("lost",), "{:,.0f}"),
    TRAFFIC[6],
]
COLUMNS = {"fanout": TRAFFIC, "echo": TRAFFIC, "longpoll": POLLING, "polling": POLLING, "idle": IDLE, "flood": FLOOD,
           "sessions": IDLE, "logins": LOGINS, "chat": TRAFFIC, "page": PAGES,
           "turn": RELAYED, "turn-idle": ALLOCATIONS, "turn-allocate": MADE}


def figure(outcome, path):
    for step in path:
        outcome = outcome[step]
    return outcome


def line(scenario, outcome):
    """One outcome in one line, for the terminal."""
    columns = COLUMNS[scenario.shows][:5]
    return "  ".join(f"{form.format(figure(outcome, path))} {head}" for head, path, form in columns)


class Results:
    """All outcomes of a run of the driver."""

    def __init__(self, options, facts):
        self.options = options
        self.facts = facts
        self.scenarios = []
        self.outcomes = {}
        self.failures = []

    def add(self, scenario, server, turn, outcome):
        if scenario not in self.scenarios:
            self.scenarios.append(scenario)
        self.outcomes.setdefault((scenario.name, server), {})[turn] = outcome

    def failed(self, scenario, server, turn, why):
        self.failures.append(f"{scenario.name}, {TITLES[server]}, round {turn}: {' / '.join(why.splitlines())}")

    def servers(self, scenario):
        return [server for server in TITLES if (scenario.name, server) in self.outcomes]

    def figures(self, scenario, server, path):
        """One figure of one server, by round."""
        turns = self.outcomes.get((scenario.name, server), {})
        return {turn: figure(outcome, path) for turn, outcome in turns.items()}

    def median(self, scenario, server, path):
        return median(self.figures(scenario, server, path).values())

    def ratio(self, scenario, server, path):
        """Hubbub's figure by the peer's: median of the rounds that both have; None if there is none."""
        ours, theirs = (self.figures(scenario, name, path) for name in ("hubbub", server))
        pairs = [ours[turn] / theirs[turn] for turn in ours if theirs.get(turn)]
        return median(pairs) if pairs else None

    def write(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = path.with_name("results.svg")
        parts = [self.head(), self.aims(), *(self.section(scenario) for scenario in self.scenarios)]
        if self.scenarios:
            picture.write_text(plot.draw(self))
            parts.insert(1, f"![CPU per delivery and memory per connection]({picture.name})")
        path.write_text("\n\n".join(part for part in parts if part) + "\n")
        path.with_suffix(".json").write_text(json.dumps(self.raw(), indent=1) + "\n")

    def raw(self):
        outcomes = [{"name": name, "server": server, "rounds": list(turns.values())}
                    for (name, server), turns in self.outcomes.items()]
        return {"facts": self.facts, "outcomes": outcomes, "failures": self.failures}

    def head(self):
        quick = " A quick run: good for seeing that it works, not for quoting." if self.options.quick else ""
        rounds = self.options.rounds
        text = [
            "# Benchmark results",
            f"Written by `make bench`; [README.md](README.md) says how to read it. {rounds} interleaved "
            f"round{'s' * (rounds > 1)}, medians; every delivery was checked.{quick}",
            table(["", ""], [*self.facts.items(), ("server kept waiting by other work", self.noise())]),
        ]
        if self.failures:
            text.append("**Failed runs**, left out below:\n\n" + "\n".join(f"- {one}" for one in self.failures))
        return "\n\n".join(text)

    def noise(self):
        shares = [outcome["waited"] for turns in self.outcomes.values() for outcome in turns.values()]
        return f"{median(shares):.1%} of a run (median), at most {max(shares):.1%}" if shares else "nothing was run"

    def aims(self):
        rows = [row for aim in AIMS for row in aim.rows(self)]
        return "## Aims\n\n" + table(["aim", "scenario", "measured", ""], rows) if rows else ""

    def section(self, scenario):
        columns = COLUMNS[scenario.shows]
        main = columns[0][1]
        ours = bool(self.figures(scenario, "hubbub", main))
        heads = ["", *(head for head, _, _ in columns), "min–max"] + (["Hubbub ÷ peer"] if ours else [])
        rows = [self.row(scenario, server, columns, ours) for server in self.servers(scenario)]
        note = f"Range{' and ratio are' if ours else ' is'} of the first column."
        return f"## {scenario.heading(self.options.quick)}\n\n{table(heads, rows)}\n\n{note}"

    def row(self, scenario, server, columns, ours):
        _, main, form = columns[0]
        cells = [form.format(self.median(scenario, server, path)) for _, path, form in columns]
        values = self.figures(scenario, server, main).values()
        spread = f"{form.format(min(values))}–{form.format(max(values))}"
        ratio = self.ratio(scenario, server, main)
        share = "" if server == "hubbub" or ratio is None else f"**{ratio:.2f}**"
        return [TITLES[server], *cells, spread] + ([share] if ours else [])


def table(heads, rows):
    """A Markdown table; all columns but the first are figures."""
    rule = ["---"] + ["---:"] * (len(heads) - 1) if len(heads) > 2 else ["---"] * len(heads)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, rule, *rows])
