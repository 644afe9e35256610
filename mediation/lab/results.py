"""What a run of the lab found out: values that the display, the report and the exit code are made from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mediation.lab.ladder import LadderMessage
from mediation.lab.proof import Claim, Verdict
from mediation_codecs.law import Law


@dataclass(frozen=True, slots=True)
class DirectionResult:
    """Audio one way through the server: what went in, what came out, and the judgement of it."""

    sender: str
    """Who spoke: an actor's name, as in the ladder."""
    receiver: str
    sent_octets: bytes
    sent_law: Law
    received_octets: bytes
    """As a listener hears it: gaps filled with silence (`proof.heard`)."""
    received_law: Law
    verdict: Verdict

    @property
    def title(self) -> str:
        """`front end → sbc-b`."""
        return f"{self.sender} → {self.receiver}"


@dataclass(frozen=True, slots=True)
class CallResult:
    """One call of the lab."""

    name: str
    """Short and unique, of letters, digits and hyphens: `outbound`."""
    title: str
    """`A call to the ITSP`."""
    story: str
    """One or two sentences: what is tried here, and what must come of it."""
    actors: tuple[str, ...]
    """The columns of the ladder, from left to right."""
    messages: tuple[LadderMessage, ...]
    claims: tuple[Claim, ...]
    """About signalling and the call record; those about audio are in the directions."""
    directions: tuple[DirectionResult, ...] = ()
    cdr: Mapping[str, object] | None = None
    """The server's own record of the call; None: it wrote none."""

    @property
    def all_claims(self) -> tuple[tuple[str, Claim], ...]:
        """Every claim with what it is about: empty for signalling, else the direction's title."""
        audio = [(way.title, claim) for way in self.directions for claim in way.verdict.claims]
        return (*(("", claim) for claim in self.claims), *audio)

    @property
    def passed(self) -> bool:
        """Whether every claim holds."""
        return all(claim.passed for _, claim in self.all_claims)


@dataclass(frozen=True, slots=True)
class LabResult:
    """One run of the lab."""

    calls: tuple[CallResult, ...]
    started_at: datetime
    """With its time zone."""
    duration_s: float
    claims: tuple[Claim, ...] = ()
    """About the run as a whole: the server came up, it ended cleanly, nothing was left over."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What it ran on: version, Python, machine."""

    @property
    def checks(self) -> tuple[int, int]:
        """How many claims passed, of how many."""
        every = [claim for _, _, claim in self._every()]
        return sum(claim.passed for claim in every), len(every)

    @property
    def passed(self) -> bool:
        """Whether something was claimed and every claim holds."""
        good, total = self.checks
        return 0 < good == total

    @property
    def failures(self) -> tuple[str, ...]:
        """A line for each claim that failed: where, what, the figure, and why."""
        return tuple(
            ", ".join(part for part in (call, about) if part)
            + (": " if call or about else "")
            + f"{claim.name}: {claim.figure}"
            + (f" ({claim.detail})" if claim.detail else "")
            for call, about, claim in self._every()
            if not claim.passed
        )

    @property
    def summary(self) -> str:
        """`5 calls, 84 checks, all passed, 14.2 s`."""
        good, total = self.checks
        verdict = "all passed" if self.passed else f"{total - good} failed"
        return f"{len(self.calls)} calls, {total} checks, {verdict}, {self.duration_s:.1f} s"

    def _every(self) -> Iterator[tuple[str, str, Claim]]:
        for claim in self.claims:
            yield "", "", claim
        for call in self.calls:
            for about, claim in call.all_claims:
                yield call.name, about, claim
