"""Answers whoever rings, shows pictures, lets a tone be heard, and sends back what comes over the data channel. One call, then it ends.

Usage: python -m calls.answerer '{"base": …, "way": "WebSocket", "room": …, "name": …, "ice": [{"urls": …}, …]}'
Tells in lines of JSON: `["frames", 10, true]`, how many pictures have come and whether there is anything in them; `["over", "hangup"]`.
"""

import asyncio
import fractions
import json
import math
import sys
from array import array
from contextlib import suppress

from aiortc import MediaStreamTrack, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame
from turn.caller import Stripes, is_striped, tell

from calls.signalling import WAYS

RATE = 48_000  # samples a second
PIECE = RATE // 50  # samples in the 20 ms that a packet holds


class Tone(MediaStreamTrack):
    """440 Hz."""

    kind = "audio"
    samples = 0

    async def recv(self) -> AudioFrame:
        if self.samples == 0:
            self.begun = asyncio.get_running_loop().time()
        await asyncio.sleep(self.begun + self.samples / RATE - asyncio.get_running_loop().time())
        wave = (int(9_000 * math.sin(math.tau * 440 * (self.samples + n) / RATE)) for n in range(PIECE))
        frame = AudioFrame(format="s16", layout="mono", samples=PIECE)
        frame.planes[0].update(array("h", wave).tobytes())
        frame.pts, frame.sample_rate, frame.time_base = self.samples, RATE, fractions.Fraction(1, RATE)
        self.samples += PIECE
        return frame


async def watch(track: MediaStreamTrack):
    with suppress(MediaStreamError):  # the track has ended
        for number in range(1, 1 << 30):
            frame = await track.recv()
            if track.kind == "video" and number % 10 == 0:
                tell("frames", number, is_striped(frame))


class Call:
    """The polite end, and one that never offers by itself: aiortc cannot roll back."""

    def __init__(self, heard: dict, signalling, ice: list[dict]):
        self.id, self.heard, self.signalling = heard["signal"]["call"], heard, signalling
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[RTCIceServer(**server) for server in ice]))
        self.watching = []
        self.connection.on("track", lambda track: self.watching.append(asyncio.ensure_future(watch(track))))
        channel = self.connection.createDataChannel("data", negotiated=True, id=0)
        channel.on("message", channel.send)

    async def say(self, **words):
        await self.signalling.say(self.heard, {"call": self.id, **words})

    async def take(self, description: dict):
        await self.connection.setRemoteDescription(RTCSessionDescription(**description))
        if not self.connection.getSenders():
            for track in (Stripes(), Tone()):
                self.connection.addTrack(track)
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        local = self.connection.localDescription  # with all its candidates
        await self.say(description={"type": local.type, "sdp": local.sdp})

    async def add(self, said: dict | None):
        candidate = None
        if said and said["candidate"]:
            candidate = candidate_from_sdp(said["candidate"].removeprefix("candidate:"))
            candidate.sdpMid, candidate.sdpMLineIndex = said["sdpMid"], said["sdpMLineIndex"]
        await self.connection.addIceCandidate(candidate)

    async def hear(self, signal: dict):
        if "description" in signal:
            await self.take(signal["description"])
        elif "candidate" in signal:
            await self.add(signal["candidate"])


async def main(base: str, way: str, room: str, name: str, ice: list[dict]):
    call = None
    async with WAYS[way](base, room, name) as signalling:
        tell("here")
        async for heard in signalling:
            signal = heard["signal"]
            if "ring" in signal:
                call = Call(heard, signalling, ice)
                await call.say(accept=True)
            elif call and signal["call"] == call.id:
                if signal.get("bye", "elsewhere") != "elsewhere":
                    break
                await call.hear(signal)
        await call.connection.close()
        tell("over", signal["bye"])


if __name__ == "__main__":
    asyncio.run(main(**json.loads(sys.argv[1])))
