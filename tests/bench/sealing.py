"""The load generator's end of SRTP: it encrypts by the speaker's key, and opens what it hears by the server's.

Every packet passes the library by itself, so this costs the generator about 3 µs each way. Its core is not measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pylibsrtp import Error, Policy, Session

from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite

Octets = NDArray[np.uint8]
Numbers = NDArray[np.int64]

SUITE: Final = Suite.AES_CM_128_HMAC_SHA1_80
"""The suite that nearly every peer offers first, and the one that takes the most memory."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The master keys of one direction, in hexadecimal: the job is told as JSON."""

    said: str
    """The speaker's: the server receives with it."""
    heard: str
    """The server's, towards the listener."""


def keys_of(number: int) -> SrtpKeys:
    """Keys of one side of a call, as the server has them: others for each number."""
    sending, receiving = (number.to_bytes(4) + bytes([which]) + bytes(SUITE.octets - 5) for which in (1, 2))
    return SrtpKeys(SUITE, MasterKey(sending), MasterKey(receiving))


def seal(speaker: SrtpKeys, listener: SrtpKeys) -> Seal:
    """Of the direction from one side to the other one."""
    return Seal(speaker.receiving.octets.hex(), listener.sending.octets.hex())


class Sealing:
    """All streams of a job."""

    def __init__(self, seals: Sequence[Seal]) -> None:
        self._out = [_session(each.said, Policy.SSRC_ANY_OUTBOUND) for each in seals]
        self._into = [_session(each.heard, Policy.SSRC_ANY_INBOUND) for each in seals]

    @classmethod
    def of(cls, seals: Sequence[Seal | None]) -> Self | None:
        """For these streams; None: they are plain."""
        sealed = [each for each in seals if each is not None]
        assert len(sealed) in (0, len(seals)), "all streams of a job are encrypted, or none"
        return cls(sealed) if sealed else None

    def protected(self, streams: Numbers, packets: Octets) -> Octets:
        """One row for each packet, longer by the tag. Each stream's packets must come in their order."""
        rows = zip(streams.tolist(), packets, strict=True)
        made = b"".join(self._out[stream].protect(packet.tobytes()) for stream, packet in rows)
        return np.frombuffer(made, np.uint8).reshape(len(packets), -1)

    def opened(self, streams: Numbers, rows: Octets) -> Octets:
        """What is in them, as long as they are: zeros behind it, and nothing else where one is not the server's."""
        opened = np.zeros_like(rows)
        for at, (stream, row) in enumerate(zip(streams.tolist(), rows, strict=True)):
            try:
                plain = self._into[stream].unprotect(row.tobytes())
            except Error:
                continue
            opened[at, : len(plain)] = np.frombuffer(plain, np.uint8)
        return opened


def _session(key: str, ssrcs: int) -> Session:
    return Session(Policy(bytes.fromhex(key), ssrcs, srtp_profile=Policy.SRTP_PROFILE_AES128_CM_SHA1_80))
