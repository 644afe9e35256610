"""Flow 20: a branch without its centre lives by its own trunk and front end, and goes back once that is stable."""

from typing import Any

import pytest

from mediation.routing.health_table import State
from mediation.settings.health import Health
from mediation.settings.limits import CallLimits
from mediation.settings.peers import Side
from mediation.settings.routes import Route
from mediation.settings.trunks import Site
from tests.flows.pair import Make
from tests.flows.scenery import FRONT_END, OTHER_FRONT_END, OTHER_SBC, SBC, settings, trunk
from tests.flows.test_flow_10_health import Answering
from tests.flows.world import World

STABLE_S = 60
RULES = Health(
    interval_s=10,
    suspect_interval_s=2,
    down_interval_s=10,
    timeout_s=2,
    failures=3,
    stable_s=STABLE_S,
    slow_start_s=0,
)
GONE_S = 30
"""By then everybody who is not there is down."""
SITE = "+498912"


class Branch:
    """The centre's front end and mediation server, and what the branch has itself: a front end and a trunk."""

    def __init__(self, make: Make, rules: Health = RULES, *, calls_out: int = 0, **inside: Any) -> None:
        self.world: World = make(
            settings(
                trunk("centre", SBC, health=rules),
                trunk(
                    "local", OTHER_SBC, health=rules, site="munich", limits=CallLimits(calls_out=calls_out)
                ),
                routes=(
                    Route(match="^112$", trunks=("local", "centre"), emergency=True),
                    Route(trunks=("centre", "local")),
                ),
                sites=(Site(name="munich", country="DE", numbers=(SITE,)),),
                front_ends=(FRONT_END, OTHER_FRONT_END),
                health=rules,
                **inside,
            )
        )
        self.peers = {
            "centre": Answering(self.world, Side.GATEWAY, SBC),
            "local": Answering(self.world, Side.GATEWAY, OTHER_SBC),
            "centre's front end": Answering(self.world, Side.FRONT_END, FRONT_END),
            "own front end": Answering(self.world, Side.FRONT_END, OTHER_FRONT_END),
        }
        self.world.start()
        self.world.advance(5)

    def cut(self) -> None:
        """Nothing of the centre is reached any more."""
        for name in ("centre", "centre's front end"):
            self.peers[name].dead, self.peers[name].answer = True, 0

    def mend(self) -> None:
        """It is there again."""
        for name in ("centre", "centre's front end"):
            self.peers[name].dead, self.peers[name].answer = False, 200

    def call(self, caller: str, called: str = "+4930123") -> str:
        """A call that is answered by whoever is asked first; who that was."""
        self.place(caller, called)
        taker = self.takers()[0]
        peer = self.peers[taker]
        peer.says(200, sdp=peer.sdp())
        self.peers[caller].acks()
        self.peers[caller].hangs_up()
        return taker

    def place(self, caller: str, called: str = "+4930123") -> None:
        for peer in self.peers.values():
            peer.heard()
        self.peers[caller].invites(called, calling=f"{SITE}7")

    def takers(self) -> list[str]:
        return [name for name, peer in self.peers.items() if "INVITE" in peer.heard()]

    def out(self) -> str:
        return self.call("own front end")

    def into(self) -> str:
        return self.call("local", f"{SITE}3")

    def state(self, name: str) -> State:
        return next(each.state for each in self.world.engine.watch.reports if each.trunk == name)


@pytest.fixture
def branch(make: Make) -> Branch:
    return Branch(make)


def test_with_its_centre_a_branch_places_and_takes_calls_through_it(branch: Branch) -> None:
    assert branch.out() == "centre"
    assert branch.into() == "centre's front end"


def test_without_it_the_branch_places_calls_by_its_own_trunk_and_its_own_front_end_takes_them(
    branch: Branch,
) -> None:
    branch.cut()
    branch.world.advance(GONE_S)
    assert branch.state("centre") is State.DOWN
    assert branch.out() == "local"
    assert branch.into() == "own front end"


def test_the_first_call_after_the_loss_gets_there_too(branch: Branch) -> None:
    branch.cut()
    assert branch.out() == "local"
    assert branch.into() == "own front end"


def test_a_cable_that_is_pulled_says_nothing_and_each_side_has_its_own_patience(make: Make) -> None:
    branch = Branch(make, no_progress_s=2)
    branch.peers["centre"].answer = branch.peers["centre's front end"].answer = 0
    branch.world.advance(1)  # nobody has noticed yet
    branch.place("local", f"{SITE}3")
    assert branch.takers() == ["centre's front end"]
    branch.world.advance(1.9)
    assert branch.takers() == ["centre's front end"]  # the INVITE again, RFC 3261 section 17.1.1.2
    branch.world.advance(0.1)
    assert "own front end" in branch.takers()
    branch.peers["own front end"].says(486)


def test_calls_go_back_only_when_the_centre_has_been_stable_for_as_long_as_is_asked(branch: Branch) -> None:
    branch.cut()
    branch.world.advance(GONE_S)
    branch.mend()
    branch.world.advance(STABLE_S - 5)
    assert (branch.out(), branch.into()) == ("local", "own front end")
    branch.world.advance(20)
    assert branch.state("centre") is State.UP
    assert (branch.out(), branch.into()) == ("centre", "centre's front end")


def test_a_centre_that_comes_and_goes_moves_no_calls(branch: Branch) -> None:
    branch.cut()
    branch.world.advance(GONE_S)
    for _ in range(4):
        branch.mend()
        branch.world.advance(STABLE_S - 15)
        assert (branch.out(), branch.into()) == ("local", "own front end")
        branch.cut()
        branch.world.advance(15)
    assert [fact.name for fact in branch.world.facts].count("target.recovered") == 0
    branch.mend()
    branch.world.advance(STABLE_S + 15)
    assert branch.out() == "centre"


def test_a_call_that_the_centre_answers_late_does_not_make_it_stable(branch: Branch) -> None:
    branch.cut()
    branch.peers["local"].dead, branch.peers["local"].answer = True, 0
    branch.world.advance(GONE_S)
    branch.mend()
    assert branch.out() == "centre"  # there is nobody else
    assert branch.state("centre") is State.DOWN
    branch.peers["local"].dead, branch.peers["local"].answer = False, 200
    branch.world.advance(STABLE_S - 15)
    assert branch.out() == "centre"  # the local trunk is not stable yet either, and the route names it second


def test_live_calls_stay_where_they_are_when_the_centre_goes_and_when_it_is_back(branch: Branch) -> None:
    fe, centre, local = (branch.peers[name] for name in ("own front end", "centre", "local"))
    branch.place("own front end")
    centre.says(200, sdp=centre.sdp())
    fe.acks()
    through_the_centre = fe.line
    branch.cut()
    branch.world.advance(GONE_S)
    branch.place("own front end")
    local.says(200, sdp=local.sdp())
    fe.acks()
    by_the_local_trunk = fe.line
    branch.mend()
    fe.heard(), local.heard(), centre.heard()
    branch.world.advance(STABLE_S + 20)
    assert branch.out() == "centre"
    assert {*local.heard()} <= {"OPTIONS"}
    for line, peer in ((by_the_local_trunk, local), (through_the_centre, centre)):
        fe.hangs_up(line=line)
        assert peer.heard()[-1] == "BYE"


def test_a_full_local_trunk_leaves_the_next_call_to_a_centre_that_answers_again(make: Make) -> None:
    branch = Branch(make, calls_out=1)
    fe, local = branch.peers["own front end"], branch.peers["local"]
    branch.cut()
    branch.world.advance(GONE_S)
    branch.place("own front end")
    assert branch.takers() == ["local"]
    local.says(200, sdp=local.sdp())
    fe.acks()
    first = fe.line
    branch.mend()
    branch.world.advance(20)
    assert branch.state("centre") is State.DOWN
    assert branch.out() == "centre"
    fe.hangs_up(line=first)


def test_calls_for_help_always_leave_at_the_branch(branch: Branch) -> None:
    assert branch.call("own front end", "112") == "local"
    branch.cut()
    branch.world.advance(GONE_S)
    assert branch.call("own front end", "112") == "local"


def test_calls_for_help_leave_at_the_branch_though_its_own_trunk_is_doubted(branch: Branch) -> None:
    branch.peers["local"].answer = 0
    branch.world.advance(RULES.interval_s + RULES.timeout_s)
    assert branch.state("local") is State.SUSPECT
    assert branch.call("own front end", "112") == "local"


def test_calls_for_help_leave_elsewhere_when_the_own_trunk_is_down(branch: Branch) -> None:
    branch.peers["local"].dead, branch.peers["local"].answer = True, 0
    branch.world.advance(GONE_S)
    assert branch.state("local") is State.DOWN
    assert branch.call("own front end", "112") == "centre"


def test_a_call_for_help_that_the_doubted_trunk_does_not_take_goes_on_to_the_next(branch: Branch) -> None:
    branch.peers["local"].answer = 0
    branch.world.advance(RULES.interval_s + RULES.timeout_s)
    branch.peers["local"].dead = True
    assert branch.call("own front end", "112") == "centre"


def test_other_calls_pass_over_a_doubted_trunk(branch: Branch) -> None:
    branch.peers["centre"].answer = 0
    branch.world.advance(RULES.interval_s + RULES.timeout_s)
    assert branch.state("centre") is State.SUSPECT
    assert branch.out() == "local"


def test_a_centre_that_has_lost_its_itsp_says_503_and_the_branch_goes_on_by_itself(branch: Branch) -> None:
    centre, local = branch.peers["centre"], branch.peers["local"]
    for _ in range(RULES.failures):
        branch.place("own front end")
        centre.says(503)
        assert branch.takers() == ["centre", "local"]
        local.says(486)
        branch.world.advance(1)
    assert branch.state("centre") is State.DOWN  # though it answers OPTIONS
    assert branch.out() == "local"
