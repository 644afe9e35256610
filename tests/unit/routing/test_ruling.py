"""Answers of a policy: what is read, what is none, and what of it may be done."""

from collections.abc import Mapping
from typing import Any

import pytest

from mediation.b2bua import causes
from mediation.routing.breaker import Breaker
from mediation.routing.question import Asked, asked_about
from mediation.routing.routes import Routing
from mediation.routing.ruling import AS_DECIDED, BadAnswer, Refusal, Ruling, answer_of, narrowed, ruling_of
from mediation.settings.peers import Side
from mediation.settings.policy import Asks, PolicyHook
from tests.flows.scenery import OTHER_SBC, SBC, settings, trunk
from tests.unit.routing.test_routes import FROM_INSIDE


@pytest.mark.parametrize(
    ("answer", "ruling"),
    [
        ({}, AS_DECIDED),
        ({"action": "go-on"}, AS_DECIDED),
        ({"action": "refuse"}, Ruling(Refusal(603))),
        ({"action": "refuse", "status": 486, "q850": 17, "tag": "x"}, Ruling(Refusal(486, 17), tag="x")),
        ({"trunks": ["b", "a"]}, Ruling(trunks=("b", "a"))),
        ({"trunks": ("b",)}, Ruling(trunks=("b",))),
        ({"calling": "+4930", "called": "+123456789012345"}, Ruling(calling="+4930", called="+123456789012345")),
        ({"tag": "Ümläute are fine"}, Ruling(tag="Ümläute are fine")),
    ],
)  # fmt: skip
def test_an_answer_is_read(answer: object, ruling: Ruling) -> None:
    assert ruling_of(answer) == ruling


@pytest.mark.parametrize(
    "answer",
    [
        None, 1, "refuse", b"{}", [], [{}], {"Action": "refuse"}, {"action": None}, {"action": ["refuse"]},
        {"action": "refuse", "status": 399}, {"action": "refuse", "status": 700},
        {"action": "refuse", "status": True}, {"action": "refuse", "status": "603"},
        {"action": "refuse", "status": 603.0}, {"action": "refuse", "q850": 0}, {"action": "refuse", "q850": 128},
        {"action": "refuse", "called": "+4930"}, {"q850": 17}, {"trunks": None}, {"trunks": [1]}, {"trunks": [""]},
        {"trunks": ["a" * 65]}, {"trunks": ["a"] * 257}, {"trunks": {"a": 1}}, {"called": ""}, {"called": "4930"},
        {"called": "+0123"}, {"called": "+1234567890123456"}, {"called": "+49 30"}, {"called": "+49\n"},
        {"called": "+٤٩٣٠"}, {"calling": None}, {"calling": 4930}, {"tag": 7}, {"tag": "a\0"}, {"tag": "a" * 129},
        {"tag": "a\nb"}, {"action": "go-on", "status": 200}, {None: 1}, {("a",): 1},
    ],
)  # fmt: skip
def test_anything_else_is_none(answer: object) -> None:
    with pytest.raises(BadAnswer):
        ruling_of(answer)


def test_what_it_has_said_is_not_repeated() -> None:
    secret = "+49301234567x"
    for answer in ({"called": secret}, {secret: 1}, {"trunks": [secret * 20]}, {"action": secret}):
        with pytest.raises(BadAnswer) as raised:
            ruling_of(answer)
        assert secret not in str(raised.value)


@pytest.mark.parametrize(
    "octets", [b"", b"\xff", b"{", b"[" * 100_000, b"1" * 5000, b"{'a': 1}", b'{"a": 1} x', b"\xed\xa0\x80"]
)  # fmt: skip
def test_octets_that_are_no_json_are_none(octets: bytes) -> None:
    with pytest.raises(BadAnswer):
        answer_of(octets)


def test_trunks_are_only_taken_from_those_that_are_left() -> None:
    routing = Routing(settings(trunk("a", SBC), trunk("b", OTHER_SBC)))
    candidates = routing.candidates(FROM_INSIDE, "+49", 0)
    kept, unknown = narrowed(candidates, ("b", "z", "b", "a"))
    assert ([each.trunk for each in kept], unknown) == (["b", "a"], ("z",))
    assert narrowed(candidates, ("z",)) == ((), ("z",))


@pytest.mark.parametrize(
    ("status", "q850", "said"),
    [(603, None, 21), (486, None, 17), (486, 34, 34), (499, None, 41), (699, None, 17)],
)
def test_a_refusal_has_a_cause_of_q850__rfc3398_8_2_6_1(status: int, q850: int | None, said: int) -> None:
    cause = causes.refused_by_policy(Refusal(status, q850))
    assert (cause.status, cause.q850, cause.verdict) == (status, said, causes.Verdict.US)


@pytest.mark.parametrize(
    ("terms", "side", "urgent", "asked"),
    [
        ({}, Side.FRONT_END, False, Asked.OFF),
        ({"python": "p"}, Side.FRONT_END, False, Asked.YES),
        ({"url": "http://a"}, Side.GATEWAY, False, Asked.YES),
        ({"python": "p"}, Side.GATEWAY, True, Asked.URGENT),
        ({"python": "p", "ask": Asks.TRUNKS}, Side.FRONT_END, False, Asked.OTHER_WAY),
        ({"python": "p", "ask": Asks.TRUNKS}, Side.GATEWAY, False, Asked.YES),
        ({"python": "p", "ask": Asks.FRONT_ENDS}, Side.GATEWAY, False, Asked.OTHER_WAY),
    ],
)
def test_who_is_asked_about(terms: Mapping[str, Any], side: Side, urgent: bool, asked: Asked) -> None:
    assert asked_about(PolicyHook(**terms), side, urgent=urgent) is asked


def test_failures_count_in_a_row_alone() -> None:
    breaker = Breaker(PolicyHook(failures=2, rest_s=10))
    for _ in range(5):
        assert not breaker.failed(0)
        assert not breaker.answered()
    assert not breaker.failed(0)
    assert breaker.failed(0)
    assert not breaker.failed(0)  # it was asked before
    assert [breaker.lets(moment) for moment in (0, 9.9, 10, 10, 19.9, 20, 21)] == [
        False, False, True, False, False, True, False,
    ]  # fmt: skip
    assert breaker.answered()
    assert breaker.lets(21)
    assert not breaker.answered()


def test_without_a_number_of_failures_there_is_no_rest() -> None:
    breaker = Breaker(PolicyHook(failures=0))
    assert not any(breaker.failed(0) for _ in range(1000))
    assert breaker.lets(0)
