"""Whatever the targets of a call say, and whenever: once one of them has rung, no other is ever called."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.settings.routes import Route
from mediation.settings.server import Sip
from mediation.sip.message import Message, Request, Response
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, THIRD_SBC, trunk
from tests.flows.scenery import settings as world_settings
from tests.flows.world import World

SBCS = (SBC, OTHER_SBC, THIRD_SBC)
SET_UP_S = 60
STATUSES = (100, 180, 183, 199, 200, 302, 404, 480, 486, 500, 503, 504, 603)
CAUSES = (None, 17, 34, 41)
STEPS_S = (0.1, 0.6, 4.0, 10.0, 33.0)


class Search:
    """A call from a front end that three SBCs on two trunks may take."""

    def __init__(self) -> None:
        self.world = World(given_settings())
        self.caller = Peer(self.world, Side.FRONT_END, FRONT_END)
        self.sbcs = [Peer(self.world, Side.GATEWAY, host) for host in SBCS]
        self.called_at_ringing: int | None = None
        """How many had been called when one of them first rang, or answered; None: none has."""
        self.caller.invites()

    def says(self, index: int, status: int, cause: int | None) -> None:
        """The SBC says something about a call that it has got and has not refused."""
        sbc = self.sbcs[index]
        if not sbc.lines:
            return
        if 100 < status < 300 and not self.is_given_up(sbc) and self.called_at_ringing is None:
            self.called_at_ringing = self.called
        reason = "" if cause is None or status < 300 else f"Reason: Q.850;cause={cause}\r\n"
        sbc.says(status, sdp=sbc.sdp() if status in (183, 200) else b"", headers=reason)

    @property
    def called(self) -> int:
        """How many SBCs have been called."""
        return sum(map(len, map(self.moments, self.sbcs)))

    def is_given_up(self, sbc: Peer) -> bool:
        """Whether others are tried by now: it was silent for too long, or has been refused or has refused."""
        called = [at for other in self.sbcs for at in self.moments(other)]
        return max(called) > max(self.moments(sbc)) or any(
            isinstance(message, Request) and message.method in ("CANCEL", "ACK")
            for _, message in sbc.received
        )

    def moments(self, peer: Peer) -> list[float]:
        """When the SBC was called, each call once."""
        first: dict[str, float] = {}
        for at, message in peer.received:
            if isinstance(message, Request) and message.method == "INVITE":
                first.setdefault(message.call_id, at)
        return list(first.values())

    def is_kept(self) -> None:
        """No SBC is called after another one has rung, and none of them twice."""
        assert all(len(self.moments(sbc)) <= 1 for sbc in self.sbcs), "the same target is tried once"
        assert self.called_at_ringing in (None, self.called), "a second phone rings"
        answered = [m for _, m in self.caller.received if is_final(m)]
        if len(answered) > 1:
            assert len({m.status for m in answered if isinstance(m, Response)}) == 1, (
                "one final answer, however often it is repeated"
            )


def is_final(message: Message) -> bool:
    """Whether it answers the INVITE for good."""
    return isinstance(message, Response) and message.status >= 200 and message.cseq.method == "INVITE"


def given_settings() -> Settings:
    return world_settings(
        trunk("itsp-a", SBC, OTHER_SBC),
        trunk("itsp-b", THIRD_SBC),
        routes=(Route(trunks=("itsp-a", "itsp-b")),),
        sip=Sip(setup_limit_s=SET_UP_S),
    )


def reply(index: int, status: int, cause: int | None) -> Callable[[Search], None]:
    return lambda search: search.says(index, status, cause)


def wait(seconds: float) -> Callable[[Search], None]:
    return lambda search: search.world.advance(seconds)


def die(index: int) -> Callable[[Search], None]:
    def act(search: Search) -> None:
        search.sbcs[index].dead = True

    return act


ACTS = st.one_of(
    st.builds(reply, st.integers(0, 2), st.sampled_from(STATUSES), st.sampled_from(CAUSES)),
    st.builds(wait, st.sampled_from(STEPS_S)),
    st.builds(die, st.integers(0, 2)),
    st.just(lambda search: search.caller.cancels()),
)


@settings(max_examples=300)
@given(st.lists(ACTS, max_size=14))
def test_no_second_phone_rings_and_the_set_up_has_one_deadline__rfc3261_16_7(
    acts: list[Callable[[Search], None]],
) -> None:
    search = Search()
    began = search.world.now
    for act in acts:
        act(search)
        search.is_kept()
    search.world.advance(SET_UP_S + 1)
    search.is_kept()
    for sbc in search.sbcs:
        assert all(at <= began + SET_UP_S for at in search.moments(sbc)), (
            "nobody is called after the deadline"
        )
    assert any(is_final(m) for _, m in search.caller.received), "the caller has its answer by then"
