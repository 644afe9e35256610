"""What a policy may say about a new call, and what of it may be done.

Whoever answers is believed as far as this goes and no further: trunks are only taken from those that our own rules
have left, numbers must be E.164, and whatever else is said is no answer.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mediation.routing.numbers import is_e164
from mediation.routing.routes import Candidate

MOST_TRUNKS: Final = 256
MOST_OCTETS_OF_A_NAME: Final = 64
MOST_CHARACTERS_OF_A_TAG: Final = 128

_KEYS: Final = frozenset({"action", "status", "q850", "trunks", "calling", "called", "tag"})
_CHANGES: Final = ("trunks", "calling", "called")
_OF_A_REFUSAL: Final = ("status", "q850")


class BadAnswer(ValueError):  # noqa: N818 -- named for what it is
    """A policy has said something that cannot be used; the text tells what, without repeating it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The call is not wanted."""

    status: int
    """Of the final response, 400 to 699."""
    q850: int | None = None
    """ITU-T Q.850 cause value; None: the one that fits the status."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is to become of a call."""

    refusal: Refusal | None = None
    trunks: tuple[str, ...] | None = None
    """Those to try, in order; None: as decided."""
    calling: str = ""
    """E.164; empty: as it is."""
    called: str = ""
    tag: str = field(default="", repr=False)
    """For the call record."""

    @property
    def changes(self) -> bool:
        """Whether the call goes another way, or in other words."""
        return self.trunks is not None or bool(self.calling or self.called)


AS_DECIDED: Final = Ruling()


def answer_of(octets: bytes) -> object:
    """The JSON value in a body, for `ruling_of`. Raises BadAnswer."""
    try:
        return json.loads(octets)
    except (ValueError, RecursionError):  # no UTF-8 and digits without end are ValueErrors as well
        raise BadAnswer("no JSON") from None


def ruling_of(answer: object) -> Ruling:
    """Read an answer, as JSON or a Python function gives it. Raises BadAnswer."""
    if not isinstance(answer, Mapping):
        raise BadAnswer("no object")
    given: dict[Any, object] = dict(answer)
    if len(given) > len(_KEYS) or not all(isinstance(key, str) and key in _KEYS for key in given):
        raise BadAnswer(f"a key other than {', '.join(sorted(_KEYS))}")
    tag = _text(given, "tag", MOST_CHARACTERS_OF_A_TAG)
    action = given.get("action", "go-on")
    if action == "refuse":
        if any(key in given for key in _CHANGES):
            raise BadAnswer("a refusal that changes the call")
        return Ruling(refusal=_refusal(given), tag=tag)
    if action != "go-on":
        raise BadAnswer("an action other than go-on and refuse")
    if any(key in given for key in _OF_A_REFUSAL):
        raise BadAnswer("a status or cause without a refusal")
    return Ruling(
        trunks=_trunks(given), calling=_number(given, "calling"), called=_number(given, "called"), tag=tag
    )


def narrowed(
    candidates: Iterable[Candidate], trunks: tuple[str, ...]
) -> tuple[tuple[Candidate, ...], tuple[str, ...]]:
    """Those of the candidates at these trunks, in the order of the trunks; and the names that are none of theirs."""
    by_trunk: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        by_trunk.setdefault(candidate.trunk, []).append(candidate)
    wanted = tuple(dict.fromkeys(trunks))
    kept = tuple(each for name in wanted for each in by_trunk.get(name, ()))
    return kept, tuple(name for name in wanted if name not in by_trunk)


def _refusal(given: Mapping[str, object]) -> Refusal:
    q850 = _number_between(given["q850"], "q850", 1, 127) if "q850" in given else None
    return Refusal(_number_between(given.get("status", 603), "status", 400, 699), q850)


def _number_between(value: object, key: str, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise BadAnswer(f"{key} is no number from {low} to {high}")
    return value


def _trunks(given: Mapping[str, object]) -> tuple[str, ...] | None:
    if "trunks" not in given:
        return None
    names = given["trunks"]
    if not isinstance(names, list | tuple) or not 0 < len(names) <= MOST_TRUNKS:
        raise BadAnswer("trunks is no list of names")
    if not all(_is_plain(name, MOST_OCTETS_OF_A_NAME) and name for name in names):
        raise BadAnswer("trunks is no list of names")
    return tuple(map(str, names))


def _number(given: Mapping[str, object], key: str) -> str:
    if key not in given:
        return ""
    number = given[key]
    if not isinstance(number, str) or not is_e164(number):
        raise BadAnswer(f"{key} is no number as E.164 has it")
    return number


def _text(given: Mapping[str, object], key: str, most: int) -> str:
    text = given.get(key, "")
    if not _is_plain(text, most):
        raise BadAnswer(f"{key} is no text of {most} printable characters at most")
    return str(text)


def _is_plain(text: object, most: int) -> bool:
    return isinstance(text, str) and len(text) <= most and text.isprintable()
