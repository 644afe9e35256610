"""Whatever octets come, the outcome is a message or MalformedMessage, and views raise RemoteSipError only."""

from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.sip.errors import RemoteSipError
from mediation.sip.framing import MalformedMessage, StreamFramer, parse_datagram
from mediation.sip.message import Message, Request
from mediation.sip.validation import validate

MESSAGES = Path(__file__).parents[1] / "torture" / "messages"
CORPUS = [path.read_bytes() for path in sorted(MESSAGES.rglob("*")) if path.suffix in (".dat", ".sip")]
VIEWS = [
    "vias", "top_via", "from_", "to", "cseq", "call_id", "contacts", "contact", "contact_is_star", "routes",
    "record_routes", "max_forwards", "expires", "retry_after", "content_type", "require", "supported", "allow",
]  # fmt: skip
SPITEFUL = [
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\n ", b"\x00", b"\x0b", b"\x1f", b"\x85", b"\xa0",
    b"\xc2\xa0", b"\xe2\x80\xa8", b"\xff", b'"', b"\\", b"<", b">", b";", b",", b":", b"=", b"@",
    b"?", b"%", b"[", b"]", b"/", b" ", b"\t", b";tag=", b";branch=", b"-1", b"1_0", b"\xd9\xa1",
    b"\xc2\xb2", b"9" * 400, b"Content-Length: 7\r\n", b"\r\nl:0", b"SIP/2.0", b"INVITE ", b"sip:",
    b"tel:", b"[::1]", b"*",
]  # fmt: skip

assert len(CORPUS) == 61

Mutation = Callable[[bytes], bytes]


def spliced(at: float, cut: int, piece: bytes) -> Mutation:
    """Put `piece` in the place of `cut` octets, at that fraction of the length."""

    def mutate(octets: bytes) -> bytes:
        begin = int(at * len(octets))
        return octets[:begin] + piece + octets[begin + cut :]

    return mutate


MUTATIONS = st.lists(
    st.builds(
        spliced,
        st.floats(0, 1),
        st.integers(0, 40),
        st.sampled_from(SPITEFUL)
        | st.binary(max_size=4)
        | st.sampled_from(CORPUS).map(lambda octets: octets[:200]),
    ),
    max_size=5,
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    octets = draw(st.sampled_from(CORPUS))
    for mutate in draw(MUTATIONS):
        octets = mutate(octets)
    return octets


DATAGRAMS = mutated() | st.binary(max_size=200)


def look_at_everything(message: Message) -> None:
    """Views that `validate` vouches for must hold; the others may refuse, in the one way they have."""
    for view in VIEWS:
        try:
            getattr(message, view)
        except RemoteSipError as error:
            assert error.status == 400  # noqa: PT017 - a view may also succeed
            assert not isinstance(message, Request), f"{view} of a valid request"
    if isinstance(message, Request):
        assert str(message.uri)
    for via in message.vias:
        assert via.sent_by[1] in range(1, 65536)
        assert via.received is None or via.received
        assert via.rport is None or via.rport in range(1, 65536)
    for address in (message.from_, message.to, *message.contacts, *message.record_routes):
        assert str(address)
        assert isinstance(address.display_text, str)


def check_error(error: MalformedMessage) -> None:
    assert error.status in (400, 501, 505, 513)
    assert error.reason.isascii()
    if error.request is not None:
        assert error.request.method.isascii()
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            error.request.headers.get_all(name)
        for view in VIEWS:
            try:
                getattr(error.request, view)
            except RemoteSipError:
                continue


@settings(max_examples=400)
@given(DATAGRAMS)
def test_any_datagram_is_a_message_or_malformed(octets: bytes) -> None:
    try:
        message = parse_datagram(octets)
    except MalformedMessage as error:
        check_error(error)
        return
    if message is None:
        assert octets.strip(b"\r\n") == b""
        return
    look_at_everything(message)
    validate(message)
    again = parse_datagram(bytes(message))
    assert again is not None
    assert bytes(again) == bytes(message)


@settings(max_examples=200)
@given(st.lists(DATAGRAMS, max_size=4).map(b"".join), st.lists(st.integers(1, 300), min_size=1, max_size=8))
def test_any_stream_in_any_pieces_gives_the_same(octets: bytes, sizes: list[int]) -> None:
    whole, pieces = StreamFramer(), StreamFramer()
    whole.feed(octets)
    expected = outcomes(whole)
    found: list[str] = []
    at = turn = 0
    while at < len(octets):
        size = sizes[turn % len(sizes)]
        pieces.feed(octets[at : at + size])
        found += outcomes(pieces)
        at, turn = at + size, turn + 1
    assert found == expected
    assert (pieces.broken, pieces.pings) == (whole.broken, whole.pings)


def outcomes(framer: StreamFramer) -> list[str]:
    """Everything that comes out until more octets are needed."""
    found: list[str] = []
    while True:
        try:
            message = framer.next_message()
        except MalformedMessage as error:
            check_error(error)
            found.append(str(error))
            continue
        if message is None:
            return found
        look_at_everything(message)
        found.append(repr(message))
