"""Whom to call, and in whose name: what is asked for, before anybody is chosen."""

from dataclasses import dataclass

from mediation.b2bua.passage import Lines
from mediation.routing.terms import Terms
from mediation.sip.message import Request
from mediation.sip.uri import Uri


@dataclass(frozen=True, slots=True)
class Invitation:
    """Whom to call, and in whose name: what every attempt says, each in the words that its target may hear."""

    request: Request
    """The INVITE that asks for the call, or what stands for one, with numbers as we write them."""
    source: Terms
    """Of whoever asks."""
    extra: Lines = ()
    """Further headers, for the side of the targets alone."""
    secrets: frozenset[str] = frozenset()
    """By what the caller could be known beside his number as it stands in `request`."""

    def redirected(self, uri: Uri) -> "Invitation":
        """The same for another called party."""
        request = self.request
        redirected = Request(request.method, str(uri), request.headers, request.body)
        return Invitation(redirected, self.source, self.extra, self.secrets)
