"""A life with slixmpp's registration plugin (XEP-0077): an account is made, given another password, and removed. Run by slixmpp's own
Python; prints what happens, a word a line."""

import asyncio
import sys

import slixmpp
from slixmpp.exceptions import IqError


def word(said: str):
    print(said, flush=True)


class Newcomer(slixmpp.ClientXMPP):
    def __init__(self, password: str, registers: bool):
        super().__init__("bill@localhost/globe", password)
        self.register_plugin("xep_0077")
        self.plugin["xep_0077"].create_account = registers
        self.add_event_handler("register", self.register_account)
        self.add_event_handler("session_start", self.started)
        self.over = asyncio.get_running_loop().create_future()
        self.add_event_handler("stream_error", lambda error: word(f"stream error {error['condition']}"))
        self.add_event_handler("disconnected", lambda _: self.over.done() or self.over.set_result(None))

    async def register_account(self, form):
        word("needs " + " ".join(sorted(form["register"]["fields"])))
        iq = self.Iq()
        iq["type"] = "set"
        iq["register"]["username"], iq["register"]["password"] = self.boundjid.user, self.password
        try:
            await iq.send()
            word("registered")
        except IqError as refused:
            word(f"refused {refused.condition}")
            self.disconnect()

    async def started(self, _):
        word("logged in")
        if self.password == "first":
            await self.plugin["xep_0077"].change_password("second", jid="localhost")
            word("changed")
            self.disconnect()
        else:
            await self.plugin["xep_0077"].cancel_registration()
            word("removed")


async def live(port: int, authority: str):
    for password, registers in (("first", True), ("other", True), ("second", False)):
        newcomer = Newcomer(password, registers)
        newcomer.ca_certs = authority
        newcomer.connect("127.0.0.1", port)
        await newcomer.over


asyncio.run(live(int(sys.argv[1]), sys.argv[2]))
