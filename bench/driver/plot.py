"""The picture: one group of bars per scenario, each group on a scale of its own, less is better throughout."""

from html import escape

from .servers import TITLES

COLOURS = {
    "hubbub": "#d9480f",
    "hubbub-recovery": "#f08c00",
    "uws": "#1864ab",
    "ws": "#5c940d",
    "nchan": "#5f3dc4",
    "socketio": "#343a40",
    "socketioxide": "#a61e4d",
    "prosody": "#0b7285",
    "ejabberd": "#2b8a3e",
    "coturn": "#495057",
    "bittorrent-tracker": "#862e9c",
}
FIGURES = {
    "idle": (("idle", "bytes_per_connection"), "{:,.0f} B per connection"),
    "sessions": (("idle", "bytes_per_connection"), "{:,.0f} B per session"),
    "logins": (("server", "cpu_us_per_delivery"), "{:,.0f} µs per login"),
    "page": (("server", "cpu_us_per_delivery"), "{:,.0f} µs per page"),
    "turn": (("server", "cpu_us_per_delivery"), "{:.2f} µs per packet"),
    "turn-idle": (("idle", "bytes_per_connection"), "{:,.0f} B per allocation"),
    "turn-allocate": (("server", "cpu_us_per_delivery"), "{:,.0f} µs per allocation"),
    "tracker-announce": (("server", "cpu_us_per_delivery"), "{:,.0f} µs per announce"),
    "tracker-idle": (("idle", "bytes_per_connection"), "{:,.0f} B per peer"),
    "longpoll": (("server", "cpu_us_per_delivery"), "{:.2f} µs per wake-up"),
    "polling": (("server", "cpu_us_per_delivery"), "{:.2f} µs per wake-up"),
}
CPU = (("server", "cpu_us_per_delivery"), "{:.2f} µs per delivery")

WIDTH, LABEL, BAR, GAP, TITLE = 780, 150, 18, 14, 22


def draw(runs):
    """An SVG of each server's CPU per delivery, or memory per connection."""
    y, parts = GAP, []
    for run, scenario in [(run, scenario) for run in runs for scenario in run.scenarios]:
        parts.append(text(GAP, y + 14, scenario.heading(run.quick), "font-weight='bold'"))
        y += TITLE
        path, form = FIGURES.get(scenario.command, CPU)
        values = {server: run.median(scenario, server, path) for server in run.servers(scenario)}
        scale = (WIDTH - LABEL - 190) / max(max(values.values()), 1e-9)
        for server, value in values.items():
            parts.append(bar(y, server, max(value, 0) * scale, form.format(value)))
            y += BAR + 4
        y += GAP
    head = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {y}' width='{WIDTH}' height='{y}'"
    style = "font-family='system-ui, sans-serif' font-size='13'"
    ground = f"<rect width='{WIDTH}' height='{y}' fill='#fff'/>"
    return "\n".join([f"{head} {style}>", "<title>Server cost, less is better</title>", ground, *parts, "</svg>", ""])


def bar(y, server, length, value):
    colour = COLOURS[server]
    return "\n".join([
        text(GAP, y + 14, TITLES[server]),
        f"<rect x='{LABEL}' y='{y}' width='{max(length, 1):.1f}' height='{BAR}' fill='{colour}' rx='2'/>",
        text(LABEL + max(length, 1) + 6, y + 14, value),
    ])


def text(x, y, words, style=""):
    return f"<text x='{x:.1f}' y='{y}' fill='#222' {style}>{escape(words)}</text>"
