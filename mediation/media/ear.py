"""Whether there is anything to hear in what a party sends, at next to no cost.

Once a second one packet is held to the ear. Where it has sound, that is all. Where it has none, every packet is
listened to, until one has sound or it has been silent for so long that it is told; from then on it is one a second
again. So no pause between two words is taken for silence, and a call that sounds pays for one packet in fifty.

Silence is a payload of one octet over and over, whatever its value, or of values so small that a sine of them would be
at -55 dBm0: less than the room that any open microphone hears.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from mediation_codecs.g711 import DECODE
from mediation_codecs.law import Law
from mediation_codecs.pcm import peak_of

QUIET_DBM0: Final = -55.0
"""A sine of this level and anything below it is silence; the noise of a room has peaks above it."""

COMFORT_NOISE: Final = 13
"""Payload type of RFC 3389: it stands for silence."""

NEVER: Final = -1


class Ear:
    """At one party's packets. Times are whole numbers of the media clock."""

    __slots__ = ("_quiet", "heard_silence", "is_open", "is_sure", "silent_since")

    def __init__(self) -> None:
        """Closed, until `listen`."""
        self._quiet: dict[int, bytes] = {}
        self.is_open = False
        """Whether the next packet must be taken here."""
        self.is_sure = False
        """Silence has been told: one packet at a time will do."""
        self.silent_since = NEVER
        """When the first packet of a silence that lasts came; NEVER: the last one had sound."""
        self.heard_silence = NEVER
        """When the last packet without sound came."""

    def expect(self, laws: Mapping[int, Law]) -> None:
        """The law of each payload type that stands for audio."""
        self._quiet = {number: quiet_octets(law) for number, law in laws.items()}

    def take(self, payload_type: int, payload: bytes, arrival: int) -> None:
        """A packet of the party. Telephone-events, and whatever else is no audio, count as sound."""
        quiet = self._quiet.get(payload_type)
        if not (payload_type == COMFORT_NOISE if quiet is None else is_silent(payload, quiet)):
            self.is_open = False
            self.silent_since = NEVER
            return
        if self.silent_since == NEVER:
            self.silent_since = arrival
        self.heard_silence = arrival
        if self.is_sure:
            self.is_open = False

    def forget(self) -> None:
        """Nothing has been heard."""
        self.is_open = self.is_sure = False
        self.silent_since = self.heard_silence = NEVER


def is_silent(payload: bytes, quiet: bytes) -> bool:
    """Whether there is nothing to hear in it; `quiet` are the octets of its law that nobody hears."""
    return payload.count(payload[:1]) == len(payload) or not payload.translate(None, quiet)


@lru_cache(maxsize=2)
def quiet_octets(law: Law) -> bytes:
    """All octets of a law with a value that a sine of QUIET_DBM0 reaches."""
    peak = peak_of(QUIET_DBM0)
    return bytes(octet for octet in range(256) if abs(int(DECODE[law][octet])) <= peak)
