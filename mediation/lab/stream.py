"""One call's audio at a simulator: plays a voice as RTP, 20 ms at a time, and records what arrives."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from mediation.lab.audio import speech
from mediation.lab.identify import ReceivedPacket, SentPacket
from mediation.lab.simulated_call import StartAudio
from mediation.net.udp import UdpSocket
from mediation.rtp.packet import RtpError, build, read_header
from mediation.sip.flow import Endpoint
from mediation_codecs.law import Law

FRAME_OCTETS: Final = 160
FRAME_S: Final = 0.02
VOICE_S: Final = 10.0
"""A voice is so long and then begins again."""
CALLER, CALLEE = "caller", "callee"


@dataclass(slots=True)
class Recording:
    """Both directions of one call at one end."""

    call: str
    speaks_as: str
    """CALLER or CALLEE."""
    law: str
    payload_type: int
    sent: list[SentPacket] = field(default_factory=list)
    received: list[ReceivedPacket] = field(default_factory=list)


def voice(call: str, speaks_as: str, law: Law) -> bytes:
    """What one end of a call says. Takes a tenth of a second to make: have it before the call."""
    return speech(call, speaks_as, law, VOICE_S)


class AudioStream:
    """A bound socket, a voice, and a timer that never drifts."""

    def __init__(self, start: StartAudio, voice: bytes, *, keeps: bool = True) -> None:
        """Bind, and begin to play `voice`. Raises OSError. `keeps`: whether anybody will read the recording."""
        self.recording = Recording(
            start.call, CALLER if start.caller else CALLEE, str(start.law), start.payload_type
        )
        self._keeps = keeps
        self._voice = voice
        self._frames = self._endless()
        self._remote = start.remote
        self._echoed = start.echoed
        self._first = True
        self._sequence = 1
        self._timestamp = 160
        self._ssrc = hash(start.local) & 0xFFFFFFFF
        self._socket = UdpSocket(start.local, self._received)
        self._loop = asyncio.get_running_loop()
        self._socket.start(self._loop)
        self._due = self._loop.time()
        self._timer = self._loop.call_soon(self._tick)

    def redirect(self, start: StartAudio) -> None:
        """The other end has moved."""
        self._remote = start.remote

    def close(self) -> Recording:
        """Stop; returns what was played and heard."""
        self._timer.cancel()
        self._socket.close()
        return self.recording

    def _endless(self) -> Iterator[bytes]:
        while True:
            for at in range(0, len(self._voice), FRAME_OCTETS):
                yield self._voice[at : at + FRAME_OCTETS]

    def _tick(self) -> None:
        payload = next(self._frames)
        recording = self.recording
        packet = build(
            recording.payload_type,
            self._sequence,
            self._timestamp,
            self._ssrc,
            payload,
            marker=self._first,
        )
        self._first = False
        if self._keeps:
            recording.sent.append(SentPacket(self._loop.time(), self._sequence, self._timestamp, payload))
        self._socket.send(packet, self._remote)
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME_OCTETS) & 0xFFFFFFFF
        self._due += FRAME_S
        self._timer = self._loop.call_at(self._due, self._tick)

    def _received(self, octets: bytes, remote: Endpoint) -> None:
        if self._echoed is not None and len(octets) > 1 and octets[1] & 0x7F == self._echoed:
            self._socket.send(octets, remote)
        if not self._keeps:
            return
        try:
            payload_type, marker, sequence, timestamp, ssrc, start, end = read_header(octets)
        except RtpError:
            return
        self.recording.received.append(
            ReceivedPacket(
                self._loop.time(), sequence, timestamp, payload_type, bool(marker), octets[start:end], ssrc
            )
        )
