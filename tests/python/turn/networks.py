"""A small Internet in network namespaces (network_namespaces(7)): a server outside, people behind NATs that let nobody in.

    203.0.113.1 server        an office, that lets out TCP to port 443 and nothing else
        |                       |
    ----+----------+----------+-+-- 203.0.113.0/24
                   |          |
                 a NAT      a NAT     each connection leaves from a port of its own, at random
                   |          |
                  Ann         Bo      10.0.1.2, 10.0.2.2
"""

import os
import subprocess

from hubbub_test.server import PATIENCE

SERVER = "203.0.113.1"
# Nobody comes in who was not asked; who goes out is given another port for each destination, so nothing can be foretold.
RULES = """
table ip outside {{
    chain after {{ type nat hook postrouting priority srcnat; oifname "wan" masquerade random,fully-random; }}
    chain through {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "lan" {lets_out} accept
    }}
    chain into {{
        type filter hook input priority filter; policy drop;
        iifname "lan" accept
        ct state established,related accept
    }}
}}
"""


def run(*command: object, text: str | None = None) -> str:
    done = subprocess.run([*map(str, command)], input=text, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr}"
    return done.stdout


class Internet:
    """All of it is gone when it is left."""

    def __init__(self):
        self.mark = f"hub{os.getpid()}"
        self.names: list[str] = []

    def _name(self, name: str) -> str:
        return f"{self.mark}-{name}"

    def within(self, name: str) -> tuple[str, ...]:
        """The beginning of a command that is to run there."""
        return "ip", "netns", "exec", self._name(name)

    def run(self, name: str, *command: object, text: str | None = None) -> str:
        return run(*self.within(name), *command, text=text)

    def _add(self, name: str):
        run("ip", "netns", "add", self._name(name))
        self.names.append(name)
        self.run(name, "ip", "link", "set", "lo", "up")

    def _cable(self, one: str, link: str, other: str, other_link: str):
        ends = [(link, self._name(one)), (other_link, self._name(other))]
        (a, here), (b, there) = ends
        run("ip", "link", "add", a, "netns", here, "type", "veth", "peer", "name", b, "netns", there)

    def _address(self, name: str, link: str, address: str):
        self.run(name, "ip", "address", "add", address, "dev", link)
        self.run(name, "ip", "link", "set", link, "up")

    def __enter__(self) -> "Internet":
        self._add("server")
        self.run("server", "ip", "link", "add", "wan", "type", "bridge")
        self._address("server", "wan", f"{SERVER}/24")
        return self

    def add(self, name: str, number: int, lets_out: str = ""):
        """Somebody behind a NAT of his own."""
        nat = f"{name}-nat"
        self._add(name), self._add(nat)
        self._cable(nat, "wan", "server", f"to-{name}")
        self.run("server", "ip", "link", "set", f"to-{name}", "master", "wan", "up")
        self._address(nat, "wan", f"203.0.113.{10 + number}/24")
        self._cable(name, "eth0", nat, "lan")
        self._address(nat, "lan", f"10.0.{number}.1/24")
        self._address(name, "eth0", f"10.0.{number}.2/24")
        self.run(name, "ip", "route", "add", "default", "via", f"10.0.{number}.1")
        self.run(nat, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.run(nat, "nft", "-f", "-", text=RULES.format(lets_out=lets_out))

    def __exit__(self, *_):
        for name in self.names:
            run("ip", "netns", "delete", self._name(name))
