"""A bad network between clients and the server: every connection has a fate, drawn from a seed.

A fate is when the connection ends (after so many bytes from the server), and how: by a reset, by a half-closed side,
or by silence, in which nothing passes and nobody is told. Until then bytes pass in pieces of
random size with random pauses.
"""

import asyncio
import random
import threading
from contextlib import suppress
from dataclasses import dataclass

from hubbub_test.server import Server

WAYS = {"reset": 4, "half-close to the client": 2, "half-close to the server": 1, "silence": 1}  # and how often


@dataclass
class Fate:
    bytes_left: int
    way: str
    slow: bool


class Proxy:
    """Listens on `port` and passes on to whatever port the server has at the time."""

    def __init__(self, server: Server, seed: int, average_bytes: int = 3000, pauses: float = 0.02):
        self.server, self.chance, self.average = server, random.Random(seed), average_bytes
        self.pauses = pauses  # the longest between two pieces, in seconds
        self.kind = True  # from `calm` on, nothing bad happens any more
        self.ends: dict[str, int] = dict.fromkeys(WAYS, 0)
        self.writers: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        listening = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(listening,), daemon=True)
        self.thread.start()
        listening.wait()

    def _run(self, listening: threading.Event):
        asyncio.set_event_loop(self.loop)
        listener = self.loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = listener.sockets[0].getsockname()[1]
        listening.set()
        self.loop.run_forever()
        listener.close()
        for task in (running := asyncio.all_tasks(self.loop)):
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*running, return_exceptions=True))
        self.loop.close()

    def calm(self):
        """Connections made from now on live."""
        self.kind = False

    def cut(self):
        """Every connection that there is now is reset; nothing passes on it after that."""
        asyncio.run_coroutine_threadsafe(self._cut(), self.loop).result()

    async def _cut(self):
        for one in self.writers:
            one.transport.abort()

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def _fate(self) -> Fate:
        if not self.kind:
            return Fate(1 << 62, "reset", False)
        left = int(self.chance.expovariate(1 / self.average))
        return Fate(left, *self.chance.choices([*WAYS], [*WAYS.values()]), self.chance.random() < 0.5)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        fate = self._fate()
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        except OSError:  # the server is down just now
            writer.transport.abort()
            return
        self.writers |= {writer, up_writer}
        up = asyncio.create_task(self._pass(reader, up_writer, fate, counts=False))
        down = asyncio.create_task(self._pass(up_reader, writer, fate, counts=True))
        with suppress(asyncio.CancelledError):
            await asyncio.gather(up, down)
        self.writers -= {writer, up_writer}
        writer.close()
        up_writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fate: Fate, counts: bool):
        with suppress(OSError, RuntimeError):  # the other direction may have ended it
            while data := await reader.read(65536):
                while data:
                    size = self.chance.randrange(1, 400) if fate.slow else len(data)
                    piece, data = data[:size], data[size:]
                    if counts:
                        piece = piece[: fate.bytes_left]
                        fate.bytes_left -= len(piece)
                    if fate.slow:
                        await asyncio.sleep(self.chance.random() * self.pauses)
                    writer.write(piece)
                    await writer.drain()
                    if counts and fate.bytes_left == 0:
                        return await self._end(fate, reader, writer)
            writer.write_eof()

    async def _end(self, fate: Fate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        """The end of a connection; what was still to be passed on is lost."""
        self.ends[fate.way] += 1
        if fate.way == "reset":
            for one in (writer, *[other for other in self.writers if other.transport is reader._transport]):
                one.transport.abort()
        elif fate.way == "half-close to the client":
            writer.write_eof()
        elif fate.way == "half-close to the server":
            [other.write_eof() for other in self.writers if other.transport is reader._transport]
        # Silence: whatever else the server says goes nowhere.
        while await reader.read(65536):
            pass
