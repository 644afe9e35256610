"""Nothing of one side is told to the other but what policy names: every octet held against every word that was said.

What belongs to a side is every word of every message on it, ours to it included. Exempt are the words that any SIP
message has, what the other side has said itself, and what policy names: the users and display names of addresses that
tell who calls, the headers that cross octet for octet, and the parts of bodies that do so too: those must have been
heard on the other side exactly so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause
from mediation.b2bua.content import CONTENT_HEADERS
from mediation.b2bua.parts import KINDS
from mediation.b2bua.passage import at_our_host, shown_name
from mediation.b2bua.policy import CROSSES, called_uri
from mediation.settings.peers import Side
from mediation.sip.contents import essences_of
from mediation.sip.derived import REASON_PHRASES
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers, NameAddress, header_key, split_list
from mediation.sip.message import Message, Request, Response
from mediation.sip.multipart import Part, part_of
from mediation.sip.validation import METHODS
from tests.flows.reading import MOST_KEPT, read

SHORTEST_WORD = 4
"""Characters; what is shorter is found everywhere."""

_WORD = re.compile(r"[A-Za-z0-9_.!~*'+%-]{4,}")
_NUMBER = re.compile(r"[+]?[0-9-]+")
_ADDRESSES = ("From", "To", "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion",
              "History-Info", "Referred-By", "Refer-To")  # fmt: skip
"""Headers whose users and display names policy names; hosts, ports and parameters of URIs it does not."""
_FAX_NUMBERS = re.compile(
    r"^a=T38(?:FaxVersion|MaxBitRate|FaxMaxBuffer|FaxMaxDatagram):[0-9]{1,5}\r\n", re.MULTILINE
)
"""What a fax machine tells the other one of itself crosses, as numbers and as names of a list."""
_GRAMMAR = """
    sip/2.0 sip: sips: tel: branch received rport z9hg4bk transport maddr user=phone phone anonymous unknown invalid
    anonymous.invalid unknown.invalid index cause reason counter privacy party calling called screen full history
    header session critical none unconditional user-busy no-answer deflection unavailable time-of-day text location
    method urn: alert service info answer
    application media type from contact via call-id cseq max-forwards content-type content-length allow
    supported accept accept-encoding identity user-agent server warning retry-after reason unsupported timestamp
    record-route route p-asserted-identity remote-party-id diversion history-info referred-by subject expires
    www-authenticate authorization proxy-authenticate proxy-authorization digest realm nonce opaque algorithm
    auth auth-int username response cnonce md5 sha-256 sha-512-256 stale true false
    udp tcp tls rtp/avp audio rtpmap fmtp ptime maxptime sendrecv sendonly recvonly inactive rtcp pcmu pcma
    rtp/savp crypto inline aead_aes_256_gcm aead_aes_128_gcm aes_cm_128_hmac_sha1_80 aes_cm_128_hmac_sha1_32
    rtcp-mux rtcp-rsize rtcp-xr voip-metrics
    telephone-event pcmu/8000 pcma/8000 telephone-event/8000 0-15 0-16
    image udptl t38faxversion t38maxbitrate t38faxfillbitremoval t38faxtranscodingmmr t38faxtranscodingjbig
    t38faxratemanagement t38faxmaxbuffer t38faxmaxdatagram t38faxudpec localtcf transferredtcf t38udpfec
    t38udpredundancy t38udpnoec
    100rel timer replaces norefersub tdialog histinfo gruu precondition early-session sec-agree outbound
    require proxy-require rseq rack session-expires min-se refresher refer-to refer-sub event subscription-state
    security-server security-client content-disposition content-id content-encoding mime-version multipart mixed
    geolocation geolocation-routing cid: content-transfer-encoding accept-encoding info-package min-expires allow-events
    recv-info infodtmf
    related alternative boundary handling required optional application/sdp application/pidf+xml pidf+xml
    completed elsewhere q.850 5060 5061
    100rel timer replaces norefersub require proxy-require unsupported session-expires min-se refresher rseq rack
    refer-to refer-sub early-only to-tag from-tag event refer subscription-state active terminated noresource
    message/sipfrag version=2.0 id
"""
"""What any message may hold, whoever speaks."""


@cache
def vocabulary() -> frozenset[str]:
    """Words that belong to nobody, in lower case."""
    ours = [value for value in vars(causes).values() if isinstance(value, Cause)]
    texts = [
        _GRAMMAR, " ".join(REASON_PHRASES.values()), " ".join(METHODS), " ".join(CROSSES),
        " ".join(cause.reason for cause in ours), " ".join(word for _, word, _ in causes._BY_STATUS.values()),
    ]  # fmt: skip
    return frozenset(word for text in texts for word in _words(text))


@dataclass(slots=True)
class Hiding:
    """A judge who hears all that is said on both sides."""

    product: str
    """What we call ourselves, on both sides."""
    passed: frozenset[str] = frozenset()
    """Headers that the operator's rules name."""
    bypass: bool = False
    """Whether a party may be told where the other one's audio is, in an audio m-line and nowhere else."""
    _heard: dict[Side, list[bytes]] = field(default_factory=lambda: {side: [] for side in Side})
    _told: dict[Side, list[bytes]] = field(default_factory=lambda: {side: [] for side in Side})

    def heard(self, side: Side, octets: bytes) -> None:
        """A peer on this side said so."""
        self._heard[side].append(octets)

    def told(self, side: Side, octets: bytes) -> None:
        """We said so to a peer on this side."""
        self._told[side].append(octets)

    def check(self) -> None:
        """Raise AssertionError when a side was told a word of the other."""
        for side in Side:
            for octets, words in self.leaks(side).items():
                raise AssertionError(f"{side} was told {sorted(words)} in {octets!r}")

    def leaks(self, side: Side) -> dict[bytes, set[str]]:
        """Every message to this side with the words in it that belong to the other, whole or inside of others."""
        other = next(each for each in Side if each is not side)
        heard = (*self._told[other], *self._heard[other])
        known = frozenset().union(*map(_said, self._heard[side]))
        harmless = known | vocabulary() | _words(self.product)
        secrets = frozenset().union(*map(_said, heard)).difference(harmless, *map(_named, heard))
        found: dict[bytes, set[str]] = {}
        for octets in self._told[side]:
            said = _words(self._without_crossing(octets, other)) - harmless
            leaked = {secret for secret in secrets for word in said if _holds(word, secret)}
            if leaked:
                found[octets] = leaked
        return found

    def without_handed(self, octets: bytes, other: Side) -> bytes:
        """The message without what a party of the other side has said of its own audio: where it is, and its keys."""
        if not self.bypass:
            return octets
        message = read(octets)
        if essences_of(message) != {"application/sdp"}:
            return octets
        session, *sections = message.body.split(b"\r\nm=")
        theirs = {line for heard in self._heard[other] for line in _audio_lines(read(heard))}
        kept = [
            b"\r\n".join(line for line in (b"m=" + section).split(b"\r\n") if _place(line) not in theirs)
            for section in sections
        ]
        return bytes(message.replace(body=b"\r\n".join([session, *kept])))

    def _without_crossing(self, octets: bytes, other: Side) -> str:
        """The message without what crosses from the other side octet for octet: policy has named it."""
        message = read(self.without_handed(octets, other))
        crossing = {header_key(name) for name in (*CROSSES, *self.passed)}
        if message.cseq.method in ("INFO", "MESSAGE"):  # what the parties say to each other is theirs, whole
            crossing |= {header_key(name) for name in (*CONTENT_HEADERS, "Accept")}
            message = message.replace(body=b"")
        elif not KINDS.isdisjoint(essences_of(message)):
            message = self._without_kept(message, other)
        kept = [(name, value) for name, value in message.headers.items() if header_key(name) not in crossing]
        return _FAX_NUMBERS.sub("", _text(bytes(message.replace(headers=Headers(kept)))))

    def _without_kept(self, message: Message, other: Side) -> Message:
        """The message without the parts that the other side has said exactly so, names of theirs excepted."""
        known = {
            _identity(part)
            for octets in self._heard[other]
            for part in _parts(read(octets))
            if part.essence in KINDS
        }
        whole = part_of(message)
        assert whole is not None
        rest = b""
        for part in whole.parts or (whole,):
            if _identity(part) not in known:
                rest += part.body
            if (
                "Geolocation" not in self.passed
            ):  # with a rule that passes it, the name that it gives does too
                rest += f"{part.headers.get('Content-ID') or ''}\r\n".encode()
        headers = message.headers if whole.parts else message.headers.without(*CONTENT_HEADERS)
        return message.replace(headers=headers.without("Content-ID"), body=rest)


def _audio_lines(message: Message) -> Iterator[bytes]:
    """What a party has said of where its audio is, and of its keys, as an m-line of ours would say it."""
    if essences_of(message) != {"application/sdp"}:
        return
    lines = message.body.split(b"\r\n")
    for line in lines:
        if line.startswith((b"c=", b"m=", b"a=crypto:", b"a=rtcp:")):
            yield _place(line)


def _place(line: bytes) -> bytes:
    """A line for comparison: of an m-line its port alone, for the formats are those in common."""
    return b" ".join(line.split(b" ")[:2]) if line.startswith(b"m=") else line


def _parts(message: Message) -> tuple[Part, ...]:
    try:
        whole = part_of(message)
    except RemoteSipError:
        return ()
    return () if whole is None else _leaves(whole)


def _leaves(part: Part) -> tuple[Part, ...]:
    return tuple(leaf for child in part.parts for leaf in _leaves(child)) if part.parts else (part,)


def _identity(part: Part) -> tuple[bytes, str | None, str | None]:
    """What must be the same on both sides."""
    return part.body, part.headers.get("Content-Type"), part.headers.get("Content-Disposition")


def _holds(word: str, secret: str) -> bool:
    """Whether a secret is in a word; a number is in another one by chance only."""
    return word == secret if _NUMBER.fullmatch(secret) is not None else secret in word


def _words(text: str) -> set[str]:
    """Words without the punctuation of a sentence, in lower case; a host with its labels is one."""
    found = (word.strip(".!'*~").lower() for word in _WORD.findall(text))
    return {word for word in found if len(word) >= SHORTEST_WORD}


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


@lru_cache(maxsize=MOST_KEPT)
def _said(octets: bytes) -> frozenset[str]:
    return frozenset(_words(_text(octets)))


@lru_cache(maxsize=MOST_KEPT)
def _named(octets: bytes) -> frozenset[str]:
    """The users and names of the addresses that tell who calls and who is called; numbers by their parts too.

    A parameter that policy takes for a part of the number is one, an extension say (RFC 3966 section 3).
    """
    message = read(octets)
    texts: list[str] = []
    for name in _ADDRESSES:
        for line in message.headers.get_all(name):
            texts += _people(line)
    if isinstance(message, Response) and 300 <= message.status < 400:  # numbers to call instead
        for line in message.headers.get_all("Contact"):
            texts += _people(line)
    if isinstance(message, Request):
        texts.append(called_uri(message, "-"))
    return frozenset(word for text in texts for word in _words(text))


def _people(line: str) -> list[str]:
    try:
        addresses = [NameAddress.parse(element) for element in split_list(line)]
    except RemoteSipError:
        return []
    numbers = (at_our_host(address.uri, "-") for address in addresses)
    return [*filter(None, numbers), *(shown_name(address) for address in addresses)]
