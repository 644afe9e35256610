"""The calls that the lab places, and what must come of each."""

from dataclasses import dataclass
from typing import Final

FRONT_END, SBC_A, SBC_B = "front end", "sbc-a", "sbc-b"
MEDIATION = "mediation"
ACTORS: Final = (FRONT_END, MEDIATION, SBC_A, SBC_B)
"""The columns of every ladder."""


@dataclass(frozen=True, slots=True)
class Case:
    """One call."""

    name: str
    title: str
    story: str
    number: str
    """The called number: no two cases share one, so it names the call everywhere."""
    caller: str
    answered_by: str | None
    """The actor that must answer; None: nobody."""
    final_status: int
    """What the caller must hear."""
    verdict: str
    """What the call record must say."""
    behaviours: tuple[tuple[str, str], ...] = ()
    """(actor, behaviour) for this number; others ring and answer."""
    attempts: int = 1
    """How many targets the call record must list."""
    begins_s: float = 0.0
    talk_s: float = 3.0
    cancel_after_s: float | None = None
    early_media: bool = False
    """Whether audio must flow before the answer."""


CASES: Final = (
    Case(
        name="outbound",
        title="A call to the ITSP",
        story="The front end speaks µ-law, the trunk A-law. The called party rings, answers, and both talk.",
        number="+442071838750",
        caller=FRONT_END,
        answered_by=SBC_A,
        final_status=200,
        verdict="success",
        behaviours=((SBC_A, "ring-then-answer"),),
    ),
    Case(
        name="failover",
        title="Failover to the second SBC",
        story="The first SBC says 503. The call goes on to the second one, over TCP; the caller hears nothing of it.",
        number="+442071838751",
        caller=FRONT_END,
        answered_by=SBC_B,
        final_status=200,
        verdict="success",
        behaviours=((SBC_A, "503"), (SBC_B, "ring-then-answer")),
        attempts=2,
        begins_s=0.3,
    ),
    Case(
        name="inbound",
        title="A call from the ITSP",
        story="The second SBC calls a number of ours over TCP; the front end rings, answers, and both talk.",
        number="+441632960100",
        caller=SBC_B,
        answered_by=FRONT_END,
        final_status=200,
        verdict="success",
        behaviours=((FRONT_END, "ring-then-answer"),),
        begins_s=0.6,
    ),
    Case(
        name="early-media",
        title="Early media",
        story="The called side plays audio before it answers (183 with SDP); the caller hears it, "
        "and the answer does not move it.",
        number="+442071838752",
        caller=FRONT_END,
        answered_by=SBC_A,
        final_status=200,
        verdict="success",
        behaviours=((SBC_A, "early-media"),),
        begins_s=0.9,
        early_media=True,
    ),
    Case(
        name="cancel",
        title="A caller who gives up",
        story="The called party rings and does not answer. The caller hangs up: CANCEL on both sides, 487 on both.",
        number="+442071838753",
        caller=FRONT_END,
        answered_by=None,
        final_status=487,
        verdict="caller",
        behaviours=((SBC_A, "never-answer"),),
        begins_s=1.2,
        cancel_after_s=1.0,
    ),
    Case(
        name="busy",
        title="A busy number",
        story="The called party is busy. That is its last word: the second SBC is not asked.",
        number="+442071838754",
        caller=FRONT_END,
        answered_by=None,
        final_status=486,
        verdict="callee",
        behaviours=((SBC_A, "busy"),),
        begins_s=1.5,
    ),
    Case(
        name="callee-hangs-up",
        title="The called party hangs up",
        story="The called party answers, talks for two seconds, and ends the call itself.",
        number="+442071838755",
        caller=FRONT_END,
        answered_by=SBC_A,
        final_status=200,
        verdict="success",
        behaviours=((SBC_A, "answer-then-hang-up"),),
        begins_s=1.8,
        talk_s=20.0,
    ),
)
