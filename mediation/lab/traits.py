"""What a simulator supports, whatever it does with a call: ITSPs differ in more than when they ring."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from mediation.sip.session_timer import TimerMode, TimerPolicy

_USUAL: Final = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS")


class Hold(StrEnum):
    """Which later INVITEs are taken."""

    ANY = "any"
    ZERO = "zero"
    """Hold by the address 0.0.0.0 alone, as RFC 2543 had it."""
    NONE = "none"
    """No INVITE within a call at all."""


@dataclass(frozen=True, slots=True)
class Traits:
    """As it is without any word: a plain SBC of one law, without extensions."""

    prack: bool = False
    update: bool = False
    refer: bool = False
    events: bool = True
    both_laws: bool = False
    srtp: bool = False
    echo: bool = False
    """Telephone events come back to whoever has sent them."""
    hold: Hold = Hold.ANY
    min_se_s: int = 0
    """The shortest session interval; 0: it knows no session timer."""
    largest_octets: int = 0
    """Longer datagrams are lost on the way; 0: none is."""

    @property
    def allow(self) -> str:
        """The methods that it takes."""
        more = [name.upper() for name in ("prack", "update", "refer") if getattr(self, name)]
        return ", ".join((*_USUAL, *more))

    @property
    def option_tags(self) -> tuple[str, ...]:
        """The extensions that it knows (RFC 3261 section 19.2)."""
        return tuple(tag for tag, known in (("100rel", self.prack), ("timer", self.min_se_s > 0)) if known)

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """What it says of itself in a response; nothing where there is nothing to say."""
        if self == USUAL:
            return ()
        tags = self.option_tags
        supported = (("Supported", ", ".join(tags)),) if tags else ()
        return (("Allow", self.allow), *supported)

    @property
    def timer_policy(self) -> TimerPolicy:
        """How it holds session timers (RFC 4028)."""
        if not self.min_se_s:
            return TimerPolicy(TimerMode.OFF)
        return TimerPolicy(TimerMode.ANSWER, min_se_s=self.min_se_s)


USUAL: Final = Traits()

WORDS: Final[Mapping[str, Mapping[str, bool | Hold]]] = {
    "prack": {"prack": True},
    "update": {"update": True},
    "refer": {"refer": True},
    "no-events": {"events": False},
    "both-laws": {"both_laws": True},
    "srtp": {"srtp": True},
    "echo": {"echo": True},
    "hold-by-zero": {"hold": Hold.ZERO},
    "no-reinvite": {"hold": Hold.NONE},
}
"""`min-se=SECONDS` and `largest=OCTETS` are two more."""
_NUMBERED: Final = re.compile(r"(min-se|largest)=([0-9]{2,5})")
_FIELDS: Final = {"min-se": "min_se_s", "largest": "largest_octets"}


class UnknownTrait(ValueError):  # noqa: N818 -- says what it is
    """No trait of that name."""


def traits_of(words: Iterable[str]) -> Traits:
    """All that these words say. Raises UnknownTrait."""
    said: dict[str, Any] = {}
    for word in words:
        numbered = _NUMBERED.fullmatch(word)
        if numbered is not None:
            said[_FIELDS[numbered[1]]] = int(numbered[2])
        elif word in WORDS:
            said |= WORDS[word]
        else:
            raise UnknownTrait(f"{word}: choose of {', '.join(WORDS)}, min-se=SECONDS, largest=OCTETS")
    return replace(USUAL, **said)
