"""A call whose caller's audio goes through a jitter buffer, in a whole session: real sockets, time by hand."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from mediation.b2bua.plan import MediaPlan
from mediation.rtp.e_model import CODECS, r_factor
from mediation.rtp.packet import build, read_header
from mediation.rtp.voip_metrics import CONCEALED, FIXED_BUFFER, find_metrics
from mediation_codecs.law import Law
from tests.unit.media.circuit import Circuit, circuit, heard, packet, stream

MS = 8


@pytest.fixture
def call() -> Iterator[Circuit]:
    with circuit() as made:
        made.apply(buffered(made))
        yield made


def buffered(call: Circuit, depth_ms: int = 60, **caller: object) -> MediaPlan:
    """What the caller sends is held; what the callee sends is not."""
    held = replace(stream(call.caller, call.caller_rtcp), jitter_buffer_ms=depth_ms, **caller)  # type: ignore[arg-type]  # fields of any type
    return call.plan(held, silence_s=0)


def play(call: Circuit, *arrivals: tuple[int, int], until_ms: int = 2000) -> list[tuple[int, bytes]]:
    """Packets of the caller, by number and arrival in ms; what the callee hears, each at its time in ms."""
    begun, came = call.now, []
    waiting = sorted(arrivals, key=lambda each: each[1])
    for ms in range(until_ms):
        call.now = begun + ms * MS
        while waiting and waiting[0][1] == ms:
            call.from_caller(packet(waiting.pop(0)[0]))
            call.serve_now()
        if (due := call.session.next_deadline()) is not None and due <= call.now:
            call.session.handle_timeout(call.now)
        came += [(ms, octets) for octets in heard(call.callee)]
    return came


def numbers(came: list[tuple[int, bytes]]) -> list[int]:
    heads = [read_header(octets) for _, octets in came]
    return [(head[2] - heads[0][2]) & 0xFFFF for head in heads]


def test_what_came_in_disorder_leaves_in_order_evenly_and_translated(call: Circuit) -> None:
    came = play(call, (0, 0), (2, 41), (1, 47), (3, 70), (5, 100), (4, 101), (6, 150), (7, 151))
    assert numbers(came) == list(range(8))
    assert [ms for ms, _ in came] == [60 + 20 * number for number in range(8)]
    heads = [read_header(octets) for _, octets in came]
    assert {(after[3] - before[3]) & 0xFFFFFFFF for before, after in pairwise(heads)} == {160}
    assert {head[0] for head in heads} == {8}
    assert [head[1] for head in heads] == [True] + [False] * 7


def test_the_other_direction_goes_on_as_it_comes(call: Circuit) -> None:
    call.from_callee(packet(0, payload_type=8))
    call.serve()
    assert len(heard(call.caller)) == 1


def test_discarded_packets_are_counted_and_told__rfc3611_4_7(call: Circuit) -> None:
    call.apply(buffered(call, rtcp_xr=True))
    arrivals = [(number, 20 * number) for number in range(100) if number != 50]
    play(call, *arrivals, (50, 1100), (60, 1201), until_ms=2200)
    heard(call.caller_rtcp)
    call.advance(10)
    ours = [octets for octets in heard(call.caller_rtcp) if len(octets) > 60][-1]
    metrics = find_metrics(ours, 0x1111)
    assert metrics is not None
    assert metrics.discard_rate == pytest.approx(0.01, abs=0.004)
    assert metrics.loss_rate == 0
    assert (metrics.buffer_ms, metrics.buffer_max_ms, metrics.buffer_limit_ms) == (60, 60, 60)
    assert metrics.configuration == CONCEALED | FIXED_BUFFER
    quality = call.close().caller.quality
    assert (quality.discarded, quality.duplicates, quality.reordered) == (1, 1, 1)
    assert quality.rating is not None
    expected = r_factor(CODECS["PCMU"], loss=1 / 100, delay_ms=20 + 60 + 20)
    assert quality.rating.r_factor == pytest.approx(expected, abs=0.1)


def test_another_sender_begins_anew_and_is_one_stream_with_the_first__rfc3550_5_1(call: Circuit) -> None:
    begun = call.now
    for number in range(3):
        call.now = begun + 160 * number
        call.from_caller(packet(number))
        call.serve()
    call.from_caller(packet(9000, ssrc=0xBBBB))
    call.serve()
    assert len(heard(call.callee)) == 3, "what was held of the first"
    call.advance(0.1)
    assert len(heard(call.callee)) == 1


def test_a_new_plan_lets_out_what_was_sent_by_the_old_one(call: Circuit) -> None:
    call.from_caller(packet(0))
    call.serve()
    assert heard(call.callee) == []
    call.apply(buffered(call, law=Law.PCMA, payload_type=8))
    (one,) = heard(call.callee)
    assert read_header(one)[0] == 8
    call.from_caller(packet(1, payload_type=8))
    call.serve()
    call.advance(0.1)
    assert len(heard(call.callee)) == 1


def test_a_plan_without_a_buffer_lets_out_all_and_goes_on_at_once(call: Circuit) -> None:
    call.from_caller(packet(0))
    call.serve()
    call.apply(call.plan(silence_s=0))
    call.from_caller(packet(1))
    call.serve()
    assert len(heard(call.callee)) == 2


def test_a_fax_has_no_buffer_and_nothing_of_the_audio_comes_into_it__t38_9_1(call: Circuit) -> None:
    call.from_caller(packet(0))
    call.serve()
    call.apply(call.fax())
    heard(call.callee)
    call.from_caller(b"\x00\x01\x02udptl")
    call.serve()
    call.advance(1)
    assert heard(call.callee) == [b"\x00\x01\x02udptl"]


def test_who_is_not_to_be_heard_is_not_held(call: Circuit) -> None:
    call.apply(buffered(call, sends=False))
    call.from_caller(packet(0))
    call.serve()
    call.advance(1)
    assert heard(call.callee) == []


def test_keys_in_the_media_leave_in_order_between_audio__rfc4733_2_5_1(call: Circuit) -> None:
    begun = call.now
    for number in range(12):
        call.now = begun + 160 * number
        key = b"\x05\x0a" + (160 * (number - 3) & 0xFFFF).to_bytes(2)
        is_key = 4 <= number < 9
        call.from_caller(build(101, number, 640, 0x1111, key) if is_key else packet(number))
        call.serve_now()
        call.session.handle_timeout(call.now)
    call.advance(1)
    came = [read_header(octets) for octets in heard(call.callee)]
    assert [(head[2] - came[0][2]) & 0xFFFF for head in came] == list(range(12))
    assert [head[0] for head in came] == [8] * 4 + [101] * 5 + [8] * 3
    assert len({head[3] for head in came[4:9]}) == 1


def test_without_the_setting_the_shortest_road_is_open_as_ever() -> None:
    with circuit() as call:
        call.apply()
        for number in range(4):
            call.from_caller(packet(number))
            call.serve()
            call.now += 160
        relay = call.session._relays[0]
        assert relay._workshop is None
        assert relay.course._state.octets == 172
