"""From results to the page: medians over the rounds, and the median of the ratios round by round."""

from . import plot, results
from .aims import AIMS
from .results import figure
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
ANNOUNCES = [
    ("CPU µs per announce", ("server", "cpu_us_per_delivery"), "{:,.1f}"),
    ("announces/s", ("deliveries_per_second",), "{:,.0f}"),
    *TRAFFIC[2:],
]
PEERS = [
    ("bytes per peer", *IDLE[0][1:]),
    ("after another announce", *IDLE[1][1:]),
    IDLE[2],
]
COLUMNS = {"fanout": TRAFFIC, "echo": TRAFFIC, "longpoll": POLLING, "polling": POLLING, "idle": IDLE, "flood": FLOOD,
           "sessions": IDLE, "logins": LOGINS, "chat": TRAFFIC, "page": PAGES,
           "turn": RELAYED, "turn-idle": ALLOCATIONS, "turn-allocate": MADE,
           "tracker-announce": ANNOUNCES, "tracker-idle": PEERS}


def line(scenario, outcome):
    """One outcome in one line, for the terminal."""
    columns = COLUMNS[scenario.shows][:5]
    return "  ".join(f"{form.format(figure(outcome, path))} {head}" for head, path, form in columns)


def write(path, runs):
    """The page, with the picture and every figure beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_name("results.svg").write_text(plot.draw(runs))
    path.write_text(page(runs))
    results.write(path.with_suffix(".json"), runs)


def page(runs):
    head = (
        "# Benchmark results\n\n"
        "Written by `make bench`; [README.md](README.md) says how to read it. Each part was measured in a run of its own or "
        "together with others, as it says: rounds are interleaved, figures are medians, every delivery was checked. Compare "
        "within a part.\n\n"
        "![CPU per delivery and memory per connection](results.svg)")
    return "\n\n".join(text for text in [head, aims(runs), *map(part, runs)] if text) + "\n"


def aims(runs):
    rows = [row for aim in AIMS for run in runs for row in aim.rows(run)]
    return "## Aims\n\n" + table(["aim", "scenario", "measured", ""], rows) if rows else ""


def part(run):
    """A family: what was true of its run, what failed, and a table for each scenario."""
    quick = "A quick run: good for seeing that it works, not for quoting."
    facts = {**run.facts, "rounds": str(run.rounds), "server kept waiting by other work": run.noise()}
    failures = "**Failed runs**, left out below:\n\n" + "\n".join(f"- {one}" for one in run.failures)
    text = [
        f"## {run.family.title}",
        *([quick] if run.quick else []),
        table(["", ""], facts.items()),
        *([failures] if run.failures else []),
        *(section(run, scenario) for scenario in run.scenarios),
    ]
    return "\n\n".join(text)


def section(run, scenario):
    columns = COLUMNS[scenario.shows]
    main = columns[0][1]
    ours = bool(run.figures(scenario, "hubbub", main))
    heads = ["", *(head for head, _, _ in columns), "min–max"] + (["Hubbub ÷ peer"] if ours else [])
    rows = [row(run, scenario, server, columns, ours) for server in run.servers(scenario)]
    note = f"Range{' and ratio are' if ours else ' is'} of the first column."
    return f"### {scenario.heading(run.quick)}\n\n{table(heads, rows)}\n\n{note}"


def row(run, scenario, server, columns, ours):
    _, main, form = columns[0]
    cells = [form.format(run.median(scenario, server, path)) for _, path, form in columns]
    values = run.figures(scenario, server, main).values()
    spread = f"{form.format(min(values))}–{form.format(max(values))}"
    ratio = run.ratio(scenario, server, main)
    share = "" if server == "hubbub" or ratio is None else f"**{ratio:.2f}**"
    return [TITLES[server], *cells, spread] + ([share] if ours else [])


def table(heads, rows):
    """A Markdown table; all columns but the first are figures."""
    rule = ["---"] + ["---:"] * (len(heads) - 1) if len(heads) > 2 else ["---"] * len(heads)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, rule, *rows])
