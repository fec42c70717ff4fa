"""One end of a call: aiortc in a process of its own, wherever that is put. Lines of JSON tell it what to do and tell what happens.

Usage: python -m turn.caller '{"name": …, "calls": true, "ice": [{"urls": …, "username": …, "credential": …}]}'
"""

import asyncio
import json
import sys

import aioice.stun
from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from av import VideoFrame

# A short patience: these networks are fast, and what does not answer never will.
aioice.stun.RETRY_MAX = 4


class Stripes(VideoStreamTrack):
    """Pictures that change from one to the next."""

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame(160, 120, "yuv420p")
        light, *colours = frame.planes
        light.update(bytes(255 * ((place + pts // 3000) // 8 % 2) for place in range(light.line_size)) * light.height)
        for colour in colours:
            colour.update(bytes([128]) * colour.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


def is_striped(frame: VideoFrame) -> bool:
    line = bytes(frame.reformat(format="gray").planes[0])[: frame.width]
    return max(line) - min(line) > 100


def tell(*line):
    print(json.dumps(line), flush=True)


async def watch(track):
    """Tells how many pictures have come, and whether they are what was sent."""
    for number in range(1, 1 << 30):
        frame = await track.recv()
        if number % 10 == 0:
            tell("frames", number, is_striped(frame))


class Call:
    def __init__(self, name: str, calls: bool, ice: list[dict], relay_only: bool = False):
        self.name, self.tasks = name, []
        policy = RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
        servers = [RTCIceServer(**server) for server in ice]
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=servers, iceTransportPolicy=policy))
        self.connection.addTrack(Stripes())
        self.connection.on("track", lambda track: self.tasks.append(asyncio.ensure_future(watch(track))))
        self.connection.on("datachannel", self.use)
        self.connection.on("iceconnectionstatechange", lambda: tell("ice", self.connection.iceConnectionState))
        self.calls = calls

    def use(self, channel):
        channel.on("message", lambda text: tell("heard", text))
        self.channel = channel
        tell("open")

    async def describe(self, description):
        await self.connection.setLocalDescription(description)
        local = self.connection.localDescription
        tell("description", local.type, local.sdp)

    async def begin(self):
        if self.calls:
            channel = self.connection.createDataChannel("chat")
            channel.on("open", lambda: self.use(channel))
            await self.describe(await self.connection.createOffer())

    async def obey(self, what: str, *rest):
        if what == "description":
            kind, sdp = rest
            await self.connection.setRemoteDescription(RTCSessionDescription(sdp, kind))
            if kind == "offer":
                await self.describe(await self.connection.createAnswer())
        elif what == "say":
            self.channel.send(*rest)

    def path(self) -> list[str]:
        """Of which kind the candidates are that are in use: ours and theirs."""
        ice = self.connection.sctp.transport.transport._connection
        return [kind for pair in ice._nominated.values() for kind in (pair.local_candidate.type, pair.remote_candidate.type)]


async def main(call: Call):
    loop, lines = asyncio.get_running_loop(), asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await call.begin()
    while line := await lines.readline():
        what, *rest = json.loads(line)
        if what == "path":
            tell("path", *call.path())
        else:
            await call.obey(what, *rest)
    await call.connection.close()


async def start():
    await main(Call(**json.loads(sys.argv[1])))


if __name__ == "__main__":
    asyncio.run(start())
