"""How the final responses of one trunk are read: settings."""

from dataclasses import dataclass, field

from mediation.settings.story import setting, story
from mediation.settings.words import check_failure_or_any


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseRule:
    """One rule: a response that fits counts as another one, and no later rule is asked."""

    status: int = setting(
        0,
        low=0,
        high=699,
        check=check_failure_or_any,
        doc="Final response of the trunk, from 400. 0: whichever.",
        example="486",
    )
    cause: int = setting(
        -1,
        low=-1,
        high=127,
        doc="ITU-T Q.850 value in its Reason header (RFC 3326). -1: whichever, or none.",
        example="34",
    )
    becomes: int = field(
        metadata=story(
            "Response that it counts as: for failover, for the call record and for the caller.",
            low=400,
            high=699,
            example="503",
        )
    )

    def fits(self, status: int, cause: int | None) -> bool:
        """Whether it speaks of this response; `cause` is what the Reason header says."""
        return self.status in (0, status) and self.cause in (-1, cause)


RESPONSE_DOC = (
    "A final response of this trunk that stands for another one, such as 486 with Q.850 cause 34 for 503: the first "
    "rule that fits decides."
)
