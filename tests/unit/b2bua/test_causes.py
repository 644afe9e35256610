"""One cause in the words of SIP, of Q.850 and of the operator (RFC 3326, RFC 3398)."""

import pytest

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause, Verdict
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response

CONSTANTS = [value for value in vars(causes).values() if isinstance(value, Cause)]


def refused(status: int, *reasons: str) -> Cause:
    return causes.of_response(Response(status, "", Headers(("Reason", reason) for reason in reasons)))


def request(method: str, *reasons: str) -> Request:
    return Request(method, "sip:x", Headers(("Reason", reason) for reason in reasons))


@pytest.mark.parametrize(
    ("status", "q850"),
    [(404, 1), (486, 17), (480, 18), (503, 41), (484, 28), (410, 22), (600, 17), (502, 38)],
)
def test_a_status_stands_for_a_q850_cause__rfc3398_8_2_6_1(status: int, q850: int) -> None:
    assert refused(status).q850 == q850


def test_a_q850_cause_that_the_peer_names_is_believed__rfc3326_2() -> None:
    assert refused(503, "Q.850;cause=34").q850 == 34
    assert refused(503, 'SIP;cause=503;text="x", Q.850 ;text="y"; cause = 42').q850 == 42
    assert refused(503, "SIP;cause=503", "q.850;cause=21").q850 == 21


@pytest.mark.parametrize(
    "reason",
    ["", "SIP;cause=486", "Q.850", "Q.850;cause=", "Q.850;cause=128", "Q.850;cause=1000", "Q.850;cause=x"],
)
def test_a_reason_that_makes_no_sense_is_not_there(reason: str) -> None:
    assert refused(486, reason).q850 == 17


@pytest.mark.parametrize(("status", "like"), [(499, 400), (599, 500), (699, 600)])
def test_an_unknown_status_counts_as_the_first_of_its_class__rfc3261_8_1_3_2(status: int, like: int) -> None:
    unknown, known = refused(status), refused(like)
    assert (unknown.status, unknown.q850, unknown.verdict) == (status, known.q850, known.verdict)


@pytest.mark.parametrize(
    ("q850", "status"),
    [(1, 404), (2, 404), (3, 404), (17, 486), (18, 408), (19, 480), (20, 480), (21, 403), (22, 410), (23, 410),
     (26, 404), (27, 502), (28, 484), (29, 501), (31, 480), (34, 503), (38, 503), (41, 503), (42, 503), (47, 503),
     (55, 403), (57, 403), (58, 503), (65, 488), (70, 488), (79, 501), (87, 403), (88, 503), (102, 504), (111, 500),
     (127, 500), (16, None), (0, None), (126, None)],
)  # fmt: skip
def test_a_q850_cause_stands_for_a_status__rfc3398_7_2_4_1(q850: int, status: int | None) -> None:
    assert causes.status_of_q850(q850) == status


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("Q.850;cause=17", 486),
        ("Q.850;cause=1", 404),
        ("Q.850;cause=16", 480),
        ("SIP;cause=17", 480),
        ("", 480),
    ],
)
def test_a_487_that_nobody_asked_for_is_told_by_its_cause__rfc3398_7_2_4_1(reason: str, status: int) -> None:
    assert refused(487, reason).reply_status == status


@pytest.mark.parametrize(
    ("reason", "location"),
    [
        ("Q.850;cause=16;location=LN", "LN"),
        ('q.850 ; location = rpn ; cause=16;text="a"', "RPN"),
        ("SIP;cause=480;location=TN, Q.850;cause=31;location=LOC-6", "LOC-6"),
        ("Q.850;cause=16;location=10.1.1.1", ""),
        ("Q.850;cause=16;location=corp", ""),
        ("Q.850;cause=16;mylocation=LN", ""),
        ("SIP;cause=480;location=TN", ""),
        ("Q.850;cause=16", ""),
    ],
)
def test_where_a_cause_arose_is_told_on_in_the_words_of_q850_only__rfc8606_4(
    reason: str, location: str
) -> None:
    for cause in (refused(486, reason), causes.ended_by(request("BYE", reason)),
                  causes.cancelled_by(request("CANCEL", reason))):  # fmt: skip
        assert cause.location == location
        assert causes.location_of(request("BYE", cause.header()[1])) == location


def test_a_redirection_is_told_as_unavailable() -> None:
    assert refused(302).reply_status == 480
    assert refused(302).reason == "redirected"


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (refused(401), 403),
        (refused(407), 403),
        (refused(487), 480),
        (causes.CANCELLED, 487),
        (causes.NORMAL, 480),
        (causes.MEDIA_SILENT, 480),
        (refused(486), 486),
        (refused(603), 603),
        (causes.NO_ROOM, 503),
    ],
)
def test_a_caller_hears_what_it_can_act_upon(cause: Cause, status: int) -> None:
    assert cause.reply_status == status


def test_every_cause_has_a_word_of_its_own_that_fits_a_reason_header() -> None:
    for cause in CONSTANTS:
        name, value = cause.header()
        assert name == "Reason"
        assert causes.q850_of(request("BYE", value)) == cause.q850
        assert cause.reason.replace("-", "").isalnum()
        assert 300 <= cause.reply_status <= 699
    assert (
        len({cause.reason for cause in CONSTANTS}) >= len(CONSTANTS) - 1
    )  # no-common-codec: both parties' fault


def test_a_bye_may_say_why__rfc3326() -> None:
    assert causes.ended_by(request("BYE")) is causes.NORMAL
    told = causes.ended_by(request("BYE", "Q.850;cause=31"))
    assert (told.q850, told.reason, told.verdict) == (31, "normal-clearing", Verdict.SUCCESS)


@pytest.mark.parametrize(
    ("reasons", "reason", "q850"),
    [
        ((), "cancelled", 16),
        (("Q.850;cause=102",), "cancelled", 102),
        (('SIP;cause=200;text="Call completed elsewhere"',), "answered-elsewhere", 26),
        (("Q.850;cause=16, SIP ; cause=200",), "answered-elsewhere", 26),
        (("SIP;cause=2000",), "cancelled", 16),
    ],
)
def test_a_cancel_may_say_why__rfc3326(reasons: tuple[str, ...], reason: str, q850: int) -> None:
    cause = causes.cancelled_by(request("CANCEL", *reasons))
    assert (cause.reason, cause.q850, cause.status) == (reason, q850, 487)


def test_that_a_call_was_answered_elsewhere_is_said_in_the_words_that_phones_know() -> None:
    assert causes.ANSWERED_ELSEWHERE.header()[1].startswith('SIP;cause=200;text="Call completed elsewhere"')


def test_an_outage_is_a_target_that_had_no_word_about_the_call() -> None:
    outages = (causes.NO_PROGRESS, causes.UNREACHABLE, causes.NO_RESPONSE, refused(503), refused(408))
    assert all(map(causes.is_outage, outages))
    assert not any(map(causes.is_outage, (refused(500), refused(486), refused(404), causes.NO_ANSWER_BODY)))


def test_silence_and_a_broken_transport_are_unheard_a_408_of_the_targets_own_is_not() -> None:
    assert causes.is_unheard(causes.UNREACHABLE)
    assert causes.is_unheard(causes.NO_RESPONSE)
    assert not any(map(causes.is_unheard, (refused(408), refused(503), causes.NO_PROGRESS)))
