"""Whole runs of a probe against the lab's SBC in virtual time: the report differs as the SBCs do."""

import pytest

from mediation.probing.evidence import Evidence
from mediation.probing.finding import Finding, Verdict
from mediation.probing.findings import findings
from mediation.probing.plan import MOST_CALLS, SIZES
from mediation.probing.prober import Prober, Script, Wait
from mediation.probing.scripts import main_call
from mediation.sip.message import Request, Response
from tests.unit.probing.table import Table

YES, NO, PARTLY, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.PARTLY, Verdict.UNKNOWN
RICH = ("prack", "update", "refer", "both-laws", "min-se=1800", "srtp")


def found(evidence: Evidence, name: str) -> Finding:
    return next(each for each in findings(evidence) if each.name == name)


def verdicts(evidence: Evidence) -> dict[str, Verdict]:
    return {each.name: each.verdict for each in findings(evidence)}


@pytest.fixture(scope="module")
def rich() -> Evidence:
    return Table(*RICH, behaviour="early-media").run()


@pytest.fixture(scope="module")
def poor() -> Evidence:
    return Table("no-reinvite", "no-events", "largest=1500").run()


def test_an_sbc_with_everything_is_told_so(rich: Evidence) -> None:
    told = verdicts(rich)
    for name in ("options", "call", "prack", "update", "timer", "laws", "telephone-event", "hold", "srtp", "refer",
                 "identity", "unallocated", "busy", "sizes", "delay"):  # fmt: skip
        assert told[name] is YES, found(rich, name)
    assert "Min-SE: 1800" in found(rich, "timer").told
    assert "404 Not Found" in found(rich, "unallocated").told
    assert "486 Busy Here" in found(rich, "busy").told


def test_an_sbc_with_nothing_is_told_so(poor: Evidence) -> None:
    told = verdicts(poor)
    for name in ("prack", "update", "timer", "telephone-event", "hold", "srtp", "refer"):
        assert told[name] is NO, found(poor, name)
    assert told["laws"] is PARTLY
    assert told["sizes"] is PARTLY
    assert "up to 1500 octets answered, 2000 not" in found(poor, "sizes").told
    advised = {advice.key: advice.value for each in findings(poor) for advice in each.advice}
    assert advised == {"codecs": ["PCMA"], "telephone_event": False, "mid_call.hold": "local"}


def test_hold_by_0_0_0_0_alone_is_told_rfc3264_8_4() -> None:
    evidence = Table("hold-by-zero", script=main_call).run()
    hold = found(evidence, "hold")
    assert hold.verdict is PARTLY
    assert "sendonly: 488" in hold.told
    assert "0.0.0.0: 200" in hold.told
    assert [(advice.key, advice.value) for advice in hold.advice] == [("mid_call.hold", "local")]


def test_a_minimum_above_our_interval_becomes_our_interval_rfc4028_6() -> None:
    timer = found(Table("min-se=3600").run(), "timer")
    assert timer.verdict is YES
    assert [(advice.key, advice.value) for advice in timer.advice] == [("session_timer.expires_s", 3600)]


def test_the_whole_run_keeps_to_its_bounds(rich: Evidence) -> None:
    calls = {
        each.message.call_id
        for trial in rich.trials.values()
        for each in trial.spoken
        if each.sent and isinstance(each.message, Request) and each.message.method == "INVITE"
    }
    assert len(calls) <= MOST_CALLS
    assert len(SIZES) == len(rich.trials["sizes"].requests("OPTIONS"))


@pytest.mark.parametrize("traits", [RICH, ("no-reinvite", "largest=1500"), ("hold-by-zero",), ()])
@pytest.mark.parametrize(
    "behaviour", ["answer", "early-media", "answer-then-hang-up", "slow", "ring-then-answer"]
)
def test_every_call_is_hung_up_before_the_next_begins(traits: tuple[str, ...], behaviour: str) -> None:
    table = Table(*traits, behaviour=behaviour)
    evidence = table.run()
    assert table.done
    assert table.prober.broken_off == ""
    assert table.sbc.calls == set()
    open_call = ""
    for trial in evidence.trials.values():
        for each in trial.spoken:
            message = each.message
            if isinstance(message, Request) and message.method == "INVITE" and message.call_id != open_call:
                assert open_call == "", trial.name
                open_call = message.call_id
            elif isinstance(message, Response) and message.call_id == open_call:
                refused = message.cseq.method == "INVITE" and message.status >= 300 and message.status != 422
                within = trial.answered is not None
                if message.cseq.method == "BYE" or (refused and not within):
                    open_call = ""
    assert open_call == ""


@pytest.mark.parametrize(("behaviour", "heard"), [("busy", "486"), ("503", "503"), ("never-answer", "487")])
def test_a_number_that_does_not_answer_is_called_once_and_left_in_peace(behaviour: str, heard: str) -> None:
    table = Table(behaviour=behaviour)
    evidence = table.run()
    assert table.done
    assert table.sbc.calls == set()
    assert heard in found(evidence, "call").told
    assert found(evidence, "call").verdict is NO
    assert set(evidence.trials) == {"options", "sizes", "call"}
    assert verdicts(evidence)["timer"] is UNKNOWN


def test_srtp_is_tried_where_a_call_in_the_clear_is_refused() -> None:
    evidence = Table("srtp", behaviour="reject=488").run()
    assert set(evidence.trials) == {"options", "sizes", "call", "srtp-1"}
    assert found(evidence, "ptime").verdict is UNKNOWN


def test_the_deadline_of_the_run_hangs_up_and_asks_nothing_more() -> None:
    table = Table(*RICH, behaviour="slow", total_s=8.0)
    evidence = table.run()
    assert table.done
    assert "8 s" in table.prober.broken_off
    assert table.sbc.calls == set()
    assert "refer" not in evidence.trials


@pytest.mark.parametrize("steps", [0, 1, 3, 10, 40, 80, 200, 400])
def test_it_can_be_broken_off_anywhere_and_leaves_no_call(steps: int) -> None:
    table = Table(*RICH, behaviour="early-media")
    table.prober.start(table.now)
    for _ in range(steps):
        if not table.done:
            table.step()
    table.prober.stop(table.now, "it was interrupted")
    for _ in range(2000):
        if table.done:
            break
        table.step()
    assert table.done
    assert table.sbc.calls == set()


def test_a_trunk_that_answers_nothing_is_unknown_rather_than_lacking() -> None:
    table = Table("largest=10")
    evidence = table.run()
    assert table.done
    assert verdicts(evidence)["call"] is NO
    assert verdicts(evidence)["sizes"] is UNKNOWN
    assert verdicts(evidence)["prack"] is UNKNOWN


def test_a_script_goes_on_at_once_when_what_it_waits_for_is_there() -> None:
    steps: list[float] = []

    def script(prober: Prober) -> Script:
        yield Wait(lambda: True, 1000.0)
        steps.append(prober.now)
        yield Wait(lambda: False, 2.0)
        steps.append(prober.now)

    table = Table(script=script)
    table.run()
    assert steps == [100.0, 102.0]
