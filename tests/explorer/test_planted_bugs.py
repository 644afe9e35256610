"""The explorer can fail: bugs put in on purpose are found, and the command that it prints plays them again."""

import shlex
from collections.abc import Callable

import pytest

from mediation.b2bua.bridge import Bridge
from mediation.sip.answering import Answering
from mediation.sip.ids import IdSource
from mediation.sip.message import Request
from mediation.sip.session_table import SESSION, Act, Cue, Stage
from tests.explorer.__main__ import main
from tests.explorer.scenarios import NAMED
from tests.explorer.search import Search

Plant = Callable[[pytest.MonkeyPatch], None]


def row(stage: Stage, cue: Cue, after: Stage, *acts: Act) -> Plant:
    """Another row in the table of sessions."""
    return lambda patch: patch.setitem(SESSION, (stage, cue), (after, acts))


def takes_any_ack(patch: pytest.MonkeyPatch) -> None:
    def is_acknowledged_by(answering: Answering, ack: Request) -> bool:
        accepted = answering._accepted
        return accepted is not None and ack.cseq.number == accepted.cseq.number

    patch.setattr(Answering, "is_acknowledged_by", is_acknowledged_by)


def tells_the_other_call_id(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(IdSource, "call_id", lambda _: "caller-fe-call")


def forgets_who_waits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Bridge, "succeed", lambda *_: None)


BUGS: dict[str, tuple[Plant, str, int, str]] = {
    "no BYE after a 200 that crossed our CANCEL": (
        row(
            Stage.CANCELLING, Cue.RECEIVED_2XX, Stage.ENDED,
            Act.STOP_GIVE_UP, Act.SEND_ACK, Act.TELL_TOO_LATE,
        ),
        "cancel-x-answer", 1, "no agreement: caller ended, callee confirmed",
    ),
    "a repeated 200 gets no ACK": (
        row(Stage.CONFIRMED, Cue.RECEIVED_2XX, Stage.CONFIRMED),
        "call", 1, "callee-sbc: no ACK to a 2xx",
    ),
    "CANCEL before any provisional response": (
        row(Stage.CALLING, Cue.HANG_UP, Stage.CANCELLING, Act.SEND_CANCEL, Act.START_GIVE_UP),
        "cancel-x-first-response", 1, "CANCEL before any provisional response (section 9.1)",
    ),
    "BYE before the ACK": (
        row(Stage.ACCEPTED, Cue.HANG_UP, Stage.ENDING, Act.STOP_REPEATING, Act.SEND_BYE),
        "bye-of-callee-before-ack", 1, "BYE from the called side before the ACK (section 15)",
    ),
    "the answer is not repeated": (
        row(Stage.ACCEPTED, Cue.REPEAT_2XX, Stage.ACCEPTED),
        "call", 1, "caller-fe: BYE from the called side before its answer",
    ),
    "a BYE that crosses ours is not answered": (
        row(Stage.ENDING, Cue.RECEIVED_BYE, Stage.ENDING),
        "bye-x-bye", 1, "no final response to BYE",
    ),
    "an ACK that comes twice takes the next INVITE away": (
        takes_any_ack, "hold-and-resume", 2, "no agreement: caller waits for an answer to INVITE",
    ),
    "a change that a transferor has not answered is forgotten": (
        forgets_who_waits, "refer-x-reinvite", 1, "of the callee was never answered",
    ),
    "one side is told the other's Call-ID": (tells_the_other_call_id, "call", 0, "was told"),
}  # fmt: skip


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_that_is_planted_is_found_and_played_again(
    bug: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plant, scenario, depth, symptom = BUGS[bug]
    plant(monkeypatch)
    search = Search(NAMED[scenario], "outbound")
    search.exhaust(depth, enough=3)
    found = next(each for each in search.found if symptom in "\n".join(each.faults))
    assert main(shlex.split(found.command)[3:]) == 1
    replayed = capsys.readouterr().out
    assert all(fault in replayed for fault in found.faults)
    monkeypatch.undo()
    assert main(shlex.split(found.command)[3:]) == 0


def test_a_walk_of_the_same_seed_finds_the_same_and_its_command_needs_no_seed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    BUGS["a repeated 200 gets no ACK"][0](monkeypatch)
    first, second, other = (Search(NAMED["call"], "inbound") for _ in range(3))
    first.walk(1, 60)
    second.walk(1, 60)
    other.walk(2, 60)
    assert first.found
    assert [each.command for each in first.found] == [each.command for each in second.found]
    assert [each.command for each in first.found] != [each.command for each in other.found]
    assert first.replay(first.found[0].choices)[1] == list(first.found[0].faults)


def test_interferences_that_commute_are_played_once_and_no_fault_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    BUGS["a BYE that crosses ours is not answered"][0](monkeypatch)
    with_pruning, without = (
        Search(NAMED["bye-x-bye"], "outbound", prunes=prunes) for prunes in (True, False)
    )
    with_pruning.exhaust(2)
    without.exhaust(2)
    assert with_pruning.orderings < without.orderings
    assert with_pruning.pruned > 100
    assert without.pruned == 0
    faults = [{fault for each in search.found for fault in each.faults} for search in (with_pruning, without)]
    assert faults[0] == faults[1] != set()
