"""`python -m mediation.importing.document` prints docs/trunk-settings.md: every parameter, and where it went."""

import sys
from collections.abc import Iterator
from typing import Final

from mediation.importing.assessment import defaults_differ
from mediation.importing.catalogue import GROUPS
from mediation.importing.conversion import CONVERSIONS
from mediation.importing.parameters import Fate, Group, Parameter

_HEAD: Final = """\
# Trunk settings: where every parameter went

What Lync, Skype for Business and Direct Routing call a parameter, and what it is here. `mediation import lync` makes a
configuration of an export by these tables; they are printed from `mediation/importing/catalogue.py` by `make schema`.

* A key in the third column is a setting of [`config/mediation.toml`](../config/mediation.toml): `trunk.media.srtp` is
  `srtp` in `[trunk.media]`.
* **always so**: this server does it, or tells it, without a setting. **no need**: there is nothing behind it here.
  **not yet**: it has no equivalent so far; the importer says so where an export relies on it.
* The fourth column says whether who leaves both sides at their defaults gets the same; empty where that is no question.
"""
_COLUMNS: Final = (
    "| parameter | default there | here | same default | what it means here |\n|---|---|---|---|---|"
)


def printed_document() -> str:
    """Return the document as docs/trunk-settings.md has it."""
    return _HEAD + "".join(f"\n{line}" for group in GROUPS for line in _group(group)) + "\n"


def _group(group: Group) -> Iterator[str]:
    yield f"## {group.title}"
    yield ""
    yield _COLUMNS
    for parameter in group.parameters:
        cells = (
            _name(parameter),
            _code(parameter.default),
            _here(parameter),
            _same(parameter),
            _cell(parameter.note),
        )
        yield f"| {' | '.join(cells)} |"
    if group is not GROUPS[-1]:
        yield ""


def _name(parameter: Parameter) -> str:
    return _cell(parameter.name) if " " in parameter.name else _code(parameter.name)


def _here(parameter: Parameter) -> str:
    if parameter.fate is Fate.KEY:
        return ", ".join(_code(key) for key in parameter.keys)
    return f"**{parameter.fate}**" + (f", as with {_code(parameter.like)}" if parameter.like else "")


def _same(parameter: Parameter) -> str:
    if parameter.name in CONVERSIONS or parameter.like:
        return "no" if defaults_differ(parameter) else "yes"
    return ""


def _code(text: str) -> str:
    return f"`{_cell(text)}`" if text else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(printed_document())
