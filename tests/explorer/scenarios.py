"""The race flows of RFC 5407 section 3, each as what the two parties want."""

from dataclasses import dataclass
from typing import NamedTuple

from tests.explorer.intents import Intent


class Wish(NamedTuple):
    """Who wants what."""

    party: str
    """`caller`, `callee`, or `target`: who is called by a transfer."""
    intent: Intent

    def __str__(self) -> str:
        return f"{self.party}.{self.intent}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """Wishes up to where the race begins, fulfilled in peace; and those of the race, fulfilled at any moment."""

    name: str
    section: str
    """Of RFC 5407, or the flow it belongs to."""
    setup: tuple[Wish, ...]
    race: tuple[Wish, ...]
    closes: str = "caller"
    """Who hangs up in the end, where the call has survived."""
    reliable: bool = False
    """Whether the server tells callers reliably that it rings (RFC 3262)."""
    announces: bool = False
    """Whether callers hear something before they are refused."""
    passes_on: bool = False
    """Whether the server lets the other party perform a transfer, instead of performing it itself."""

    @property
    def transfers(self) -> bool:
        """Whether there is somebody to be transferred to."""
        return not self.passes_on and any(wish.intent is Intent.REFER for wish in self.race)


def wishes(*words: str) -> tuple[Wish, ...]:
    """Wishes as text: `caller.bye`."""
    return tuple(Wish(party, Intent(intent)) for party, _, intent in (word.partition(".") for word in words))


_CALLED = wishes("caller.invite")
_RINGING = wishes("caller.invite", "callee.ring")
_TALKING = wishes("caller.invite", "callee.ring", "callee.answer")

ALL = (
    Scenario("call", "RFC 3665 3.1", (), _TALKING),
    Scenario("call-without-offer", "flow 17", (), wishes("caller.invite-without-offer", "callee.answer")),
    Scenario("refusal", "RFC 3665 3.8", (), wishes("caller.invite", "callee.ring", "callee.refuse")),
    Scenario("invite-repeated-after-answer", "3.1.1", (), wishes("caller.invite", "callee.answer"), "callee"),
    Scenario("cancel-x-answer", "3.1.2", _RINGING, wishes("caller.cancel", "callee.answer")),
    Scenario("cancel-x-first-response", "3.1.2", _CALLED, wishes("caller.cancel", "callee.ring", "callee.answer")),
    Scenario("cancel-x-refusal", "flow 6", _RINGING, wishes("caller.cancel", "callee.refuse")),
    Scenario("cancel-x-announcement", "flow 3", _RINGING, wishes("callee.refuse", "caller.cancel"), announces=True),
    Scenario("early-bye-x-announcement", "flow 3", _RINGING, wishes("callee.refuse", "caller.bye"), announces=True),
    Scenario(
        "prack-x-announcement", "flow 3", _RINGING, wishes("callee.refuse", "caller.cancel"),
        reliable=True, announces=True,
    ),
    Scenario(
        "early-update-x-announcement", "flow 3", wishes("caller.invite", "callee.ring-reliably"),
        wishes("callee.refuse", "caller.early-update"), reliable=True, announces=True,
    ),
    Scenario("early-bye-x-answer", "3.1.3", _RINGING, wishes("caller.bye", "callee.answer")),
    Scenario("early-bye-x-refusal", "3.1.3", _RINGING, wishes("caller.bye", "callee.refuse")),
    Scenario("reinvite-before-ack", "3.1.4", _RINGING, wishes("callee.answer", "caller.hold"), "callee"),
    Scenario(
        "reinvite-before-ack-without-offer",
        "3.1.5",
        wishes("caller.invite-without-offer", "callee.ring"),
        wishes("callee.answer", "caller.hold"),
    ),
    Scenario("reinvite-of-callee-before-ack", "3.1.4", _RINGING, wishes("callee.answer", "callee.hold")),
    Scenario("update-before-ack", "3.1.4", _RINGING, wishes("callee.answer", "caller.update")),
    Scenario("update-of-callee-before-ack", "3.1.4", _RINGING, wishes("callee.answer", "callee.update")),
    Scenario("bye-before-ack", "3.1.6", _RINGING, wishes("callee.answer", "caller.bye")),
    Scenario("bye-of-callee-before-ack", "3.1.6", _RINGING, wishes("callee.answer", "callee.bye")),
    Scenario("bye-x-bye", "3.2.1", _TALKING, wishes("caller.bye", "callee.bye")),
    Scenario("reinvite-x-bye-of-same-party", "3.2.3", _TALKING, wishes("caller.hold", "caller.bye")),
    Scenario("reinvite-x-bye", "3.2.2", _TALKING, wishes("caller.hold", "callee.bye")),
    Scenario("reinvite-of-callee-x-bye", "3.2.2", _TALKING, wishes("callee.hold", "caller.bye")),
    Scenario("late-ack-x-bye", "3.2.4", _RINGING, wishes("callee.answer", "caller.hold", "callee.bye")),
    Scenario("reinvite-x-reinvite", "3.3.1", _TALKING, wishes("caller.hold", "callee.hold")),
    Scenario("hold-and-resume", "flow 11", _TALKING, wishes("caller.hold", "caller.hold"), "callee"),
    Scenario("update-x-reinvite", "3.3.2", _TALKING, wishes("caller.update", "callee.hold")),
    Scenario("reinvite-x-update", "3.3.2", _TALKING, wishes("caller.hold", "callee.update"), "callee"),
    Scenario("update-x-update", "3.3.2", _TALKING, wishes("caller.update", "callee.update")),
    Scenario("fax-and-back", "flow 12", _TALKING, wishes("callee.fax", "caller.fax", "callee.fax"), "callee"),
    Scenario("fax-x-hold", "flow 12", _TALKING, wishes("caller.hold", "callee.fax")),
    Scenario("fax-x-update", "flow 12", _TALKING, wishes("caller.fax", "callee.update")),
    Scenario("fax-x-bye", "flow 12", _TALKING, wishes("callee.fax", "caller.bye")),
    Scenario("fax-x-bye-of-same-party", "flow 12", _TALKING, wishes("caller.fax", "caller.bye")),
    Scenario("update-x-bye", "3.2.2", _TALKING, wishes("caller.update", "callee.bye")),
    Scenario("refer-x-bye", "3.3.3", _TALKING, wishes("caller.refer", "callee.bye", "target.answer")),
    Scenario("refer-behind-bye", "3.3.3", _TALKING, wishes("callee.bye", "caller.refer")),
    Scenario("refer-x-bye-of-same-party", "flow 15", _TALKING, wishes("caller.refer", "caller.bye", "target.answer")),
    Scenario("refer-of-callee-x-bye", "3.3.3", _TALKING, wishes("callee.refer", "caller.bye", "target.answer")),
    Scenario("refer", "flow 15", _TALKING, wishes("caller.refer", "target.ring", "target.answer"), "callee"),
    Scenario("refer-refused", "flow 15", _TALKING, wishes("caller.refer", "target.ring", "target.refuse")),
    Scenario(
        "refer-x-reinvite-of-same-party", "flow 15", _TALKING,
        wishes("caller.refer", "caller.hold", "target.answer"), "callee",
    ),
    Scenario("refer-x-refer", "flow 15", _TALKING, wishes("caller.refer", "callee.refer", "target.answer")),
    Scenario("refer-x-reinvite", "flow 15", _TALKING, wishes("caller.refer", "callee.hold", "target.answer")),
    Scenario(
        "refer-of-callee-x-reinvite", "flow 15", _TALKING,
        wishes("callee.refer", "target.answer", "caller.hold", "target.hold"),
    ),
    Scenario("refer-x-fax", "flow 15", _TALKING, wishes("caller.refer", "callee.fax", "target.answer")),
    Scenario("refer-passed-on", "flow 15", _TALKING, wishes("caller.refer"), passes_on=True),
    Scenario("refer-passed-on-x-bye", "flow 15", _TALKING, wishes("caller.refer", "callee.bye"), passes_on=True),
    Scenario(
        "refer-passed-on-x-bye-of-same-party", "flow 15", _TALKING, wishes("caller.refer", "caller.bye"), passes_on=True
    ),
    Scenario("prack", "RFC 3262", _CALLED, wishes("callee.ring-reliably", "callee.answer")),
    Scenario("prack-x-answer", "RFC 3262", _CALLED, wishes("callee.ring", "callee.answer"), reliable=True),
    Scenario("prack-x-prack", "RFC 3262", _CALLED, wishes("callee.ring-reliably", "callee.answer"), reliable=True),
    Scenario("prack-x-cancel", "RFC 3262", _CALLED, wishes("callee.ring-reliably", "caller.cancel"), reliable=True),
    Scenario("prack-x-early-bye", "RFC 3262", _CALLED, wishes("callee.ring-reliably", "caller.bye"), reliable=True),
    Scenario("prack-x-refusal", "RFC 3262", _CALLED, wishes("callee.ring-reliably", "callee.refuse"), reliable=True),
    Scenario(
        "early-update-x-answer", "RFC 3311", wishes("caller.invite", "callee.ring-reliably"),
        wishes("caller.early-update", "callee.answer"), reliable=True,
    ),
    Scenario(
        "early-update-of-callee-x-answer", "RFC 3311", wishes("caller.invite", "callee.ring-reliably"),
        wishes("callee.early-update", "callee.answer"), reliable=True,
    ),
    Scenario(
        "early-update-x-early-update", "RFC 3311", wishes("caller.invite", "callee.ring-reliably"),
        wishes("caller.early-update", "callee.early-update", "callee.answer"), reliable=True,
    ),
)  # fmt: skip
NAMED = {scenario.name: scenario for scenario in ALL}
