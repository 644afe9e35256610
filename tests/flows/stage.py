"""Where stories are told: peers that react by themselves, and the server between them."""

from typing import Any

from mediation.b2bua.rulings import PolicyAnswered
from mediation.settings.announcements import Announcement
from mediation.settings.bypass import Bypass, BypassMode
from mediation.settings.peers import Side
from mediation.settings.policy import PolicyHook
from mediation.settings.recording import RecordingRule, Recordings
from mediation.settings.server import Sip
from mediation_codecs.codec import Codec
from tests.flows.automats import Automat
from tests.flows.scenery import (
    FRONT_END,
    NO_BYPASS,
    NO_RECORDING,
    OTHER_FRONT_END,
    OTHER_SBC,
    SBC,
    USUAL_POLICY,
    settings,
    trunk,
)
from tests.flows.world import World


class Stage:
    """Two front ends, two SBCs that react by themselves, and the server between them."""

    def __init__(
        self, terms: dict[str, Any] | None = None, policy: PolicyHook = USUAL_POLICY, *, past_us: bool = False
    ) -> None:
        """`terms` are those of the trunk; `past_us`: audio goes straight between the parties where it can."""
        recording = NO_RECORDING if past_us else Recordings(directory="/rec", rules=(RecordingRule(),))
        self.world = World(
            settings(
                trunk("itsp-a", SBC, OTHER_SBC, **(terms or {})),
                front_ends=(OTHER_FRONT_END,),
                policy=policy,
                announcements=(
                    Announcement(status=604, sound="file:/gone.wav"),
                    Announcement(reason="refused-by-policy", sound="tone:busy:de"),
                ),
                sip=Sip(max_duration_s=300),
                recording=recording,
                bypass=Bypass(mode=BypassMode.ALWAYS) if past_us else NO_BYPASS,
                codecs=(Codec.PCMA,) if past_us else (Codec.PCMU,),
            )
        )
        self.world.may_break = True
        self.caller = Automat(self.world, Side.FRONT_END, FRONT_END)
        self.target = Automat(self.world, Side.FRONT_END, OTHER_FRONT_END)
        self.first = Automat(self.world, Side.GATEWAY, SBC, (100, 183, 180, 200))
        self.second = Automat(self.world, Side.GATEWAY, OTHER_SBC, (486,))

    def advance(self, seconds: float) -> None:
        """Let time pass, in which 200s without ACK are repeated."""
        self.world.advance(0.5)
        for peer in (self.first, self.second, self.target):
            peer.repeats_its_answer()
        self.world.advance(seconds - 0.5)

    def ruled(self, answer: object) -> None:
        """The policy answers whatever it was asked."""
        for call in list(self.world.questions):
            self.world.policy_says(PolicyAnswered(call, answer))

    def dangling(self) -> list[str]:
        """Calls that somebody still holds for alive."""
        everybody = (self.caller, self.target, self.first, self.second)
        peers = [peer for peer in everybody if not peer.dead]
        return [call for peer in peers for call in peer.dangling()]
