"""A trunk that the settings have turned off: no call goes to it or comes from it, and it is left in peace."""

from dataclasses import replace

from mediation.settings.peers import Side
from tests.flows.pair import Make, inbound, outbound
from tests.flows.peers import Peer
from tests.flows.registrar import registering
from tests.flows.scenery import OTHER_SBC, SBC, settings, trunk


def test_calls_go_to_the_next_trunk_and_after_the_last_one_the_answer_is_503(make: Make) -> None:
    for others, expected in (((trunk("itsp-b", OTHER_SBC),), ["INVITE"]), ((), [])):
        world = make(settings(trunk(enabled=False), *others))
        call, other = outbound(world), Peer(world, Side.GATEWAY, OTHER_SBC)
        world.start()
        call.caller.invites()
        assert call.callee.heard() == []
        assert other.heard() == expected
        if others:
            other.says(486)
        else:
            assert call.caller.heard() == ["100", "503"]
            assert call.record.cause.reason == "all-targets-down"


def test_calls_and_messages_from_it_are_503_so_that_the_itsp_tries_elsewhere(make: Make) -> None:
    world = make(settings(trunk(enabled=False)))
    world.start()
    call = inbound(world)
    call.caller.invites()
    assert call.caller.heard() == ["100", "503"]
    assert call.record.cause.reason == "trunk-out-of-use"
    for method in ("OPTIONS", "MESSAGE"):
        call.caller.asks(method)
        assert call.caller.heard() == [f"503 {method}"]
    assert call.callee.heard() == []


def test_nobody_asks_it_how_it_does_and_it_does_not_register(make: Make) -> None:
    world = make(settings(replace(registering(), enabled=False)))
    sbc = Peer(world, Side.GATEWAY, SBC)
    world.begin()
    world.start()
    world.advance(300.0)
    assert sbc.heard() == []
    assert [fact.name for fact in world.facts if fact.fields.get("trunk") == "itsp-a"] == ["target.drained"]


def test_a_message_to_it_is_503(make: Make) -> None:
    world = make(settings(trunk(enabled=False)))
    world.start()
    call = outbound(world)
    call.caller.asks("MESSAGE", uri=f"sip:+4930@{call.caller.flow.local[0]}:5060")
    assert call.caller.heard() == ["503 MESSAGE"]
    assert call.callee.heard() == []
