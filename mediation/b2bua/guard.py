"""Trunks whose calls must prove who places them (RFC 3261 section 22, RFC 7616)."""

from collections.abc import Iterable
from dataclasses import dataclass

from mediation.settings.trunks import Trunk
from mediation.sip.digest_server import Authenticated, DigestServer, Refusal
from mediation.sip.ids import IdSource
from mediation.sip.message import Request

REALM = "mediation"
"""The same for every trunk, so that it tells nothing about us."""


@dataclass(frozen=True, slots=True)
class Challenged:
    """The request must be said again, with credentials."""

    status: int
    headers: tuple[tuple[str, str], ...]
    wrong: bool
    """Whether it had credentials, and they were wrong."""


class Guard:
    """One digest server for each trunk that must authenticate."""

    def __init__(self, trunks: Iterable[Trunk], ids: IdSource) -> None:
        self._ids = ids
        self._servers = {
            trunk.name: DigestServer(REALM, {trunk.username: trunk.password.text}.get, ids.secret())
            for trunk in trunks
            if trunk.authenticate
        }

    def challenge(self, trunk: Trunk, request: Request, now: float) -> Challenged | None:
        """What to ask a request that begins a call; None where it may go on."""
        server = self._servers.get(trunk.name)
        if server is None:
            return None
        verdict = server.verify(request, now=now)
        if isinstance(verdict, Authenticated):
            return None
        fields = server.challenge(verdict, now=now, token=self._ids.nonce())
        return Challenged(server.status, tuple(fields), verdict is Refusal.WRONG)
