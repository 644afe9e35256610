"""Whose audio is this packet? Compares octets, and trusts neither addresses nor sequence numbers for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

import numpy as np
import numpy.typing as npt

from mediation.lab.audio import is_silent
from mediation_codecs.g711 import DIRECT, decode
from mediation_codecs.law import Law

LAW_NAME: Final = {Law.PCMA: "A-law", Law.PCMU: "µ-law"}


@dataclass(frozen=True, slots=True)
class SentPacket:
    """One RTP packet of audio as its sender let it go."""

    sent_s: float
    """The monotonic clock, which all processes of one machine share."""
    sequence: int
    timestamp: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class ReceivedPacket:
    """One RTP packet as it arrived, in order of arrival."""

    arrival_s: float
    """The monotonic clock."""
    sequence: int
    timestamp: int
    payload_type: int
    marker: bool
    payload: bytes
    ssrc: int = 0


@dataclass(frozen=True, slots=True)
class Voice:
    """What somebody says in some call: everything of it, as its sender's law has it."""

    call: str
    direction: str
    octets: bytes


class Kind(Enum):
    """What a received packet turned out to be."""

    EXACT = auto()
    """What was expected, in every octet."""
    DAMAGED = auto()
    """What was expected, but for some octets."""
    WRONG_LAW = auto()
    """The right piece of audio, translated when it should not be, or not, or by the wrong table."""
    STRANGER = auto()
    """Somebody else's audio."""
    SILENT = auto()
    """An idle channel."""
    UNKNOWN = auto()
    """Nobody's."""


@dataclass(frozen=True, slots=True)
class Match:
    """The verdict on one packet."""

    kind: Kind
    index: int = -1
    """Which of the sent packets it is; -1: none of them."""
    wrong_octets: tuple[int, ...] = ()
    """Positions within the payload that differ."""
    note: str = ""
    """Whose voice, or how it was translated."""
    stranger: Voice | None = None


class Identifier:
    """Finds the place of received payloads in what was sent, or in what others sent."""

    def __init__(
        self, sent: Sequence[SentPacket], source: Law, sink: Law, strangers: Iterable[Voice] = ()
    ) -> None:
        self._sink = sink
        self.expected: tuple[bytes, ...] = tuple(_translated(packet.payload, source, sink) for packet in sent)
        """What the receiver must get, by index of the sent packet."""
        self._places = _places(self.expected)
        made = {note: tuple(change(p.payload) for p in sent) for note, change in _CHANGES.items()}
        self._wrong_law = {
            note: _places(payloads) for note, payloads in made.items() if payloads != self.expected
        }
        self._strangers = [
            (voice, note, change(voice.octets)) for voice in strangers for note, change in _CHANGES.items()
        ]
        self._tables = _tables(self.expected)

    def match(self, payload: bytes, near: int) -> Match:
        """What this payload is. Of octets that were sent more than once, the place nearest to `near`."""
        if payload and (places := self._places.get(payload)):
            return Match(Kind.EXACT, _nearest(places, near))
        for note, by_payload in self._wrong_law.items():
            if payload and (places := by_payload.get(payload)):
                return Match(Kind.WRONG_LAW, _nearest(places, near), note=note)
        if is_silent(decode(self._sink, payload), _IDLE_DBM0):
            return Match(Kind.SILENT)
        for voice, note, octets in self._strangers:
            if len(payload) >= _TELLING_OCTETS and payload in octets:
                return Match(Kind.STRANGER, note=note, stranger=voice)
        return self._damaged(payload) or Match(Kind.UNKNOWN)

    def _damaged(self, payload: bytes) -> Match | None:
        """The most similar of the sent packets of this length, when at least half of the octets are equal."""
        if not payload or (found := self._tables.get(len(payload))) is None:
            return None
        indexes, table = found
        equal = table == np.frombuffer(payload, np.uint8)
        best = int(np.argmax(equal.sum(axis=1)))
        if 2 * int(equal[best].sum()) < len(payload):
            return None
        wrong = tuple(int(position) for position in np.flatnonzero(~equal[best]))
        return Match(Kind.DAMAGED, indexes[best], wrong)


_TELLING_OCTETS: Final = 24
"""Fewer octets than these are too few to accuse somebody."""
_IDLE_DBM0: Final = -60.0

_TO_MU: Final = DIRECT[Law.PCMA, Law.PCMU]
_TO_A: Final = DIRECT[Law.PCMU, Law.PCMA]


def _untouched(octets: bytes) -> bytes:
    return octets


def _by_table_4(octets: bytes) -> bytes:
    return octets.translate(_TO_MU)


def _by_table_3(octets: bytes) -> bytes:
    return octets.translate(_TO_A)


_CHANGES: Final = {
    "untouched": _untouched,
    "as if from A-law to µ-law": _by_table_4,
    "as if from µ-law to A-law": _by_table_3,
}


def _translated(payload: bytes, source: Law, sink: Law) -> bytes:
    return payload if source is sink else payload.translate(DIRECT[source, sink])


def _places(payloads: Sequence[bytes]) -> dict[bytes, list[int]]:
    places: dict[bytes, list[int]] = {}
    for index, payload in enumerate(payloads):
        places.setdefault(payload, []).append(index)
    return places


def _nearest(places: list[int], near: int) -> int:
    return min(places, key=lambda place: abs(place - near))


def _tables(payloads: Sequence[bytes]) -> dict[int, tuple[list[int], npt.NDArray[np.uint8]]]:
    """By payload length: the indexes of the sent packets, and their octets as the rows of a table."""
    by_length: dict[int, list[int]] = {}
    for index, payload in enumerate(payloads):
        by_length.setdefault(len(payload), []).append(index)
    return {
        length: (
            indexes,
            np.frombuffer(b"".join(payloads[index] for index in indexes), np.uint8).reshape(
                len(indexes), length
            ),
        )
        for length, indexes in by_length.items()
        if length
    }
