"""What the file names and does not hold."""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Secret:
    """What must not stand in the file: where it was taken from, and the text, which no log or repr shows."""

    source: str
    """`file:PATH`, `env:NAME` or `credential:NAME` (systemd's LoadCredential); empty: there is none."""
    text: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.source


NO_SECRET: Final = Secret("")
