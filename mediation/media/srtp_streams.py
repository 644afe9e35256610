"""Senders of SRTP under a key (RFC 3711, RFC 7714): the only module that imports pylibsrtp.

The library keeps its streams in sessions and finds them there by SSRC. A session for each key, with a template from
which a stream is cloned for whoever speaks, takes 5.9 kB, four times a call when both sides are encrypted. What a
stream needs by itself is 3.8 kB (2.9 kB of a GCM suite): ciphers and hashes, for RTP and for RTCP. So a stream is made
for the one SSRC that it has, and its session, with the buffer of 1.5 kB that every packet passes, is shared by many.

No call sees another's stream by this. It is not looked for by what a packet says, but by who has it: its holder gives
it packets of its own SSRC only, and where that SSRC is taken the stream goes into another session.
"""

import sys
from typing import Final, Self

from pylibsrtp import Error, Policy, Session

from mediation.sdp.crypto import Suite

__all__ = ["Anyone", "Refused", "SrtpStream"]

MOST_STREAMS: Final = 64
"""Of one session: the library walks through them for each packet, and so few do not show."""
_REPLAYS: Final = frozenset({"replay check failed (bad index)", "replay check failed (index too old)"})
_PROFILES: Final = {
    Suite.AEAD_AES_256_GCM: Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    Suite.AEAD_AES_128_GCM: Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    Suite.AES_CM_128_HMAC_SHA1_80: Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    Suite.AES_CM_128_HMAC_SHA1_32: Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}


class Refused(Exception):  # noqa: N818 - what became of a packet; nothing is wrong with us
    """A packet that is not opened or not protected. The text says why."""

    @property
    def is_replay(self) -> bool:
        """Whether it came before, or is too late to tell (RFC 3711 section 3.3.2)."""
        return str(self) in _REPLAYS


class _Opener:
    """What opens packets of one key."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def unprotect(self, packet: bytes) -> bytes:
        """The RTP packet in it. Refused: it is not of this key, or a replay."""
        try:
            return self._session.unprotect(packet)
        except (Error, ValueError) as error:
            raise Refused(str(error)) from error

    def unprotect_report(self, datagram: bytes) -> bytes:
        """The same of RTCP."""
        try:
            return self._session.unprotect_rtcp(datagram)
        except (Error, ValueError) as error:
            raise Refused(str(error)) from error


class Anyone(_Opener):
    """Senders that nobody knows yet: to find out who has the key, without a stream for each who has not."""

    __slots__ = ()

    def __init__(self, suite: Suite, key: bytes) -> None:
        """`key`: the master key with the salt behind it. Refused: the library has no room."""
        try:
            super().__init__(Session(Policy(key, Policy.SSRC_ANY_INBOUND, srtp_profile=_PROFILES[suite])))
        except (Error, ValueError) as error:
            raise Refused(str(error)) from error


class SrtpStream(_Opener):
    """Of one SSRC, in one direction. It is given up when nobody holds it any more."""

    __slots__ = ("has_spoken", "ssrc")

    _session: "_SharedSession"
    _is_over = staticmethod(sys.is_finalizing)
    """Whether the interpreter ends. It frees the library's sessions before or after this, in no order."""

    def __init__(self, session: "_SharedSession", ssrc: bytes) -> None:
        """`session` has it already: see `begin`."""
        super().__init__(session)
        self.ssrc = ssrc
        """Its four octets. No packet of another may come here."""
        self.has_spoken = False
        """For who receives by it: whether audio has come, and not only reports."""

    def __del__(self) -> None:
        if not self._is_over():
            self._session.drop(self.ssrc)

    @classmethod
    def begin(cls, suite: Suite, key: bytes, ssrc: bytes) -> Self:
        """A stream at its beginning. `key`: the master key with the salt behind it. Refused: there is no room."""
        session = next((each for each in tuple(_roomy) if ssrc not in each.ssrcs), None)
        try:
            if session is None:
                session = _SharedSession()
            session.add(suite, key, ssrc)
        except (Error, ValueError) as error:
            raise Refused(str(error)) from error
        return cls(session, ssrc)

    def protect(self, packet: bytes) -> bytes:
        """An RTP packet as it leaves. Refused: it is too long."""
        try:
            return self._session.protect(packet)
        except (Error, ValueError) as error:
            raise Refused(str(error)) from error

    def protect_report(self, datagram: bytes) -> bytes:
        """The same of RTCP."""
        try:
            return self._session.protect_rtcp(datagram)
        except (Error, ValueError) as error:
            raise Refused(str(error)) from error


class _SharedSession(Session):
    """Streams of many keys and of both directions, each SSRC once. It stays for the next ones when they have gone."""

    def __init__(self) -> None:
        super().__init__()
        self.ssrcs: set[bytes] = set()
        _sessions.append(self)
        _roomy[self] = None

    def add(self, suite: Suite, key: bytes, ssrc: bytes) -> None:
        """Error, ValueError: it cannot be done."""
        profile = _PROFILES[suite]
        self.add_stream(Policy(key, Policy.SSRC_SPECIFIC, int.from_bytes(ssrc), profile))
        self.ssrcs.add(ssrc)
        if len(self.ssrcs) >= MOST_STREAMS:
            _roomy.pop(self, None)

    def drop(self, ssrc: bytes) -> None:
        """Of a stream that was added. It may come in the midst of anything, by the collector of garbage."""
        self.remove_stream(int.from_bytes(ssrc))
        self.ssrcs.discard(ssrc)
        _roomy[self] = None


_sessions: Final[list[_SharedSession]] = []
"""All there are. The collector frees what it finds in no order, so no session may ever be found before its streams."""
_roomy: Final[dict[_SharedSession, None]] = {}
"""Those that have room for more streams."""
