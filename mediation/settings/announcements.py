"""What a caller hears before a refusal: settings."""

from dataclasses import dataclass, field
from typing import Final

from mediation.settings.story import setting, story
from mediation.settings.words import UnfitError, check_failure_or_any, check_file
from mediation_codecs.refusal_tones import COUNTRIES, RefusalTone

FILE, TONE = "file:", "tone:"

OUR_REASONS: Final = (
    "no-route", "no-trunk-in-country", "call-limit", "rate-limit", "bandwidth-limit", "all-targets-down",
    "not-registered", "refused-by-policy", "policy-failed", "no-answer",
)  # fmt: skip
"""Why we refuse a call ourselves, as the call record says it."""

_FORM: Final = 'write "file:PATH", or "tone:busy:de" for a tone as it sounds in a country'


def check_sound(text: str) -> None:
    """A file, or a tone of a country."""
    if text.startswith(FILE) and text != FILE:
        check_file(text.removeprefix(FILE))
        return
    kind, _, country = text.removeprefix(TONE).partition(":")
    if not text.startswith(TONE) or kind not in tuple(RefusalTone):
        listed = ", ".join(RefusalTone)
        raise UnfitError(f'"{text}" is no sound that we know', f"{_FORM}; tones are {listed}")
    if country not in COUNTRIES:
        raise UnfitError(
            f'the tones of "{country}" are not known', f"write one of {', '.join(sorted(COUNTRIES))}"
        )


def check_reason(text: str) -> None:
    """A reason of ours, or nothing."""
    if text and text not in OUR_REASONS:
        raise UnfitError(f'"{text}" is no reason of ours', f"write one of {', '.join(OUR_REASONS)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """One rule: a refusal that fits is heard before it is said, and no later rule is asked."""

    status: int = setting(
        0,
        low=0,
        high=699,
        check=check_failure_or_any,
        doc="Final response that the caller gets, from 400. 0: whichever.",
        example="486",
    )
    cause: int = setting(
        -1,
        low=-1,
        high=127,
        doc="ITU-T Q.850 value of the refusal, as the call record has it. -1: whichever.",
        example="17",
    )
    reason: str = setting(
        "",
        check=check_reason,
        doc="Why we refuse the call ourselves, as the call record has it: no-route, call-limit, all-targets-down, "
        "refused-by-policy and others. Empty: whichever, and what the other side refuses as well.",
        example='"no-route"',
    )
    sound: str = field(
        metadata=story(
            'What is heard: "file:PATH" (a sound file, once; see mid_call.music for its formats; read at the start), '
            'or "tone:KIND:COUNTRY", where KIND is busy, congestion or unobtainable.',
            check=check_sound,
            example='"tone:busy:de"',
        )
    )
    longest_s: int = setting(
        10, low=1, high=60, doc="A tone sounds for so many seconds; a file that is longer ends there."
    )

    def fits(self, status: int, q850: int, reason: str) -> bool:
        """Whether it speaks of this refusal."""
        return self.status in (0, status) and self.cause in (-1, q850) and self.reason in ("", reason)

    @property
    def file(self) -> str:
        """The path of its file; empty: it is a tone."""
        return self.sound.removeprefix(FILE) if self.sound.startswith(FILE) else ""


ANNOUNCEMENT_DOC: Final = (
    "What callers of this peer hear in early media before a call is refused, by why it is; the first rule that fits "
    "decides, and without one there is the refusal alone. Not in calls for help, not where the called side has sent "
    "early media, nor to callers without an SDP offer."
)
