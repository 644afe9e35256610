"""What the parties say to each other within a call: INFO and MESSAGE (RFC 6086, RFC 3428 section 4)."""

import pytest

from mediation.settings.peer_terms import MidCall
from tests.flows.midcall import SIDES, sides
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import settings, trunk

BOTH = pytest.mark.parametrize("method", ["INFO", "MESSAGE"])
WORDS = "Content-Type: text/plain;charset=utf-8\r\nContent-Disposition: render\r\n"


def says(peer: Peer, method: str, body: bytes = b"hello", headers: str = WORDS) -> None:
    """Within the call."""
    peer.asks(method, within=True, headers=headers, body=body)


@SIDES
@BOTH
def test_it_crosses_whole_and_its_answer_comes_back__rfc6086_4_2(call: Pair, by: str, method: str) -> None:
    one, other = sides(call, by)
    says(one, method)
    assert one.heard() == [], "it is for the other party to answer"
    assert other.heard() == [method]
    passed = other.request(method)
    assert passed.body == b"hello"
    assert passed.headers.get("Content-Type") == "text/plain;charset=utf-8"
    assert passed.headers.get("Content-Disposition") == "render"
    assert passed.request_uri == other.contact
    other.says(200, to=method)
    assert one.heard() == [f"200 {method}"]
    call.ends()


@SIDES
def test_a_package_is_named_on_the_other_side_too__rfc6086_4_2_1(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    package = "Info-Package: infoDtmf\r\nContent-Type: application/dtmf-relay\r\nContent-Disposition: Info-Package\r\n"
    says(one, "INFO", b"Signal=5\r\nDuration=160\r\n", package)
    passed = other.request("INFO")
    assert passed.headers.get("Info-Package") == "infoDtmf"
    assert passed.body == b"Signal=5\r\nDuration=160\r\n"
    other.says(200, to="INFO")
    call.ends()


@SIDES
def test_one_without_a_body_crosses_too__rfc6086_4_2_1(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    says(one, "INFO", b"", "")
    assert other.request("INFO").body == b""
    other.says(200, to="INFO")
    assert one.heard() == ["200 INFO"]
    call.ends()


@SIDES
@BOTH
@pytest.mark.parametrize(
    ("said", "heard"), [(415, 415), (469, 469), (488, 488), (500, 500), (401, 403), (407, 403)]
)
def test_a_refusal_is_the_other_partys_and_the_call_goes_on(
    call: Pair, by: str, method: str, said: int, heard: int
) -> None:
    one, other = sides(call, by)
    says(one, method)
    other.says(said, to=method)
    assert one.heard() == [f"{heard} {method}"]
    call.ends()


@SIDES
def test_a_package_that_is_not_taken_is_told_with_those_that_are__rfc6086_4_2_2(call: Pair, by: str) -> None:
    one, other = sides(call, by)
    says(one, "INFO")
    other.says(469, to="INFO", headers="Recv-Info: infoDtmf\r\n")
    assert one.heard() == ["469 INFO"]
    assert one.response(469).headers.get("Recv-Info") == "infoDtmf"
    call.ends()


@SIDES
@BOTH
@pytest.mark.parametrize("said", [408, 481])
def test_an_answer_that_says_that_the_dialog_is_gone_ends_the_call__rfc3261_12_2_1_2(
    call: Pair, by: str, method: str, said: int
) -> None:
    one, other = sides(call, by)
    says(one, method)
    other.says(said, to=method)
    assert one.heard() == [f"{504 if said == 408 else said} {method}", "BYE"], (
        "never 408: RFC 4320 section 4.2"
    )
    assert other.heard() == [method, "BYE"]
    assert call.record.cause.reason == "dialog-lost"


@SIDES
@BOTH
def test_one_that_nobody_answers_is_504_and_never_408_and_ends_the_call__rfc4320_4_2(
    call: Pair, by: str, method: str
) -> None:
    one, other = sides(call, by)
    says(one, method)
    call.advance(32.1)
    assert one.heard() == [f"504 {method}", "BYE"]
    assert set(other.heard()) == {method, "BYE"}
    assert call.over


@SIDES
@BOTH
def test_one_that_comes_again_is_passed_on_once_and_answered_again__rfc3261_17_2_2(
    call: Pair, by: str, method: str
) -> None:
    one, other = sides(call, by)
    says(one, method)
    said = one.said
    one.repeats_what_it_said(said)
    assert other.heard() == [method]
    other.says(200, to=method)
    one.repeats_what_it_said(said)
    assert one.heard() == [f"200 {method}", f"200 {method}"]
    assert other.heard() == []
    call.ends()


@BOTH
@pytest.mark.parametrize("way", list(WAYS))
@SIDES
def test_where_it_is_off_it_is_405_with_allow__rfc3261_8_2_1(
    make: Make, way: str, by: str, method: str
) -> None:
    off = MidCall(info=False)
    call = WAYS[way](make(settings(trunk(mid_call=off), mid_call=off)))
    one, other = sides(call, by)
    says(one, method)
    assert one.heard() == [f"405 {method}"]
    assert method not in (one.response(405).headers.get("Allow") or "")
    assert other.heard() == []
    call.ends()


@BOTH
@pytest.mark.parametrize("way", list(WAYS))
@SIDES
def test_a_party_that_does_not_list_it_is_not_asked(make: Make, way: str, by: str, method: str) -> None:
    call = WAYS[way](make(settings()))
    allow = "Allow: INVITE, ACK, BYE, CANCEL\r\n"
    call.caller.invites(headers=allow if by == "callee" else "")
    call.callee.says(200, sdp=call.callee.sdp(), headers=allow if by == "caller" else "")
    call.caller.acks()
    one, other = (call.caller, call.callee) if by == "caller" else (call.callee, call.caller)
    one.heard(), other.heard()
    says(one, method)
    assert one.heard() == [f"405 {method}"]
    allow_of_ours = one.response(405).headers.get("Allow") or ""
    assert "BYE" in allow_of_ours, "RFC 3261 section 21.4.6: what is left"
    assert method not in allow_of_ours
    assert other.heard() == []
    call.ends()


@SIDES
@BOTH
@pytest.mark.parametrize("who", ["asker", "asked"])
def test_one_that_waits_when_the_call_ends_is_487__rfc3261_15_1_2(
    call: Pair, by: str, method: str, who: str
) -> None:
    one, other = sides(call, by)
    says(one, method)
    (one if who == "asker" else other).hangs_up()
    assert f"487 {method}" in one.heard()
    other.says(200, to=method)
    assert f"200 {method}" not in one.heard()
    assert call.over


def test_the_caller_may_say_something_while_it_rings(call: Pair) -> None:
    call.rings()
    call.callee.heard()
    says(call.caller, "INFO")
    assert call.callee.heard() == ["INFO"]
    call.callee.says(200, to="INFO")
    assert call.caller.heard() == ["200 INFO"]
    call.callee.says(486)


def test_the_callee_may_say_something_while_it_rings(call: Pair) -> None:
    call.rings()
    call.callee.heard()
    says(call.callee, "INFO")
    assert call.caller.heard() == ["INFO"]
    call.caller.says(200, to="INFO")
    assert call.callee.heard() == ["200 INFO"]
    call.callee.says(486)


@SIDES
@BOTH
def test_several_at_once_are_answered_each_by_its_own_answer(call: Pair, by: str, method: str) -> None:
    one, other = sides(call, by)
    for word in (b"one", b"two"):
        says(one, method, word)
    first, second = (message for _, message in other.received[-2:])
    assert (first.body, second.body) == (b"one", b"two")
    other.says(500, to=method)
    assert one.heard() == [f"500 {method}"]
    assert one.response(500).cseq.number == one.line.sequence
    other.line.asked[method] = first  # type: ignore[assignment]
    other.says(200, to=method)
    assert one.heard() == [f"200 {method}"]
    assert one.response(200).cseq.number == one.line.sequence - 1
    call.ends()


def test_info_belongs_to_a_dialog__rfc6086_4_2(call: Pair) -> None:
    call.caller.asks("INFO", headers=WORDS, body=b"hello")
    assert call.caller.heard() == ["481 INFO"]
