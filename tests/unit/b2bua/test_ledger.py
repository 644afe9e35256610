"""What is written down about a call while it lives."""

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause
from mediation.b2bua.ledger import Ledger
from mediation.sip.headers import Headers
from mediation.sip.message import Response


def refused(status: int) -> Cause:
    return causes.of_response(Response(status, "", Headers()))


def after(*failures: Cause) -> Ledger:
    """Attempts that failed so, one after the other."""
    ledger = Ledger(0.0)
    for number, cause in enumerate(failures):
        ledger.attempt("itsp-a", "sip:x", f"call-{number}", number)
        ledger.leave(cause, number + 0.5)
    return ledger


def test_only_outages_sum_up_to_503() -> None:
    failures = (refused(503), causes.NO_RESPONSE, causes.UNREACHABLE, causes.NO_PROGRESS)
    assert after(*failures).summed_up(failures[-1]) is causes.ALL_TARGETS_DOWN


def test_the_last_word_of_a_target_sums_up_whatever_failed_around_it() -> None:
    failures = (refused(404), refused(500), refused(503))
    assert after(*failures).summed_up(failures[-1]) == refused(500)


def test_without_any_attempt_the_cause_stands_for_itself() -> None:
    assert after().summed_up(causes.NO_ROOM) is causes.NO_ROOM


def test_an_attempt_is_left_once() -> None:
    ledger = after(refused(503))
    assert ledger.leave(causes.SHUTDOWN, 9.0) is None
    assert ledger.attempts[0].cause == refused(503)


def test_an_attempt_that_was_answered_is_not_left() -> None:
    ledger = Ledger(0.0)
    ledger.attempt("itsp-a", "sip:x", "call", 1.0)
    ledger.answer(3.0)
    assert ledger.leave(causes.NORMAL, 9.0) is None
    assert (ledger.attempts[0].ended, ledger.attempts[0].cause) == (3.0, None)


def test_the_first_ringing_counts_and_183_is_none() -> None:
    ledger = Ledger(0.0)
    ledger.attempt("itsp-a", "sip:x", "call", 1.0)
    for moment, status in ((2.0, 183), (3.0, 180), (4.0, 181)):
        ledger.progress(status, moment)
    assert (ledger.ringing, ledger.attempts[0].progressed) == (3.0, True)


def test_talking_time_is_from_the_answer_to_the_end_and_none_without_both() -> None:
    ledger = Ledger(0.0)
    ledger.attempt("itsp-a", "sip:x", "call", 1.0)
    assert ledger.duration_s is None
    ledger.answer(3.0)
    assert ledger.duration_s is None
    ledger.end(causes.NORMAL, "callee", 10.0)
    assert ledger.duration_s == 7.0
