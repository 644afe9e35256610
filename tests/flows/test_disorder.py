"""Whatever peers say, in whatever order: nothing of ours breaks, everything is freed, every call is written down."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.b2bua.media_facts import MediaLost, MediaSilent
from tests.flows.pair import WAYS, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import OTHER_SBC, SBC, trunk
from tests.flows.scenery import settings as world_settings
from tests.flows.world import World

Act = Callable[[Pair], None]
STATUSES = (100, 180, 183, 199, 200, 200, 200, 202, 302, 401, 404, 486, 487, 500, 503, 603)
TAGS = ("", "", "", "fork-b", "fork-c")
BODIES = ("offer", "offer", "none", "G722", "rubbish", "hold", "moved")


def body(peer: Peer, kind: str) -> bytes:
    """What a peer may put into a message."""
    match kind:
        case "none":
            return b""
        case "rubbish":
            return b"rubbish"
        case "G722":
            return peer.sdp("G722")
        case "hold":
            return peer.sdp(direction="sendonly", version=2)
        case "moved":
            return peer.sdp(port=4800, version=3)
        case _:
            return peer.sdp()


def dial(kind: str) -> Act:
    def act(call: Pair) -> None:
        call.caller.invites(sdp=body(call.caller, kind))

    return act


def reply(status: int, kind: str, tag: str) -> Act:
    def act(call: Pair) -> None:
        if call.callee.lines:
            call.callee.says(status, sdp=body(call.callee, kind), tag=tag)

    return act


def by(name: str, act: Callable[[Peer], None]) -> Act:
    """Something that either side may do once it has a line."""

    def acts(call: Pair) -> None:
        peer: Peer = getattr(call, name)
        if peer.lines and peer.said:
            act(peer)

    return acts


def closing(call: Pair) -> None:
    """The called side answers CANCEL and BYE."""
    if call.callee.lines:
        for method in ("CANCEL", "BYE"):
            if method in call.callee.line.asked:
                call.callee.says(200, to=method)


def media(lost: bool) -> Act:
    def act(call: Pair) -> None:
        for each in list(call.media.open):
            if lost:
                del call.media.open[each]
                call.world.media_says(MediaLost(each, "worker died"))
            else:
                call.world.media_says(MediaSilent(each, caller=True))

    return act


SIDES = st.sampled_from(["caller", "callee"])
ACTS: st.SearchStrategy[Act] = st.one_of(
    st.builds(dial, st.sampled_from(BODIES)),
    st.builds(reply, st.sampled_from(STATUSES), st.sampled_from(BODIES), st.sampled_from(TAGS)),
    st.builds(reply, st.sampled_from(STATUSES), st.just("offer"), st.just("")),
    st.builds(by, SIDES, st.sampled_from([Peer.acks, Peer.hangs_up, Peer.reinvites, Peer.repeats])),
    st.builds(by, st.just("caller"), st.just(Peer.cancels)),
    st.builds(
        by, SIDES, st.sampled_from(BODIES).map(lambda kind: lambda peer: peer.reinvites(body(peer, kind)))
    ),
    st.builds(by, SIDES, st.sampled_from(BODIES).map(lambda kind: lambda peer: peer.acks(body(peer, kind)))),
    st.builds(
        by,
        SIDES,
        st.sampled_from(["OPTIONS", "INFO", "UPDATE", "PRACK"]).map(
            lambda method: lambda peer: peer.asks(method, within=True)
        ),
    ),
    st.builds(by, st.just("callee"), st.just(lambda peer: peer.hangs_up(tag="fork-b"))),
    st.just(closing),
    st.sampled_from([0.5, 4.0, 11.0, 33.0, 200.0]).map(lambda seconds: lambda call: call.advance(seconds)),
    st.builds(media, st.booleans()),
    st.sampled_from([True, False]).map(lambda dead: lambda call: setattr(call.callee, "dead", dead)),
    st.sampled_from([True, False]).map(lambda slow: lambda call: setattr(call.media, "slow", slow)),
)


@pytest.mark.parametrize("way", list(WAYS))
@settings(max_examples=150, derandomize=True)
@given(acts=st.lists(ACTS, min_size=3, max_size=25))
def test_nothing_that_peers_say_in_any_order_breaks_or_leaks(way: str, acts: list[Act]) -> None:
    world = World(world_settings(trunk("itsp-a", SBC, OTHER_SBC)))
    call = WAYS[way](world)
    call.caller.acks_failures = call.callee.answers_bye = False
    dial("offer")(call)
    for act in acts:
        act(call)
    call.callee.dead = False
    call.caller.hangs_up()
    world.stop()
    world.check()
