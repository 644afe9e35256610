"""Replaces: the dialog whose place a new one is to take (RFC 3891)."""

import re
from dataclasses import dataclass
from typing import Self

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.grammar import is_token
from mediation.sip.message import Request
from mediation.sip.parameters import Parameters

_CALL_ID = re.compile(r"[!#-+\--:<-~]++")
"""What a Call-ID may be made of (RFC 3261 section 25.1), liberally: visible, but no quote, comma or semicolon."""


@dataclass(frozen=True, slots=True)
class Replaces:
    """The ids of one dialog, as seen by whoever receives this. Other parameters are left out.

    Raises LocalSipError when made of ids that this header cannot carry: they would read as something else.
    """

    call_id: str
    to_tag: str
    """The receiver's own tag (section 3); `0` where its dialog has none, as RFC 2543 let it be."""
    from_tag: str
    """The tag of the receiver's peer."""
    early_only: bool = False
    """Whether only a dialog that is not confirmed yet may be replaced."""

    def __post_init__(self) -> None:
        if _CALL_ID.fullmatch(self.call_id) is None or not (
            is_token(self.to_tag) and is_token(self.from_tag)
        ):
            raise LocalSipError("ids that Replaces cannot carry")

    @classmethod
    def parse(cls, text: str) -> Self:
        """A Replaces value. Raises RemoteSipError(400), also where a tag is missing or given twice (section 3)."""
        call_id, semicolon, rest = text.partition(";")
        parameters = Parameters.parse(semicolon + rest)
        to_tag, from_tag = _only(parameters, "to-tag"), _only(parameters, "from-tag")
        try:
            return cls(call_id.strip(" \t"), to_tag, from_tag, parameters.has("early-only"))
        except LocalSipError:
            raise RemoteSipError(400, "Bad Replaces") from None

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


def replaces_of(request: Request) -> Replaces | None:
    """The dialog that an INVITE wants to take the place of. Raises RemoteSipError(400), for other methods too.

    That there is one at most, `validate` has seen to.
    """
    value = request.headers.get("Replaces")
    if value is None:
        return None
    if request.method != "INVITE":
        raise RemoteSipError(400, "Replaces Outside INVITE")  # section 3
    return Replaces.parse(value)


def _only(parameters: Parameters, name: str) -> str:
    values = parameters.values(name)
    if len(values) != 1 or values[0] is None:
        raise RemoteSipError(400, "Bad Replaces")
    return values[0]
