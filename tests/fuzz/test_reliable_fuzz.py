"""Whatever RSeq, RAck and their company hold, the outcome is a value or RemoteSipError(400)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import CSeq, Headers
from mediation.sip.message import Request, Response
from mediation.sip.reliable import Arrival, RAck, ReliableReceiver, ReliableSender, RSeq, rack_of, rseq_of

PIECES = st.sampled_from(
    ["1", "0", "7 INVITE", " ", "\t", "4294967295", "4294967296", "2147483648", "9" * 5000, "-", "+1", "1_0", "٣",
     "INVITE", "\x00", "\x85", "\udcff", ",", ";", '"']
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=5).map("".join) | st.text(max_size=20)


@settings(max_examples=400)
@given(TEXTS)
def test_any_text_is_a_value_or_400(text: str) -> None:
    for value in (RSeq, RAck):
        try:
            read = value.parse(text)
        except RemoteSipError as error:
            assert error.status == 400  # noqa: PT017 - it may also succeed
        else:
            assert value.parse(str(read)) == read


@settings(max_examples=200)
@given(st.integers(100, 699), TEXTS, st.sampled_from(["100rel", "timer", ""]))
def test_any_response_is_numbered_plain_or_400(status: int, text: str, tag: str) -> None:
    response = Response(status, "", Headers([("RSeq", text), ("Require", tag)]))
    try:
        rseq = rseq_of(response)
    except RemoteSipError as error:
        assert error.status == 400  # noqa: PT017 - it may also succeed
        return
    assert (rseq is not None) == (tag == "100rel" and 100 < status < 200)


@settings(max_examples=200)
@given(st.lists(TEXTS, max_size=6))
def test_no_prack_from_nowhere_is_taken(texts: list[str]) -> None:
    sender = ReliableSender[str](CSeq(7, "INVITE"), 12345, 0.5)
    sender.give("180", 0.0)
    for text in texts:
        try:
            rack = rack_of(Request("PRACK", "sip:a", Headers([("RAck", text)])))
        except RemoteSipError as error:
            assert error.status == 400  # noqa: PT017 - it may also succeed
            continue
        assert sender.acknowledge(rack, 0.0) is None
    assert sender.outstanding is not None


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(1, 2**32 - 1) | st.integers(1, 4), st.integers(0, 2)), max_size=30))
def test_what_is_new_comes_in_order(arrivals: list[tuple[int, int]]) -> None:
    receiver = ReliableReceiver()
    latest: tuple[int, int] | None = None
    for rseq, sequence in arrivals:
        if receiver.receive(RSeq(rseq), CSeq(sequence, "INVITE")) is not Arrival.NEW:
            continue
        assert latest is None or sequence > latest[0] or (sequence, rseq) == (latest[0], latest[1] + 1)
        latest = (sequence, rseq)
