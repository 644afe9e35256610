"""Every refusal that RFC 3261 sections 8.2 and 21 and their extensions demand: which test provokes it from outside.

What each must say beside its status is asserted of every response that any flow test makes the server send (`world`).
"""

import inspect
from collections.abc import Callable
from importlib import import_module

import pytest

from tests.flows.pair import Make, Pair, outbound
from tests.flows.scenery import settings
from tests.flows.world import DEMANDED

PROVOKED = {
    400: "test_refusals.test_a_malformed_request_is_answered_and_forgotten__rfc3261_8_2_7",
    401: "test_refusals.test_a_caller_that_must_prove_itself_is_401__rfc3261_21_4_2",
    403: "test_refusals.test_a_source_that_may_not_call_is_403__rfc3261_21_4_4",
    404: "test_refusals.test_a_call_that_leads_nowhere_is_404__rfc3261_21_4_5",
    405: "test_refusals.test_a_method_that_we_do_not_take_is_405_with_allow__rfc3261_8_2_1",
    406: "test_refusals.test_a_caller_that_takes_no_sdp_is_406__rfc3261_8_2_3",
    408: "test_refusals.test_a_set_up_beyond_its_limit_is_408__rfc3261_21_4_9",
    413: "test_refusals.test_a_body_of_too_many_parts_is_413__rfc3261_21_4_11",
    414: "test_refusals.test_a_uri_beyond_reason_is_414__rfc3261_21_4_12",
    415: "test_refusals.test_a_part_that_must_be_understood_and_is_not_is_415__rfc3261_21_4_13",
    416: "test_refusals.test_a_scheme_that_we_do_not_know_is_416__rfc3261_8_2_2_1",
    420: "test_refusals.test_an_extension_that_we_lack_is_420_and_named__rfc3261_8_2_2_3",
    421: "test_flow_05_reliable.test_a_caller_that_lacks_it_where_it_is_demanded_hears_421__rfc3261_21_4_16",
    422: "test_every_refusal.test_an_interval_too_brief_for_us_is_422_with_min_se__rfc4028_9",
    423: "test_subscriptions.test_an_interval_that_is_too_brief_is_423_with_min_expires__rfc6665_4_2_1_1",
    480: "test_refusals.test_a_callee_that_only_rings_is_480__rfc3261_21_4_18",
    481: "test_refusals.test_a_request_for_a_dialog_that_is_none_is_481__rfc3261_12_2_2",
    482: "test_refusals.test_the_same_request_by_two_paths_is_482__rfc3261_21_4_20",
    483: "test_refusals.test_no_hops_left_is_483__rfc3261_8_1_1_6",
    485: "test_refusals.test_the_word_of_the_callee_is_the_callers__rfc3261_21_4_23_and_21_6",
    487: "test_refusals.test_a_caller_that_takes_its_call_back_hears_487__rfc3261_21_4_25",
    488: "test_refusals.test_an_offer_without_a_codec_of_ours_is_488__rfc3261_21_4_26",
    489: "test_subscriptions.test_nothing_begins_by_subscribe_within_a_call__rfc6665_4_2_1",
    491: "test_flow_13_glare.test_before_the_ack_of_the_first_it_is_491__rfc5407_3_1_4",
    493: "test_refusals.test_what_nobody_here_can_decipher_is_493__rfc3261_21_4_28",
    494: "test_refusals.test_a_caller_that_wants_an_agreement_is_494_until_it_is_made_over_tls__rfc3329_2_3_1",
    500: "test_refusals.test_a_request_older_than_the_last_is_500__rfc3261_21_5_1",
    501: "test_refusals.test_a_method_that_nobody_knows_is_501__rfc3261_21_5_2",
    502: "test_refusals.test_an_answer_without_a_description_is_502__rfc3261_21_5_3",
    503: "test_refusals.test_a_server_that_stops_is_503_with_retry_after__rfc3261_21_5_4",
    504: "test_messages.test_where_nobody_answers_it_is_504_before_the_sender_gives_up_and_never_408__rfc4320_4_2",
    505: "test_refusals.test_another_version_of_sip_is_505__rfc3261_21_5_7",
    513: "test_refusals.test_a_header_section_that_is_too_long_is_513__rfc3261_21_5_8",
    603: "test_flow_15_transfer.test_what_cannot_be_called_is_declined_and_never_sent_back",
}
"""Status: the test. 485, like 484 and 486, is the far side's to say: nobody here knows two of one name."""


def provoking(status: int) -> Callable[..., None]:
    module, _, name = PROVOKED[status].partition(".")
    found = getattr(import_module(f"tests.flows.{module}"), name)
    assert callable(found)
    return found  # type: ignore[no-any-return]


@pytest.mark.parametrize("status", PROVOKED)
def test_the_table_names_a_test_that_speaks_of_the_status(status: int) -> None:
    test = provoking(status)
    marks = "".join(str(mark.args) for mark in getattr(test, "pytestmark", ()))
    assert str(status) in inspect.getsource(test) + marks


def test_the_table_holds_what_the_mission_names_and_all_that_demands_a_header() -> None:
    mission = {405, 415, 416, 420, 421, 423, 481, 482, 483, 485, 488, 491, 493, 494, 500, 501, 503, 505, 513}
    assert mission | (DEMANDED.keys() - {407}) <= PROVOKED.keys()  # 407 is for proxies


def test_an_interval_too_brief_for_us_is_422_with_min_se__rfc4028_9(call: Pair) -> None:
    call.caller.invites(headers="Supported: timer\r\nSession-Expires: 60\r\n")
    assert call.caller.heard() == ["100", "422"]
    assert call.caller.response(422).headers.get("Min-SE") == "90"
    assert call.callee.heard() == []


@pytest.mark.parametrize(
    ("said", "told"),
    [(405, 500), (415, 488), (420, 500), (421, 500), (422, 500), (423, 500), (489, 500), (494, 500)],
)
def test_what_a_target_wants_changed_in_our_own_words_is_no_wish_to_the_caller(
    call: Pair, said: int, told: int
) -> None:
    """It could be told only with what is to be changed, and that is not the caller's to change."""
    call.dials()
    call.callee.says(said)
    assert call.caller.heard() == [str(told)]
    assert call.record.cause.status == said


@pytest.mark.parametrize("method", ["INFO", "MESSAGE"])
def test_what_the_other_party_does_not_take_within_a_call_is_405_with_allow__rfc3261_21_4_6(
    make: Make, method: str
) -> None:
    call = outbound(make(settings()))
    call.dials()
    call.callee.says(200, sdp=call.callee.sdp(), headers="Allow: INVITE, ACK, BYE, CANCEL\r\n")
    call.caller.acks()
    call.caller.heard(), call.callee.heard()
    call.caller.asks(method, within=True, headers="Content-Type: text/plain\r\n", body=b"x")
    assert call.caller.heard() == [f"405 {method}"]
    allow = call.caller.response(405).allow
    assert "BYE" in allow
    assert method not in allow
    assert call.callee.heard() == []
    call.ends()


@pytest.mark.parametrize("status", [405, 415])
def test_a_refusal_of_the_other_party_within_a_call_says_what_it_must__rfc3261_21_4(
    call: Pair, status: int
) -> None:
    call.connects()
    call.caller.heard()
    call.caller.asks("INFO", within=True, headers="Content-Type: text/plain\r\n", body=b"x")
    call.callee.says(status, to="INFO")
    assert call.caller.heard() == [f"{status} INFO"]
    call.ends()
