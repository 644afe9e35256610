"""A bug in any handler ends one call on both its legs, is written down, and leaves nothing behind.

Each method of a call and its parts is made to raise at one of its invocations, in the course of calls that
between them come through all of them.
"""

import functools
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

from mediation.b2bua.call import Call
from mediation.b2bua.call_media import CallMedia
from mediation.b2bua.call_table import Phase
from mediation.b2bua.hunt import Hunt
from mediation.b2bua.ledger import Ledger
from mediation.b2bua.leg import Leg
from mediation.b2bua.plan import MediaSilent
from mediation.b2bua.reception import Reception
from mediation.settings.model import Side
from mediation.sip.invite import InviteSession
from tests.flows.automats import Automat
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, settings, trunk
from tests.flows.world import World

INVOCATIONS = range(1, 4)
LAST_RESORTS = {"abort", "forget", "abandon", "break_off", "_close", "_close_media", "_finish", "_record"}
"""What ends a call whatever else is broken; it cannot be broken itself."""
RECORD_AND_MEDIA = {"record", "ended", "close"}
"""Nor can these be, again and again: without them there is no record, or no end of media."""
NOT_YET_A_CALL = {"received", "called", "__init__"}
"""Until a leg exists there is no call: the INVITE is answered 500 and forgotten."""


class BugError(Exception):
    """Raised where nobody expects it."""


class Stage:
    """A front end, two SBCs that react by themselves, and the server between them."""

    def __init__(self) -> None:
        self.world = World(settings(trunk("itsp-a", SBC, OTHER_SBC)))
        self.world.may_break = True
        self.caller = Automat(self.world, Side.FRONT_END, FRONT_END)
        self.first = Automat(self.world, Side.GATEWAY, SBC, (100, 183, 180, 200))
        self.second = Automat(self.world, Side.GATEWAY, OTHER_SBC, (486,))

    def advance(self, seconds: float) -> None:
        """Let time pass, in which 200s without ACK are repeated."""
        self.world.advance(0.5)
        for peer in (self.first, self.second):
            peer.repeats_its_answer()
        self.world.advance(seconds - 0.5)

    def dangling(self) -> list[str]:
        """Calls that somebody still holds for alive."""
        peers = [peer for peer in (self.caller, self.first, self.second) if not peer.dead]
        return [call for peer in peers for call in peer.dangling()]


def talks(stage: Stage) -> None:
    """Early media, ringing, an answer, re-INVITEs of both kinds and from both sides, hung up by the callee."""
    stage.caller.invites()
    if stage.caller.talks:
        stage.caller.reinvites(stage.caller.sdp(direction="sendonly", version=2))
    if stage.first.talks:
        stage.first.line.offered = False
        stage.first.reinvites(b"")
    stage.advance(60)
    stage.first.hangs_up_if_it_talks()


def is_cancelled(stage: Stage) -> None:
    """The caller gives up while it rings."""
    stage.first.script = (180,)
    stage.caller.invites()
    stage.advance(5)
    stage.caller.cancels()


def fails_over(stage: Stage) -> None:
    """The first target answers nothing above 100 and then too late; the second refuses."""
    stage.first.script, stage.first.answers_cancel = (100,), False
    stage.caller.invites()
    stage.advance(11)
    if stage.first.lines:
        stage.first.says(200, sdp=stage.first.sdp())


def is_never_acked(stage: Stage) -> None:
    """The caller makes no offer and sends no ACK."""
    stage.caller.acks_answers = False
    stage.caller.invites(sdp=b"")
    stage.advance(40)


def rings_out(stage: Stage) -> None:
    """Nobody answers, and nobody answers the CANCEL either."""
    stage.first.script, stage.first.answers_cancel = (180,), False
    stage.caller.invites()
    stage.advance(220)


def falls_silent(stage: Stage) -> None:
    """The caller's answer comes in its ACK; audio dies, and nobody answers the BYE."""
    stage.caller.answers_bye = stage.first.answers_bye = False
    stage.caller.invites(sdp=b"")
    stage.advance(60)
    for call in list(stage.world.engine.calls):
        stage.world.media_says(MediaSilent(call, caller=True))


def loses_its_caller(stage: Stage) -> None:
    """The caller cannot be reached any more when it should hear the ringing."""
    stage.first.script = (100,)
    stage.caller.invites()
    stage.caller.dead = True
    if stage.first.lines:
        stage.first.says(180)


def finds_no_ports(stage: Stage) -> None:
    """Media refuses."""
    stage.world.media.refuses = True
    stage.caller.invites()


STORIES = (talks, is_cancelled, fails_over, is_never_acked, rings_out, falls_silent, loses_its_caller,
           finds_no_ports)  # fmt: skip
Story = Callable[[Stage], None]
METHODS = [
    (owner, name)
    for owner in (Call, CallMedia, Hunt, Ledger, Leg, InviteSession)
    for name, member in vars(owner).items()
    if isinstance(member, FunctionType | classmethod) and name not in LAST_RESORTS | NOT_YET_A_CALL
]


class Saboteur:
    """Makes one method raise, at one of its invocations or from that one on."""

    def __init__(self, patch: pytest.MonkeyPatch, world: World, owner: type, name: str) -> None:
        self.at, self.always = 0, False
        self.invoked = 0
        self.phase: Phase | None = None
        """Where the call stood when the bug struck first."""
        self.before_the_call = False
        """Whether there was none yet."""
        self.world = world
        method = owner.__dict__[name]
        function = method.__func__ if isinstance(method, classmethod) else method

        @functools.wraps(function)
        def wrapped(*arguments: Any, **named: Any) -> object:
            self.invoked += 1
            if self.invoked == self.at or (self.always and self.invoked > self.at):
                self.strike()
                raise BugError(name)
            return function(*arguments, **named)

        patch.setattr(owner, name, classmethod(wrapped) if isinstance(method, classmethod) else wrapped)

    def strike(self) -> None:
        """Remember the moment."""
        if self.phase is None:
            call = next(iter(self.world.engine.calls.values()), None)
            self.before_the_call |= call is None and not self.world.records
            self.phase = Phase.CLEARING if call is None else call.phase


def tell(story: Story, owner: type, name: str, at: int, *, always: bool = False) -> tuple[Stage, Saboteur]:
    """Play a story with a bug in it, to its end and long after."""
    stage = Stage()
    with pytest.MonkeyPatch.context() as patch:
        saboteur = Saboteur(patch, stage.world, owner, name)
        saboteur.at, saboteur.always = at, always
        story(stage)
        stage.advance(400)
    return stage, saboteur


@pytest.mark.parametrize("story", STORIES)
def test_without_a_bug_each_story_comes_to_a_good_end(story: Story) -> None:
    stage = Stage()
    story(stage)
    stage.world.may_break = False
    stage.world.check()
    assert stage.dangling() == []


@pytest.mark.parametrize(("owner", "name"), METHODS)
def test_a_bug_that_strikes_once_ends_the_call_on_both_legs(owner: type, name: str) -> None:
    for story in STORIES:
        for at in INVOCATIONS:
            stage, saboteur = tell(story, owner, name, at)
            if saboteur.invoked < at:
                break
            if not saboteur.before_the_call:
                ends_well(stage, saboteur, f"{story.__name__}, invocation {at}")


def ends_well(stage: Stage, saboteur: Saboteur, where: str) -> None:
    """Nobody holds the call for alive, nothing is left, and both log and record tell of the bug."""
    stage.world.check()
    assert stage.dangling() == [], where
    if saboteur.phase is not Phase.CLEARING:
        assert stage.world.record.cause.reason == "internal-error", where
    assert {"call.broke", "engine.broke"} & {fact.name for fact in stage.world.facts}, where


@pytest.mark.parametrize(("owner", "name"), [each for each in METHODS if each[1] not in RECORD_AND_MEDIA])
def test_a_bug_that_strikes_again_and_again_leaves_a_record_and_no_call(owner: type, name: str) -> None:
    for story in STORIES:
        stage, saboteur = tell(story, owner, name, 1, always=True)
        if not saboteur.before_the_call:
            assert len(stage.world.records) == 1, story.__name__
        assert not stage.world.engine.calls, story.__name__
        assert not stage.world.media.open, story.__name__


@pytest.mark.parametrize(("owner", "name"), [(Leg, "received"), (InviteSession, "called")])
def test_a_bug_before_there_is_a_leg_is_500_and_leaves_nothing(owner: type, name: str) -> None:
    stage, _ = tell(talks, owner, name, 1)
    assert stage.caller.heard() == ["100", "500"]
    assert stage.world.idle


def test_a_bug_in_one_call_leaves_the_others_alone() -> None:
    stage = Stage()
    stage.caller.invites()
    talking = next(iter(stage.world.engine.calls))
    stage.first.script = (180,)
    stage.caller.invites()
    stage.first.line = stage.first.lines[0]
    stage.first.reinvites()  # the call that was served last is not to blame
    stage.first.acks()
    with pytest.MonkeyPatch.context() as patch:
        saboteur = Saboteur(patch, stage.world, Hunt, "timer_fired")
        saboteur.at = 1
        stage.world.advance(181)
    assert list(stage.world.engine.calls) == [talking]
    assert stage.world.record.cause.reason == "internal-error"
    stage.caller.hangs_up(line=stage.caller.lines[0])
    assert len(stage.world.records) == 2


def test_a_bug_while_the_server_stops_does_not_keep_the_other_calls_alive() -> None:
    stage = Stage()
    stage.caller.invites()
    stage.caller.invites()
    with pytest.MonkeyPatch.context() as patch:
        saboteur = Saboteur(patch, stage.world, Call, "stop")
        saboteur.at = 1
        stage.world.stop()
    stage.world.check()
    assert stage.dangling() == []


def test_a_bug_outside_of_any_call_is_500_and_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    saboteur = Saboteur(monkeypatch, stage.world, Reception, "_answer_options")
    saboteur.at = 1
    stage.caller.asks("OPTIONS")
    stage.caller.asks("OPTIONS")
    assert stage.caller.heard() == ["500 OPTIONS", "200 OPTIONS"]
    assert stage.caller.response(500).to.tag
    assert [fact.name for fact in stage.world.facts] == ["engine.broke"]
