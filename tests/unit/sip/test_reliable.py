"""mediation.sip.reliable: RFC 3262, either end of one early dialog."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.headers import CSeq, Headers
from mediation.sip.message import Request, Response
from mediation.sip.reliable import (
    HIGHEST_FIRST_RSEQ,
    MOST_WAITING,
    Arrival,
    Due,
    RAck,
    ReliableReceiver,
    ReliableSender,
    RSeq,
    rack_of,
    rseq_of,
)

INVITE = CSeq(7, "INVITE")
T1_S = 0.5


def sender(first: int = 100) -> ReliableSender[str]:
    return ReliableSender(INVITE, first, T1_S)


def response(status: int, *headers: tuple[str, str]) -> Response:
    return Response(status, "", Headers(headers))


# values


def test_rseq_is_1_to_32_bits__rfc3262_7_1() -> None:
    assert RSeq.parse("988789") == RSeq(988789)
    assert RSeq.parse("4294967295") == RSeq(2**32 - 1)
    for text in ("", "0", "00", "4294967296", "-1", "1_0", "٣", "9" * 5000, "1 2", "1;x"):
        with pytest.raises(RemoteSipError) as caught:
            RSeq.parse(text)
        assert caught.value.status == 400


def test_rack_names_response_and_request__rfc3262_7_2() -> None:
    assert RAck.parse("776656 \t 1 INVITE") == RAck(776656, CSeq(1, "INVITE"))
    for text in (
        "",
        "1",
        "1 1",
        "0 1 INVITE",
        "1 2147483648 INVITE",
        "4294967296 1 INVITE",
        "1 1 A B",
        "a 1 X",
    ):
        with pytest.raises(RemoteSipError) as caught:
            RAck.parse(text)
        assert caught.value.status == 400


@given(st.integers(1, 2**32 - 1).map(RSeq))
def test_a_printed_rseq_reads_as_the_same(value: RSeq) -> None:
    assert RSeq.parse(str(value)) == value


@given(
    st.builds(RAck, st.integers(1, 2**32 - 1), st.builds(CSeq, st.integers(0, 2**31 - 1), st.just("INVITE")))
)
def test_a_printed_rack_reads_as_the_same(value: RAck) -> None:
    assert RAck.parse(str(value)) == value


def test_what_wants_a_prack__rfc3262_4() -> None:
    reliable = (("Require", "x, 100REL"), ("RSeq", "5"))
    assert rseq_of(response(183, *reliable)) == RSeq(5)
    assert rseq_of(response(100, *reliable)) is None
    assert rseq_of(response(200, *reliable)) is None
    assert rseq_of(response(183, ("RSeq", "5"))) is None
    assert rseq_of(response(183, ("Require", "100rel"))) is None
    with pytest.raises(RemoteSipError):
        rseq_of(response(183, ("Require", "100rel"), ("RSeq", "x")))


def test_a_prack_without_rack_earns_400__rfc3262_7_2() -> None:
    assert rack_of(Request("PRACK", "sip:a", Headers([("RAck", "1 2 INVITE")]))) == RAck(1, CSeq(2, "INVITE"))
    with pytest.raises(RemoteSipError) as caught:
        rack_of(Request("PRACK", "sip:a", Headers()))
    assert caught.value.status == 400


# the caller's end


def test_responses_are_taken_in_order_from_any_first_number__rfc3262_4() -> None:
    receiver = ReliableReceiver()
    steps = [
        (500, Arrival.NEW),
        (500, Arrival.REPEAT),
        (502, Arrival.OUT_OF_ORDER),
        (499, Arrival.OUT_OF_ORDER),
        (501, Arrival.NEW),
        (500, Arrival.OUT_OF_ORDER),
        (501, Arrival.REPEAT),
        (502, Arrival.NEW),
    ]
    for rseq, arrival in steps:
        assert receiver.receive(RSeq(rseq), INVITE) is arrival
    assert receiver.rack == RAck(502, INVITE)


def test_each_request_has_a_numbering_of_its_own__rfc3262_4() -> None:
    """A re-INVITE, or the INVITE once more with credentials."""
    receiver = ReliableReceiver()
    receiver.receive(RSeq(500), INVITE)
    later = CSeq(8, "INVITE")
    assert receiver.receive(RSeq(3), later) is Arrival.NEW
    assert receiver.receive(RSeq(501), INVITE) is Arrival.OUT_OF_ORDER
    assert receiver.receive(RSeq(4), later) is Arrival.NEW
    assert receiver.receive(RSeq(5), CSeq(8, "UPDATE")) is Arrival.OUT_OF_ORDER
    assert receiver.rack == RAck(4, later)


def test_the_last_number_has_none_after_it__rfc3262_7_1() -> None:
    receiver = ReliableReceiver()
    assert receiver.receive(RSeq(2**32 - 1), INVITE) is Arrival.NEW
    assert receiver.receive(RSeq(1), INVITE) is Arrival.OUT_OF_ORDER


def test_nothing_can_be_acknowledged_before_anything_came() -> None:
    with pytest.raises(LocalSipError):
        _ = ReliableReceiver().rack


# the callee's end


@pytest.mark.parametrize("first", [0, -1, HIGHEST_FIRST_RSEQ + 1])
def test_the_first_number_leaves_room_to_count__rfc3262_3(first: int) -> None:
    with pytest.raises(LocalSipError):
        sender(first)
    assert sender(HIGHEST_FIRST_RSEQ).give("180", 0.0) is not None


def test_one_is_on_its_way_at_a_time_the_others_wait__rfc3262_3() -> None:
    ours = sender()
    first = ours.give("180", 0.0)
    assert first is not None
    assert (first.rseq, first.response) == (RSeq(100), "180")
    assert ours.give("183", 1.0) is None
    assert ours.give("181", 2.0) is None
    acknowledged = ours.acknowledge(RAck(100, INVITE), 3.0)
    assert acknowledged is not None
    assert acknowledged.sent == first
    assert acknowledged.next is not None
    assert (acknowledged.next.rseq, acknowledged.next.response) == (RSeq(101), "183")
    assert ours.outstanding == acknowledged.next
    assert ours.next_deadline() == 3.0 + T1_S
    last = ours.acknowledge(RAck(101, INVITE), 4.0)
    assert last is not None
    assert last.next is not None
    assert last.next.response == "181"
    done = ours.acknowledge(RAck(102, INVITE), 5.0)
    assert done is not None
    assert done.next is None
    assert ours.next_deadline() is None


@pytest.mark.parametrize(
    "rack",
    [RAck(99, INVITE), RAck(101, INVITE), RAck(100, CSeq(8, "INVITE")), RAck(100, CSeq(7, "UPDATE"))],
)
def test_a_prack_that_matches_nothing_is_told_so__rfc3262_3(rack: RAck) -> None:
    ours = sender()
    assert ours.acknowledge(rack, 0.0) is None
    ours.give("180", 0.0)
    assert ours.acknowledge(rack, 0.0) is None
    assert ours.outstanding is not None


def test_a_second_prack_for_one_response_matches_nothing__rfc3262_3() -> None:
    ours = sender()
    ours.give("180", 0.0)
    assert ours.acknowledge(RAck(100, INVITE), 0.0) is not None
    assert ours.acknowledge(RAck(100, INVITE), 0.0) is None


def test_repetitions_double_from_t1_without_a_ceiling_until_64_t1__rfc3262_3() -> None:
    ours = sender()
    ours.give("180", 10.0)
    times: list[tuple[float, Due]] = []
    while (at := ours.next_deadline()) is not None:
        assert ours.handle_timeout(at - 0.001) is None
        due = ours.handle_timeout(at)
        assert due is not None
        times.append((at - 10.0, due))
    assert times == [(at, Due.REPEAT) for at in (0.5, 1.5, 3.5, 7.5, 15.5, 31.5)] + [(32.0, Due.GIVE_UP)]
    assert ours.handle_timeout(99.0) is None


def test_each_response_is_repeated_from_t1_anew__rfc3262_3() -> None:
    ours = sender()
    ours.give("180", 0.0)
    ours.give("183", 0.0)
    ours.handle_timeout(0.5)
    ours.handle_timeout(1.5)
    ours.acknowledge(RAck(100, INVITE), 2.0)
    assert ours.next_deadline() == 2.5


def test_a_2xx_waits_for_the_prack_of_a_session_description__rfc3262_3() -> None:
    ours = sender()
    ours.give("180", 0.0)
    assert not ours.holds_2xx
    ours.give("183 with SDP", 0.0, has_session=True)
    assert ours.holds_2xx
    ours.acknowledge(RAck(100, INVITE), 0.0)
    assert ours.holds_2xx
    ours.acknowledge(RAck(101, INVITE), 0.0)
    assert not ours.holds_2xx


def test_after_the_final_response_nothing_is_repeated_but_a_prack_still_matches__rfc3262_3() -> None:
    ours = sender()
    ours.give("180", 0.0)
    ours.give("183", 0.0)
    ours.close()
    assert ours.next_deadline() is None
    assert ours.handle_timeout(100.0) is None
    acknowledged = ours.acknowledge(RAck(100, INVITE), 1.0)
    assert acknowledged is not None
    assert acknowledged.next is None
    with pytest.raises(LocalSipError):
        ours.give("180", 2.0)


def test_old_news_give_way_when_many_wait() -> None:
    ours = sender()
    ours.give("first", 0.0)
    ours.give("session", 0.0, has_session=True)
    for index in range(1000):
        ours.give(str(index), 0.0)
    told = []
    at = 100
    while (acknowledged := ours.acknowledge(RAck(at, INVITE), 0.0)) is not None:
        told.append(acknowledged.sent.response)
        at += 1
    assert told == ["first", "session", *[str(index) for index in range(1001 - MOST_WAITING, 1000)]]


@given(
    st.integers(1, HIGHEST_FIRST_RSEQ),
    st.lists(st.sampled_from(["give", "arrive", "prack", "lose"]), max_size=40),
)
def test_both_ends_agree_over_a_wire_that_loses_and_repeats__rfc3262(first: int, steps: list[str]) -> None:
    """Whatever is lost and repeated, every response is told once and in the order in which it was given."""
    ours, theirs = ReliableSender[int](INVITE, first, T1_S), ReliableReceiver()
    given = 0
    told: list[int] = []
    for step in [*steps, *["arrive", "prack"] * (MOST_WAITING + 2)]:
        on_its_way = ours.outstanding
        if step == "give" and given < MOST_WAITING:
            ours.give(given, 0.0)
            given += 1
        elif step == "arrive" and on_its_way is not None:
            if theirs.receive(on_its_way.rseq, INVITE) is Arrival.NEW:
                told.append(on_its_way.response)
        elif step == "prack" and told:
            ours.acknowledge(theirs.rack, 0.0)
    assert told == list(range(given))
    assert ours.outstanding is None
