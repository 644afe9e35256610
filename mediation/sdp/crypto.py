"""Keys for SRTP in descriptions: `a=crypto` read and printed (RFC 4568, RFC 7714 section 14).

A line that cannot be used counts as absent: an unknown suite, a key of the wrong length, a session parameter that we do
not know and must (RFC 4568 section 6.3.7), several keys at once. Keys are values that no `repr` shows.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mediation.sdp.description import Attribute, KeyText, MediaDescription

MAX_LINES = 32
"""Lines of one m-line that are looked at; the longest offers seen have eight."""
MAX_MKI_OCTETS = 128
"""RFC 4568 section 6.1."""
_TAG = re.compile(r"[0-9]{1,9}")
_LIFETIME = re.compile(r"2\^[0-9]{1,2}|[0-9]{1,15}")
_MKI = re.compile(r"([0-9]{1,39}):([0-9]{1,3})")
_KEYS = re.compile(rb"(inline:)([A-Za-z0-9+/=]+)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t]+")
_HINT = re.compile(r"WSH=[0-9]{1,4}|KDR=0", re.IGNORECASE)
"""Session parameters that ask nothing of us: a window size to keep, and keys that are derived once."""


class SrtpMode(StrEnum):
    """Whether audio with one peer is encrypted."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    OFF = "off"


class Suite(StrEnum):
    """Cipher and authentication, by the name that descriptions use; the strongest first."""

    AEAD_AES_256_GCM = "AEAD_AES_256_GCM"
    AEAD_AES_128_GCM = "AEAD_AES_128_GCM"
    AES_CM_128_HMAC_SHA1_80 = "AES_CM_128_HMAC_SHA1_80"
    AES_CM_128_HMAC_SHA1_32 = "AES_CM_128_HMAC_SHA1_32"

    @property
    def octets(self) -> int:
        """Master key and master salt together (RFC 4568 section 6.2, RFC 7714 section 12)."""
        return _OCTETS[self]

    @property
    def tag_octets(self) -> int:
        """How long the authentication tag is that ends an RTP packet."""
        return _TAG_OCTETS[self]

    @property
    def is_aead(self) -> bool:
        """Whether the tag belongs to the cipher text (RFC 7714): an MKI comes behind it, not before."""
        return self in (Suite.AEAD_AES_128_GCM, Suite.AEAD_AES_256_GCM)


_OCTETS = {
    Suite.AEAD_AES_256_GCM: 32 + 12,
    Suite.AEAD_AES_128_GCM: 16 + 12,
    Suite.AES_CM_128_HMAC_SHA1_80: 16 + 14,
    Suite.AES_CM_128_HMAC_SHA1_32: 16 + 14,
}
_TAG_OCTETS = {
    Suite.AEAD_AES_256_GCM: 16,
    Suite.AEAD_AES_128_GCM: 16,
    Suite.AES_CM_128_HMAC_SHA1_80: 10,
    Suite.AES_CM_128_HMAC_SHA1_32: 4,
}
_SUITES = {suite.value: suite for suite in Suite}


@dataclass(frozen=True, slots=True)
class MasterKey:
    """What one side encrypts with."""

    octets: bytes = field(repr=False)
    """The master key, and the master salt behind it."""
    mki: bytes = b""
    """The Master Key Identifier that each packet carries (RFC 3711 section 3.1); empty: none."""

    def __str__(self) -> str:
        """As `inline:` has it: the one place where the key is shown."""
        mki = f"|{int.from_bytes(self.mki)}:{len(self.mki)}" if self.mki else ""
        return f"{b64encode(self.octets).decode('ascii')}{mki}"


@dataclass(frozen=True, slots=True)
class Crypto:
    """One line: a suite, and the key of whoever says it."""

    tag: str
    """Digits; an answer repeats the tag of the line that it takes (RFC 4568 section 5.1.2)."""
    suite: Suite
    key: MasterKey

    @property
    def attribute(self) -> Attribute:
        """As printed."""
        return "crypto", KeyText(f"{self.tag} {self.suite} inline:{self.key}")


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """What both sides have agreed on."""

    suite: Suite
    sending: MasterKey
    """Ours."""
    receiving: MasterKey
    """Theirs."""


class KeyRing:
    """Our keys in one session, one for each suite, so that none serves two ciphers."""

    def __init__(self, suites: Sequence[Suite] = (), chance: Callable[[int], bytes] = bytes) -> None:
        """`suites`, the preferred one first; none: nothing is encrypted. `chance` gives so many octets of it."""
        self._chance = chance
        self._mki = b""
        self._used: Suite | None = None
        self.lines: tuple[Crypto, ...] = tuple(
            Crypto(str(number), suite, self._new(suite)) for number, suite in enumerate(suites, 1)
        )
        """What we offer, most wanted first."""

    def renew(self, kept: Suite | None = None) -> None:
        """Other keys from now on, but for one suite."""
        self.lines = tuple(
            line if line.suite is kept else replace(line, key=self._new(line.suite)) for line in self.lines
        )

    def agreed(self, keys: SrtpKeys | None) -> None:
        """Both sides have agreed on one of ours; None: on none.

        A key that was given up is not taken up again: its packets would be counted from the start, while their numbers
        go on, and two of them would be encrypted alike (RFC 3711 section 9.1). The MKI that an answer of ours has had
        stays in our offers.
        """
        used = None if keys is None else keys.suite
        if self._used is not None and used is not self._used:
            self.renew(kept=used)
        self._used = used
        if keys is not None and keys.sending.mki != self._mki:
            self._mki = keys.sending.mki
            self.lines = tuple(replace(line, key=replace(line.key, mki=self._mki)) for line in self.lines)

    def _new(self, suite: Suite) -> MasterKey:
        return MasterKey(self._chance(suite.octets), self._mki)


def read_crypto(media: MediaDescription) -> tuple[Crypto, ...]:
    """The lines of an m-line that can be used, in their order."""
    found = (_crypto(value) for value in media.values("crypto")[:MAX_LINES])
    return tuple(crypto for crypto in found if crypto is not None)


def answer_to(theirs: Sequence[Crypto], ours: Sequence[Crypto]) -> tuple[Crypto, SrtpKeys] | None:
    """Our line for the first of an offer's that we can follow, and what is agreed by it; None: there is none.

    Where the other side's packets carry an MKI ours carry one of the same length.
    """
    keys = {line.suite: line.key.octets for line in ours}
    for line in theirs:
        octets = keys.get(line.suite)
        if octets is not None and octets != line.key.octets:
            length = len(line.key.mki)
            key = MasterKey(octets, (1).to_bytes(length) if length else b"")
            return Crypto(line.tag, line.suite, key), SrtpKeys(line.suite, key, line.key)
    return None


def agreed_by(offered: Sequence[Crypto], answered: Sequence[Crypto]) -> SrtpKeys | None:
    """What an answer to lines of ours has settled; None: it takes none of them, or sends our own key back.

    Some answer under another tag than that of the line whose suite they take: then the suite tells which.
    """
    for theirs in answered:
        same = [ours for ours in offered if ours.suite is theirs.suite]
        ours = next((each for each in same if int(each.tag) == int(theirs.tag)), same[0] if same else None)
        if ours is not None and ours.key.octets != theirs.key.octets:
            return SrtpKeys(ours.suite, ours.key, theirs.key)
    return None


def without_keys(octets: bytes) -> bytes:
    """A message as it may be written down: points stand for every key of a description, and no length changes."""
    return _KEYS.sub(lambda found: found[1] + b"." * len(found[2]), octets)


def _crypto(value: str) -> Crypto | None:
    words = _BLANKS.split(value.strip(" \t"))
    if len(words) < 3 or _TAG.fullmatch(words[0]) is None:
        return None
    tag, name, parameters, *session = words
    suite = _SUITES.get(name.upper())
    if suite is None or not all(word.startswith("-") or _HINT.fullmatch(word) for word in session):
        return None
    key = _key(parameters, suite)
    return None if key is None else Crypto(tag, suite, key)


def _key(text: str, suite: Suite) -> MasterKey | None:
    """One key with what stands behind it (RFC 4568 section 6.1).

    The lifetime is the sender's to watch: it says when other keys are due, and offers them.
    """
    method, colon, rest = text.partition(":")
    if method.lower() != "inline" or not colon:
        return None
    encoded, *further = rest.split("|")
    octets = _decoded(encoded)
    lifetimes = [part for part in further if ":" not in part]
    mkis = [part for part in further if ":" in part]
    if octets is None or len(octets) != suite.octets or len(lifetimes) > 1 or len(mkis) > 1:
        return None
    mki = _mki(mkis[0]) if mkis else b""
    return None if mki is None or not all(map(_is_lifetime, lifetimes)) else MasterKey(octets, mki)


def _decoded(text: str) -> bytes | None:
    """Base64, strictly, but for padding that is left out."""
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (Base64Error, ValueError):  # ValueError: not ASCII
        return None


def _is_lifetime(text: str) -> bool:
    """From one packet to 2**48 (RFC 3711 section 9.2)."""
    if _LIFETIME.fullmatch(text) is None:
        return False
    packets = 1 << int(text[2:]) if text.startswith("2^") else int(text)
    return 0 < packets <= 1 << 48


def _mki(text: str) -> bytes | None:
    match = _MKI.fullmatch(text)
    if match is None:
        return None
    value, length = int(match[1]), int(match[2])
    fits = 0 < length <= MAX_MKI_OCTETS and value < 1 << 8 * length
    return value.to_bytes(length) if fits else None
