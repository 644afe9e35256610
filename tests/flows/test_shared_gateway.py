"""Several trunks to one gateway: each is a socket of ours to it, and nothing of one is taken for the other."""

from dataclasses import replace

from mediation.settings.model import Settings
from mediation.settings.peers import Gateway, Side
from mediation.settings.places import Listener
from mediation.settings.routes import Route
from mediation.sip.flow import Transport
from tests.flows.pair import Make
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OUTSIDE, SBC, settings, target, trunk
from tests.flows.world import World

FIRST, SECOND = Listener(Transport.UDP, OUTSIDE, 5060), Listener(Transport.UDP, OUTSIDE, 5080)
ROUTES = (
    Route(match="^\\+49", trunks=("national",)),
    Route(match="^\\+4", trunks=("national", "abroad")),
    Route(trunks=("abroad",)),
)


def shared() -> Settings:
    both = settings(
        trunk("national", SBC, local=(FIRST,), max_calls=1),
        trunk("abroad", SBC, local=(SECOND,), ptime_ms=30),
        routes=ROUTES,
    )
    return replace(both, gateway=Gateway(listen=(FIRST, SECOND)))


class Shared:
    """One SBC that knows us by two sockets, and a front end."""

    def __init__(self, make: Make) -> None:
        self.world: World = make(shared())
        self.phone = Peer(self.world, Side.FRONT_END, FRONT_END)
        self.sbc = Peer(self.world, Side.GATEWAY, SBC)

    def asked(self) -> list[tuple[str, int]]:
        """Our sockets that the SBC was called from, as Via names them."""
        return [
            (request.top_via.host, request.top_via.port or 5060)
            for _, request in self.sbc.received
            if getattr(request, "method", "") == "INVITE"
        ]


def test_each_trunk_calls_the_gateway_from_its_own_socket(make: Make) -> None:
    shared = Shared(make)
    for number in ("+4930", "+1425"):
        shared.phone.invites(number)
        shared.sbc.says(486)
    assert shared.asked() == [(OUTSIDE, 5060), (OUTSIDE, 5080)]
    assert [record.attempts[0].trunk for record in shared.world.records] == ["national", "abroad"]


def test_a_call_of_the_gateway_belongs_to_the_trunk_whose_socket_it_comes_to(make: Make) -> None:
    shared = Shared(make)
    for port, name in ((5060, "national"), (5080, "abroad")):
        shared.sbc.flow = replace(shared.sbc.flow, local=(OUTSIDE, port))
        shared.sbc.invites("+4930555")
        shared.phone.says(486)
        assert shared.world.records[-1].caller.trunk == name


def test_what_one_trunk_has_no_room_for_goes_to_the_same_gateway_by_the_other(make: Make) -> None:
    shared = Shared(make)
    shared.phone.invites("+4930")
    shared.phone.invites("+4940")
    shared.phone.invites("+4340")
    assert shared.asked() == [(OUTSIDE, 5060), (OUTSIDE, 5080)]
    assert "503" in shared.phone.heard()
    for line in tuple(shared.sbc.lines):
        shared.sbc.says(486, line=line)


# by the gateway's ports


def two_ports(make: Make) -> tuple[World, Peer, Peer]:
    """One address with a trunk at each of two ports, and a front end; all by one socket of ours."""
    world = make(
        settings(
            trunk("national", targets=(target(SBC),)),
            trunk("abroad", targets=(target(SBC, port=5070),)),
            routes=(Route(match="^\\+49", trunks=("national",)), Route(trunks=("abroad",))),
        )
    )
    return world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)


def moved(peer: Peer, port: int) -> None:
    """It speaks from this port of its address from now on."""
    peer.flow = replace(peer.flow, remote=(SBC, port))
    peer.world.join(peer)


def test_calls_from_either_port_belong_to_the_trunk_that_has_its_target_there(make: Make) -> None:
    world, phone, sbc = two_ports(make)
    for port, name in ((5070, "abroad"), (5060, "national")):
        moved(sbc, port)
        sbc.invites("+4930555")
        phone.says(486)
        assert world.records[-1].caller.trunk == name


def test_from_a_port_that_is_neithers_nobody_calls(make: Make) -> None:
    world, phone, sbc = two_ports(make)
    moved(sbc, 40000)
    sbc.invites("+4930555")
    assert phone.heard() == []
    assert "call.forbidden" in [fact.name for fact in world.facts]


def test_each_trunk_is_called_at_its_own_port(make: Make) -> None:
    world, phone, sbc = two_ports(make)
    moved(sbc, 5070)
    for number, name in (("+1", "abroad"), ("+49", "national")):
        phone.invites(number)
        sbc.says(486)
        assert world.records[-1].attempts[0].trunk == name
