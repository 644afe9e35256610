"""A call that comes back for whom it was placed is 482 at once, by whatever servers and in whatever words it comes."""

from dataclasses import replace

import pytest

from mediation.settings.identity import TrunkIdentity
from mediation.settings.model import Settings
from mediation.settings.peers import Gateway, Internal, Side
from mediation.settings.places import Listener
from mediation.settings.routes import Route
from mediation.sip.flow import Flow, Transport
from mediation.sip.message import Message
from tests.flows.pair import Make, Pair, inbound
from tests.flows.peers import CALLED, CALLING, Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, OUTSIDE, SBC, networks, settings, target, trunk
from tests.flows.world import World

TRANSIT = ("transit",)


def looped(world: World) -> int:
    return [fact.name for fact in world.facts].count("call.looped")


@pytest.fixture
def given(world: World) -> Pair:
    """A call of a trunk, which the front end may give back."""
    return inbound(world)


def test_a_call_that_a_back_to_back_user_agent_gives_back_is_482(given: Pair) -> None:
    call = given
    call.dials()
    back = call.callee.invites(CALLED, calling=CALLING)
    assert call.callee.heard() == ["482"]
    assert len(call.world.engine.calls) == 1
    assert looped(call.world) == 1
    call.callee.says(482, line=call.callee.lines[0])
    assert call.caller.heard() == ["482"]
    assert call.world.record.cause.reason == "loop"
    assert back.call_id not in {attempt.call_id for attempt in call.world.record.attempts}


def test_a_front_end_may_call_its_own_number_by_the_itsp_but_not_again_and_again(world: World) -> None:
    """Where a telephone system sends its calls and whose numbers are its own are often two tables."""
    phones, sbc = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    phones.invites(CALLED, calling=CALLING)
    sbc.invites(CALLED, calling=CALLING)
    assert phones.heard() == ["100", "INVITE"]
    phones.invites(CALLED, calling=CALLING)
    assert phones.heard() == ["482"]
    assert sbc.heard() == ["INVITE", "100"]
    phones.says(482, line=phones.lines[1])
    sbc.says(482, line=sbc.lines[0])
    assert phones.heard() == ["ACK", "482"]
    assert looped(world) == 1


def test_it_is_seen_as_long_as_nobody_has_answered(given: Pair) -> None:
    call = given
    call.rings()
    call.advance(30)
    call.callee.invites(CALLED, calling=CALLING)
    assert call.callee.heard() == ["482"]
    call.callee.says(486, line=call.callee.lines[0])


def test_once_it_is_answered_the_number_may_call_again(call: Pair) -> None:
    call.answers()
    call.callee.invites(CALLED, calling=CALLING)
    assert call.callee.heard() == ["100"]
    call.caller.says(486)
    call.caller.hangs_up(line=call.caller.lines[0])


def test_a_forwarded_call_that_comes_back_for_somebody_else_is_no_circle__rfc3261_16_3(call: Pair) -> None:
    call.dials()
    call.callee.invites("+4930777", calling=CALLING)
    assert call.callee.heard() == ["100"]
    call.caller.says(486)
    call.callee.says(486, line=call.callee.lines[0])


def test_another_caller_of_the_same_number_is_no_circle(call: Pair) -> None:
    call.dials()
    call.callee.invites(CALLED, calling="+15550199")
    assert call.callee.heard() == ["100"]
    call.caller.says(486)
    call.callee.says(486, line=call.callee.lines[0])


def test_the_same_caller_may_call_the_same_number_twice(call: Pair) -> None:
    call.dials()
    call.caller.invites(CALLED, calling=CALLING)
    assert call.caller.heard() == ["100"]
    for line in tuple(call.callee.lines):
        call.callee.says(486, line=line)


def test_a_caller_whose_number_was_replaced_on_the_way_out_is_known_by_the_new_one(make: Make) -> None:
    identity = TrunkIdentity(own_numbers="^\\+4930", number="+493012345600")
    made = two_trunks(usages=TRANSIT)
    world = make(replace(made, trunks=(made.trunks[0], replace(made.trunks[1], identity=identity))))
    pbx, itsp = Peer(world, Side.GATEWAY, SBC), Peer(world, Side.GATEWAY, OTHER_SBC)
    pbx.invites(CALLED, calling=CALLING)
    itsp.invites(CALLED, calling="+493012345600")
    assert itsp.heard() == ["INVITE", "482"]
    itsp.says(482, line=itsp.lines[0])


def test_an_anonymous_call_that_comes_back_is_482(make: Make) -> None:
    world = make(settings())
    phones, sbc = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    nobody = '"Anonymous" <sip:anonymous@anonymous.invalid>'
    sbc.invites(CALLED, from_=nobody)
    phones.invites(CALLED, from_=nobody)
    assert phones.heard() == ["INVITE", "482"]
    phones.says(482, line=phones.lines[0])


def two_trunks(*, usages: tuple[str, ...]) -> Settings:
    return settings(
        trunk("pbx", SBC, usages=usages),
        trunk("itsp", OTHER_SBC, usages=TRANSIT),
        routes=(Route(trunks=("itsp", "pbx"), usages=TRANSIT),),
    )


def test_a_call_of_a_trunk_that_the_next_one_gives_back_for_it_is_482(make: Make) -> None:
    world = make(two_trunks(usages=TRANSIT))
    pbx, itsp = Peer(world, Side.GATEWAY, SBC), Peer(world, Side.GATEWAY, OTHER_SBC)
    pbx.invites(CALLED, calling=CALLING)
    assert itsp.heard() == ["INVITE"]
    itsp.invites(CALLED, calling=CALLING)
    assert itsp.heard() == ["482"]
    itsp.says(482, line=itsp.lines[0])
    assert pbx.heard() == ["100", "482"]


def test_one_that_it_gives_back_for_the_front_ends_is_none(make: Make) -> None:
    """From a telephone system of old by the ITSP to a user of the front ends: a long way, and no circle."""
    made = two_trunks(usages=TRANSIT)
    world = make(replace(made, trunks=(made.trunks[0], replace(made.trunks[1], usages=()))))
    pbx, itsp = Peer(world, Side.GATEWAY, SBC), Peer(world, Side.GATEWAY, OTHER_SBC)
    phone = Peer(world, Side.FRONT_END, FRONT_END)
    pbx.invites(CALLED, calling=CALLING)
    itsp.invites(CALLED, calling=CALLING)
    assert itsp.heard() == ["INVITE", "100"]
    assert phone.heard() == ["INVITE"]
    phone.says(486)
    itsp.says(486, line=itsp.lines[0])


def test_a_way_that_leads_back_is_left_out_where_there_is_another(make: Make) -> None:
    third = "198.51.100.32"
    made = settings(
        trunk("pbx", SBC, usages=TRANSIT),
        trunk("itsp", OTHER_SBC, usages=TRANSIT),
        trunk("other", third),
        routes=(Route(trunks=("itsp", "pbx", "other"), usages=TRANSIT),),
    )
    world = make(made)
    pbx, itsp, other = (Peer(world, Side.GATEWAY, host) for host in (SBC, OTHER_SBC, third))
    pbx.invites(CALLED, calling=CALLING)
    itsp.invites(CALLED, calling=CALLING)
    assert (pbx.heard(), other.heard()) == (["100"], ["INVITE"])
    other.says(486)
    itsp.says(486, line=itsp.lines[0])


def test_a_circle_takes_no_room(make: Make) -> None:
    world = make(settings(trunk(max_calls=1)))
    phones, sbc = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    sbc.invites(CALLED, calling=CALLING)
    for _ in range(50):
        phones.invites(CALLED, calling=CALLING)
    assert phones.heard() == ["INVITE", *["482"] * 50]
    phones.says(486, line=phones.lines[0])


# circles that close behind our back


def rounds(call: Pair, *hops: int, calling: str = CALLING) -> list[str]:
    """The same call again and again, from the same peer; what it hears of the last."""
    for left in hops:
        call.caller.heard()
        call.caller.invites(CALLED, calling=calling, max_forwards=left)
    heard = call.caller.heard()
    for line in tuple(call.callee.lines):
        call.callee.says(486, line=line)
    return heard


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_a_call_that_comes_again_with_as_many_hops_less_each_time_goes_round__rfc7332(
    call: Pair, lost: int
) -> None:
    assert rounds(call, *(70 - lost * times for times in range(4))) == ["482"]
    assert looped(call.world) == 1


@pytest.mark.parametrize(
    "hops", [(70, 70, 70, 70, 70), (70, 68, 66), (70, 68, 66, 67), (61, 64, 67, 70), (70, 69, 66, 65)]
)
def test_calls_that_are_alike_and_lose_no_hops_in_step_are_different_calls(
    call: Pair, hops: tuple[int, ...]
) -> None:
    assert rounds(call, *hops) == ["100"]


def test_callers_without_a_number_are_many(call: Pair) -> None:
    assert rounds(call, 70, 68, 66, 64, calling="anonymous") == ["100"]


@pytest.mark.parametrize("hops", [70, 1])
def test_each_leg_has_a_hop_less__rfc3261_16_6(call: Pair, hops: int) -> None:
    call.caller.invites(CALLED, max_forwards=hops)
    assert call.callee.request("INVITE").max_forwards == hops - 1
    call.callee.says(486)


# two servers of ours

NEIGHBOUR, NEIGHBOURS_INSIDE = SBC, "198.51.100.40"


class Tunnel:
    """What one server sends to another one, and who it is that has sent it."""

    def __init__(self, here: World, local: str, there: World, remote: str) -> None:
        """`here` knows the other one as `remote`; what is sent there arrives from `local`."""
        self.flow = Flow(Transport.UDP, (local, 5060), (remote, 5060))
        self.dead = False
        self.heard: list[Message] = []
        self._there = there
        self._arrives_by = Flow(Transport.UDP, (remote, 5060), (local, 5060))
        here.join(self)

    def take(self, message: Message) -> None:
        self.heard.append(message)
        self._there.receive(bytes(message), self._arrives_by)

    def invites(self) -> int:
        return sum(getattr(each, "method", "") == "INVITE" for each in self.heard)


def test_two_servers_that_route_to_each_other_end_the_call_at_once(make: Make) -> None:
    ours = make(settings(trunk("neighbour", NEIGHBOUR)))
    made = replace(
        settings(trunk("we", OUTSIDE)),
        internal=Internal(
            listen=(Listener(Transport.UDP, NEIGHBOURS_INSIDE, 5060),),
            targets=(target(OUTSIDE),),
            trusted=networks(f"{OUTSIDE}/32"),
        ),
        gateway=Gateway(listen=(Listener(Transport.UDP, NEIGHBOUR, 5060),)),
    )
    theirs = World(made, chance=21)
    there, back = Tunnel(ours, OUTSIDE, theirs, NEIGHBOUR), Tunnel(theirs, NEIGHBOUR, ours, OUTSIDE)
    caller = Peer(ours, Side.FRONT_END, FRONT_END)
    caller.invites(CALLED, calling=CALLING)
    assert caller.heard() == ["100", "INVITE"]
    caller.invites(CALLED, calling=CALLING)
    assert caller.heard() == ["482"]
    caller.says(482, line=caller.lines[1])
    assert caller.heard() == ["ACK", "482"]
    assert (there.invites(), back.invites()) == (1, 1)
    assert len(theirs.engine.calls) == 0
    theirs.advance(40)
