"""What may be known on the other side of a call with a product, by the tables of policy and by nothing else."""

import re

from mediation.b2bua.content import CONTENT_HEADERS
from mediation.b2bua.parts import luggage_of
from mediation.b2bua.passage import ANONYMOUS, Passage, addresses_of
from mediation.b2bua.policy import CROSSES, On, To, called_uri, crossing_response, invited
from mediation.routing.numbers import number_of
from mediation.routing.terms import Terms
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.sip.derived import REASON_PHRASES
from mediation.sip.framing import parse_datagram
from mediation.sip.headers import Headers, header_key
from mediation.sip.message import Message, Request, Response
from mediation.sip.transfer import refer_to_of

OURS = frozenset(
    header_key(name)
    for name in (
        "Via", "Max-Forwards", "Route", "From", "To", "Call-ID", "CSeq", "Contact", "Allow", "Supported", "Require",
        "User-Agent", "Server", "Session-Expires", "Min-SE", "RAck", "RSeq", "Reason", "Retry-After", "Warning",
        "Accept", "Timestamp", "Content-Length", "MIME-Version", *CONTENT_HEADERS,
    )
)  # fmt: skip
"""Headers that we write by ourselves, in words of our own."""
_WORD = re.compile(rb"[^\s;,<>\"'=:?&@/()\[\]{}|\x00-\x20]{5,}")
_PLACE = re.compile(rb"\bexample\b|^192\.0\.2\.|^203\.0\.113\.|^2001$|db8|^TG_")
"""What the scripts call hosts, media addresses and trunk groups."""
COMMON = frozenset(
    rb"""application media_control telephone-event inactive sendonly recvonly sendrecv INVITE CANCEL OPTIONS UPDATE
    MESSAGE NOTIFY 100rel timer replaces norefersub session maxptime ptime rtpmap audio phone SIP/2.0 refresher
    cause cause=200 Ringing Session Progress terminated Terminated normal-clearing cancelled busy number
    unallocated text Content-Type Content-Length Call-ID Contact Max-Forwards Session-Expires Min-SE Supported
    Require User-Agent Server Allow Reason Route Accept Timestamp Content-Disposition Content-Encoding Content-
    Language Info-Package Branch branch Refresher transport REFER PRACK SUBSCRIBE Q.850 Warning telephone-event/8000
    PCMA/8000 PCMU/8000 Retry-After RTP/AVP received rport location Geolocation Geolocation-Routing Content-ID
    MIME-Version multipart mixed boundary""".split()
)
"""Words that anybody says."""
_PHRASES = {word.encode() for phrase in REASON_PHRASES.values() for word in phrase.split(" ")}


def parsed(octets: bytes) -> Message:
    message = parse_datagram(octets)
    assert message is not None
    return message


def words(octets: bytes) -> set[bytes]:
    """What could tell somebody something: runs of five characters or more between the marks of the grammar."""
    return set(_WORD.findall(octets)) - COMMON - _PHRASES


def named(message: Message) -> set[str]:
    """The headers of a message that are not ours alone, by their keys."""
    return {header_key(name) for name, _ in message.headers.items()} - OURS


def passage(settings: Settings, to: Side, host: str) -> Passage:
    """The way from a product to whoever is on that side; `host` is what we are called there."""
    inside, outside = Terms.of(settings.internal), Terms.of(settings.trunks[0])
    return Passage(*((outside, inside) if to is Side.FRONT_END else (inside, outside)), host)


def rows(on: On, way: Passage) -> set[str]:
    """Headers that the table lets cross that way, octet for octet, by their keys."""
    inward = way.destination.side is Side.FRONT_END
    return {
        header_key(name)
        for name, row in CROSSES.items()
        if on in row.on and (row.to is To.BOTH or (row.to is To.FRONT_END) is inward)
    }


def places(known: set[bytes]) -> set[bytes]:
    """Those that name hosts, addresses or trunk groups of one side."""
    return {word for word in known if _PLACE.search(word) is not None}


def allowed(said: list[bytes], way: Passage) -> set[bytes]:
    """Words of what a product has said that policy lets cross: who calls, who is called, rows of the table, contents.

    Places cross in rows of the table alone: what we write of callers and called parties stands at a host of ours.
    """
    known: set[bytes] = set()
    written: set[bytes] = set()
    copied = rows(On.INVITE, way)
    for octets in said:
        message = parsed(octets)
        lines: list[str] = []
        if isinstance(message, Response):
            lines += [f"{n}: {v}" for n, v in crossing_response(message.status, message.headers, way)]
            if 300 <= message.status < 400:
                numbers = (number_of(each.uri) for each in addresses_of(message.headers, "Contact"))
                written |= words(" ".join(numbers).encode("utf-8", "surrogateescape"))
        elif message.method == "REFER":
            identity, headers = invited(wanted(message), way)
            by = [f"{name}: {value}" for name, value in headers if name == "Referred-By"]
            written |= words(
                "\n".join([called_uri(wanted(message), "-"), *by]).encode("utf-8", "surrogateescape")
            )
        elif message.method == "INVITE":
            identity, headers = invited(message, way)
            luggage = luggage_of(message, way, headers, lambda: "ours")
            for part in luggage.parts:  # they cross octet for octet
                known |= words(part.body)
                lines += [value for _, value in part.headers.items()]
            lines += [f"{name}: {value}" for name, value in headers if header_key(name) in copied]
            ours = [f"{name}: {value}" for name, value in headers if header_key(name) not in copied]
            text = "\n".join([identity, called_uri(message, "-"), *ours])
            written |= words(text.encode("utf-8", "surrogateescape"))
        elif message.method in ("INFO", "MESSAGE"):
            lines += [value for name in CONTENT_HEADERS for value in message.headers.get_all(name)]
            known |= words(message.body)
        known |= words("\n".join(lines).encode("utf-8", "surrogateescape"))
    return known | (written - places(written))


def wanted(refer: Request) -> Request:
    """The INVITE that a REFER asks for, as far as the REFER is concerned: whom to call, and by whose wish."""
    target = str(refer_to_of(refer).target)
    by = [("Referred-By", value) for value in refer.headers.get_all("Referred-By")]
    return Request("INVITE", target, Headers([("From", ANONYMOUS), ("To", f"<{target}>"), *by]))


def leaks(said: list[bytes], told: list[bytes], way: Passage, spoken: bytes) -> set[bytes]:
    """Words of one side that the other side was told and had no right to; what it has spoken itself it may hear."""
    secret = set().union(*(words(octets) for octets in said)) - allowed(said, way) - words(spoken)
    return secret & set().union(*(words(octets) for octets in told))
