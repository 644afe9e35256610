"""A bug in any handler ends one call on both its legs, is written down, and leaves nothing behind.

Each method of a call and its parts is made to raise at one of its invocations, in the course of calls that
between them come through all of them.
"""

import functools
from collections import Counter
from collections.abc import Callable
from types import FunctionType
from typing import Any

import pytest

from mediation.b2bua.answers import Answers
from mediation.b2bua.bridge import Bridge
from mediation.b2bua.call import Call
from mediation.b2bua.call_media import CallMedia
from mediation.b2bua.call_table import Phase
from mediation.b2bua.changes import Changes
from mediation.b2bua.conversation import Conversation
from mediation.b2bua.hearing import Hearing
from mediation.b2bua.hunt import Hunt
from mediation.b2bua.joining import Joining
from mediation.b2bua.ledger import Ledger
from mediation.b2bua.leg import Leg
from mediation.b2bua.passing import Passing
from mediation.b2bua.questions import Questions
from mediation.b2bua.reception import Reception
from mediation.b2bua.refusing import Refusing
from mediation.b2bua.rulings import Petition
from mediation.b2bua.seats import Seats
from mediation.b2bua.setup import Setup
from mediation.b2bua.succession import Successions
from mediation.b2bua.transfer import Transfer
from mediation.sip.invite import InviteSession
from tests.flows.stage import Stage
from tests.flows.stories import STORIES, stage_of, talks
from tests.flows.world import World

MOST = 2
"""So many invocations of a method in one story are made to fail, each by itself."""
MOST_STORIES = 9
"""So many of the stories that come through a method are told with a bug in it: others for each method."""
LAST_RESORTS = {"abort", "forget", "forget_media", "abandon", "break_off", "_close", "_finish", "_record",
                "stop_asking", "stop_limit"}  # fmt: skip
"""What ends a call whatever else is broken; it cannot be broken itself."""
RECORD_AND_MEDIA = {"record", "end", "ended", "close"}
"""Nor can these be, again and again: without them there is no record, or no end of media."""
NOT_YET_A_CALL = {"received", "called", "__init__"}
"""Until a leg exists there is no call: the INVITE is answered 500 and forgotten."""


NEVER = {(Joining, "_together")}
"""What tells of bugs itself."""


TELLS_BOTH = (Joining, "_cue")
"""It tells two calls of a bug, so it cannot be broken again and again."""


class BugError(Exception):
    """Raised where nobody expects it."""


Story = Callable[[Stage], None]
METHODS: list[tuple[type, str]] = [
    (owner, name)
    for owner in (
        Call,
        CallMedia,
        Hunt,
        Ledger,
        Leg,
        InviteSession,
        Bridge,
        Conversation,
        Changes,
        Seats,
        Questions,
        Transfer,
        Joining,
        Petition,
        Setup,
        Refusing,
        Successions,
        Hearing,
        Passing,
        Answers,
    )
    for name, member in vars(owner).items()
    if isinstance(member, FunctionType | classmethod)
    and name not in LAST_RESORTS | NOT_YET_A_CALL
    and (owner, name) not in NEVER
]


@functools.cache
def invocations(story: Story) -> Counter[tuple[type, str]]:
    """How often a story comes through each of the methods."""
    count: Counter[tuple[type, str]] = Counter()
    stage = stage_of(story)
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in METHODS:
            watch(patch, owner, name, lambda each=(owner, name): count.update([each]))  # type: ignore[misc]
        story(stage)
        stage.advance(400)
    return count


def through(owner: type, name: str) -> list[Story]:
    """The stories that come through a method."""
    return [story for story in STORIES if invocations(story)[owner, name]]


def some_through(owner: type, name: str) -> list[Story]:
    """Of those as many as are told."""
    stories = through(owner, name)
    first = METHODS.index((owner, name)) % max(1, len(stories))
    return (stories[first:] + stories[:first])[:MOST_STORIES]


def watch(patch: pytest.MonkeyPatch, owner: type, name: str, before: Callable[[], None]) -> None:
    """Let something happen before each invocation of a method."""
    method = owner.__dict__[name]
    function = method.__func__ if isinstance(method, classmethod) else method

    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> object:
        before()
        return function(*arguments, **named)

    patch.setattr(owner, name, classmethod(wrapped) if isinstance(method, classmethod) else wrapped)


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
        self._name = name
        watch(patch, owner, name, self._act)

    def _act(self) -> None:
        self.invoked += 1
        if self.invoked == self.at or (self.always and self.invoked > self.at):
            self.strike()
            raise BugError(self._name)

    def strike(self) -> None:
        """Remember the moment."""
        if self.phase is None:
            phases = {call.phase for call in self.world.engine.calls.values()}
            self.before_the_call |= not phases and not self.world.records
            self.phase = Phase.CLEARING if not phases or Phase.CLEARING in phases else phases.pop()


def tell(story: Story, owner: type, name: str, at: int, *, always: bool = False) -> tuple[Stage, Saboteur]:
    """Play a story with a bug in it, to its end and long after."""
    stage = stage_of(story)
    with pytest.MonkeyPatch.context() as patch:
        saboteur = Saboteur(patch, stage.world, owner, name)
        saboteur.at, saboteur.always = at, always
        story(stage)
        stage.advance(400)
    return stage, saboteur


@pytest.mark.parametrize("story", STORIES)
def test_without_a_bug_each_story_comes_to_a_good_end(story: Story) -> None:
    stage = stage_of(story)
    story(stage)
    stage.world.may_break = False
    stage.world.check()
    assert stage.dangling() == []


def test_between_them_the_stories_come_through_every_method() -> None:
    assert [each for each in METHODS if not through(*each)] == []


@pytest.mark.parametrize(("owner", "name"), METHODS)
def test_a_bug_that_strikes_once_ends_the_call_on_both_legs(owner: type, name: str) -> None:
    for story in some_through(owner, name):
        for at in range(1, min(MOST, invocations(story)[owner, name]) + 1):
            stage, saboteur = tell(story, owner, name, at)
            assert saboteur.invoked >= at
            if not saboteur.before_the_call:
                ends_well(stage, saboteur, f"{story.__name__}, invocation {at}")


def ends_well(stage: Stage, saboteur: Saboteur, where: str) -> None:
    """Nobody holds the call for alive, nothing is left, and both log and record tell of the bug."""
    stage.world.check()
    assert stage.dangling() == [], where
    if saboteur.phase is not Phase.CLEARING:
        assert "internal-error" in [record.cause.reason for record in stage.world.records], where
    assert {"call.broke", "engine.broke"} & {fact.name for fact in stage.world.facts}, where


@pytest.mark.parametrize(
    ("owner", "name"),
    [each for each in METHODS if each[1] not in RECORD_AND_MEDIA and each != TELLS_BOTH],
)
def test_a_bug_that_strikes_again_and_again_leaves_a_record_and_no_call(owner: type, name: str) -> None:
    for story in some_through(owner, name):
        stage, saboteur = tell(story, owner, name, 1, always=True)
        if not saboteur.before_the_call:
            assert len(stage.world.records) == stage.world._accepted > 0, story.__name__
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
