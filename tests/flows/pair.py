"""Two peers and the server between them, with the steps that most ladders share."""

from collections.abc import Callable

from mediation.b2bua.record import CallRecord
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, SBC
from tests.flows.world import World


class Pair:
    """A caller and a callee, whichever side each is on."""

    def __init__(self, world: World, caller: Peer, callee: Peer) -> None:
        self.world = world
        self.media = world.media
        self.caller = caller
        self.callee = callee

    def dials(self) -> None:
        """The caller invites, the callee is invited and trying."""
        self.caller.invites()
        assert self.caller.heard() == ["100"]
        assert self.callee.heard() == ["INVITE"]
        self.callee.says(100)

    def rings(self) -> None:
        """The same, and the callee rings."""
        self.dials()
        self.callee.says(180)
        assert self.caller.heard() == ["180"]

    def answers(self) -> None:
        """The same, and the callee answers; the caller's ACK is still to come."""
        self.dials()
        self.callee.says(200, sdp=self.callee.sdp())
        assert self.callee.heard() == ["ACK"]
        assert self.caller.heard() == ["200"]

    def connects(self) -> None:
        """The same, and the caller acknowledges."""
        self.answers()
        self.caller.acks()
        assert self.media.plans

    def ends(self) -> None:
        """The caller hangs up, and all goes as it should."""
        self.caller.heard(), self.callee.heard()
        self.caller.hangs_up()
        assert self.caller.heard() == ["200 BYE"]
        assert self.callee.heard() == ["BYE"]

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.world.advance(seconds)

    @property
    def record(self) -> CallRecord:
        """The one call record."""
        return self.world.record

    @property
    def over(self) -> bool:
        """Whether the call is done and written down."""
        return not self.world.engine.calls and len(self.world.records) == 1


def outbound(world: World, *, front_end: str = FRONT_END, sbc: str = SBC) -> Pair:
    """A front end calls through a trunk."""
    return Pair(world, Peer(world, Side.FRONT_END, front_end), Peer(world, Side.GATEWAY, sbc))


def inbound(world: World, *, front_end: str = FRONT_END, sbc: str = SBC) -> Pair:
    """A trunk calls a front end."""
    return Pair(world, Peer(world, Side.GATEWAY, sbc), Peer(world, Side.FRONT_END, front_end))


WAYS = {"outbound": outbound, "inbound": inbound}

Make = Callable[[Settings], World]
"""The fixture of that name: worlds with settings of the test's own."""
