"""Families of scenarios: those that are measured in one run, and published together."""

from dataclasses import dataclass

from .scenarios import SCENARIOS
from .servers import SERVERS


@dataclass(frozen=True)
class Family:
    name: str
    title: str
    # What the names of its scenarios begin with. Those of rooms have nothing before them.
    prefix: str = ""

    @property
    def scenarios(self):
        return [scenario for scenario in SCENARIOS if family_of(scenario.name) is self]

    @property
    def servers(self):
        """Those that can serve one of its scenarios or more."""
        return serving(self.scenarios)

    def is_whole(self, scenarios, servers):
        return all(one in scenarios for one in self.scenarios) and all(one in servers for one in self.servers)


ROOMS = Family("rooms", "Rooms: WebSockets and long polls")
FAMILIES = {family.name: family for family in [
    ROOMS,
    Family("socket.io", "Socket.IO", "sio"),
    Family("xmpp", "XMPP", "xmpp"),
    Family("turn", "TURN", "turn"),
    Family("tracker", "WebTorrent tracker", "tracker"),
]}
BY_PREFIX = {family.prefix: family for family in FAMILIES.values()}


def family_of(scenario):
    """The family of the scenario that has this name."""
    return BY_PREFIX.get(scenario.partition("-")[0], ROOMS)


def serving(scenarios):
    """The servers that can serve one of the scenarios or more."""
    return [server for server in SERVERS if any(scenario.serves(server) for scenario in scenarios)]
