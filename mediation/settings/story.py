"""What a setting says about itself beside its type and default: the metadata of the fields in `model.py`."""

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any, Final, TypeVar

T = TypeVar("T")

_STORY: Final = "story"


@dataclass(frozen=True, slots=True)
class Story:
    """The checks, the JSON Schema and the commented example are all made from this."""

    doc: str
    """One or two sentences for the person who edits the file; units and the meaning of 0 included."""
    low: float | None = None
    """Least value, or least value of each item."""
    high: float | None = None
    """Greatest value, or greatest value of each item."""
    step: int | None = None
    """The value is a multiple of this."""
    at_least: int = 0
    """Least number of items in a list."""
    key: str = ""
    """How the file spells it, where that is not the field's name."""
    check: Callable[..., None] | None = None
    """What else a value, or each item, must pass; raises `words.UnfitError`."""
    example: str = ""
    """A value as the file would write it, where the default alone would not tell."""
    like: str = ""
    """The header of the section whose settings this one may have, where it has none of its own."""


def setting(
    default: T,
    *,
    doc: str,
    low: float | None = None,
    high: float | None = None,
    step: int | None = None,
    at_least: int = 0,
    check: Callable[..., None] | None = None,
    example: str = "",
) -> T:
    """Return a field with a default and its whole story."""
    told = Story(doc=doc, low=low, high=high, step=step, at_least=at_least, check=check, example=example)
    return field(default=default, metadata={_STORY: told})


def story(
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    at_least: int = 0,
    key: str = "",
    check: Callable[..., None] | None = None,
    example: str = "",
    like: str = "",
) -> dict[str, Story]:
    """Return the metadata of a field that must be given: `field(metadata=story(…))`."""
    told = Story(
        doc=doc, low=low, high=high, at_least=at_least, key=key, check=check, example=example, like=like
    )
    return {_STORY: told}


def has_story(described: "Field[Any]") -> bool:
    """Whether a field is a setting at all."""
    return _STORY in described.metadata


def story_of(described: "Field[Any]") -> Story:
    """Return what a field of `model.py` says about itself; KeyError when it is no setting."""
    told = described.metadata[_STORY]
    if not isinstance(told, Story):
        raise TypeError(f"{described.name} has no story")
    return told
