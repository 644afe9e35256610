"""What a simulator does with a call that comes in: behaviours by name."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Step:
    """One response, so many seconds after the INVITE."""

    after_s: float
    status: int
    audio: bool = False
    """Whether a provisional response describes audio, and plays it."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A short script, played for each INVITE."""

    name: str
    steps: tuple[Step, ...]
    hang_up_after_s: float | None = None
    """So long after the ACK the called side hangs up; None: that is left to the caller."""

    @property
    def story(self) -> str:
        """What it does, in words: `180 after 0.05 s, 200 after 1 s`."""
        said = [
            f"{step.status}{' with audio' if step.audio else ''}"
            + (f" after {step.after_s:g} s" if step.after_s else " at once")
            for step in self.steps
        ]
        if self.steps[-1].status < 200:
            said.append("and nothing more")
        if self.hang_up_after_s is not None:
            said.append(f"BYE after {self.hang_up_after_s:g} s of talk")
        return ", ".join(said)


BEHAVIOURS: Final = {
    behaviour.name: behaviour
    for behaviour in (
        Behaviour("answer", (Step(0.0, 200),)),
        Behaviour("ring-then-answer", (Step(0.05, 180), Step(1.0, 200))),
        Behaviour("early-media", (Step(0.05, 183, audio=True), Step(1.5, 200))),
        Behaviour("brief-early-media", (Step(0.05, 183, audio=True), Step(0.3, 200))),
        Behaviour("answer-then-hang-up", (Step(0.05, 180), Step(0.3, 200)), hang_up_after_s=2.0),
        Behaviour("never-answer", (Step(0.05, 180),)),
        Behaviour("slow", (Step(4.0, 180), Step(6.0, 200))),
        Behaviour("busy", (Step(0.05, 486),)),
        Behaviour("503", (Step(0.0, 503),)),
    )
}
"""`reject=CODE` is one more, for any final response."""


class UnknownBehaviour(ValueError):  # noqa: N818 -- says what it is
    """No behaviour of that name."""


def behaviour_named(text: str) -> Behaviour:
    """The behaviour that a name stands for. Raises UnknownBehaviour."""
    name, equals, code = text.partition("=")
    if name == "reject" and equals:
        if len(code) == 3 and code.isascii() and code.isdigit() and "300" <= code <= "699":
            return Behaviour(text, (Step(0.0, int(code)),))
        raise UnknownBehaviour(f"{text}: reject wants a final response, reject=300 to reject=699")
    if text not in BEHAVIOURS:
        raise UnknownBehaviour(f"{text}: choose one of {', '.join(BEHAVIOURS)}, reject=CODE")
    return BEHAVIOURS[text]
