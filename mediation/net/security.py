"""Who may speak TLS with us, and with which certificates of ours: contexts that can change while calls go on."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mediation.net.credentials import WARN_DAYS, Stamp, lifetime, stamp
from mediation.net.handshakes import Handshakes
from mediation.net.tls import Contexts, CredentialsError, Shield, load_contexts
from mediation.routing.certificates import Expectations, Identity
from mediation.routing.directory import Directory
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.sip.flow import Flow, Transport

if TYPE_CHECKING:
    from mediation.net.certificates import Lifetime

TELL_EVERY_S: Final = 60.0
"""Of failures with one peer, one is told in so long, with the number of those that were not."""
TELL_OF_STRANGERS_EVERY_S: Final = 10.0
"""… and of failures with strangers one for all of them, or a flood of them would be one of the log."""
MOST_REMEMBERED: Final = 4096
"""Peers whose failures were told of late."""
WARN_EVERY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class ConnectionRefused:
    """A peer and we could not agree on TLS; for the log."""

    flow: Flow
    calling: bool
    """We had connected to it."""
    reason: str
    untold: int
    """Further ones from there since the last that was told."""


@dataclass(frozen=True, slots=True)
class CertificateTaken:
    """A certificate is in use from now on."""

    side: Side
    file: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class CertificateRejected:
    """Files have changed and cannot be used; what was in use stays so."""

    side: Side
    reason: str


@dataclass(frozen=True, slots=True)
class CertificateExpires:
    """A certificate in use has few days left, or none."""

    side: Side
    file: str
    days_left: int


Notice = ConnectionRefused | CertificateTaken | CertificateRejected | CertificateExpires


@dataclass(slots=True)
class _InUse:
    contexts: Contexts
    life: "Lifetime"
    stamp: Stamp
    """Of the files as they were when they were looked at last, for better or worse."""
    warned_at: float = -WARN_EVERY_S


class Security:
    """The TLS of one configuration."""

    def __init__(
        self,
        settings: Settings,
        notify: Callable[[Notice], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        directory: Directory | None = None,
    ) -> None:
        """`directory` tells which addresses the targets have now; without one, names have none."""
        self._settings = settings
        self._notify = notify
        self._now = now
        self._expectations = Expectations(settings, directory)
        self._sides = {
            listener.endpoint: side
            for side in Side
            for listener in settings.interface(side).listen
            if listener.transport is Transport.TLS
        }
        self._in_use: dict[Side, _InUse] = {}
        self.handshakes: Final = Handshakes(time.monotonic)
        self._told: dict[tuple[str, bool], tuple[float, int]] = {}

    def load(self) -> None:
        """Read the certificates for the first time. Raises CredentialsError."""
        for side in Side:
            if side in self._sides.values():
                tls = self._settings.interface(side).tls
                before = stamp(tls)
                self._in_use[side] = _InUse(load_contexts(tls), lifetime(tls.certificate), before)
        self._warn()

    def refresh(self, *, even_unchanged: bool = False) -> None:
        """Take up what has changed on disk, for new connections; those that stand are not touched."""
        for side, in_use in self._in_use.items():
            tls = self._settings.interface(side).tls
            found = stamp(tls)
            if found == in_use.stamp and not even_unchanged:
                continue
            try:
                self._in_use[side] = _InUse(load_contexts(tls), lifetime(tls.certificate), found)
            except CredentialsError as error:
                in_use.stamp = found
                self._notify(CertificateRejected(side, str(error)))
            else:
                self._notify(CertificateTaken(side, tls.certificate, self._in_use[side].life.ends))
        self._warn()

    def expiries(self) -> dict[Side, datetime]:
        """When the certificate in use ends, of each interface that has one. May be asked from another thread."""
        return {side: in_use.life.ends for side, in_use in list(self._in_use.items())}

    # what mediation.net.flows asks

    def shield(self, flow: Flow, *, calling: bool, stranger: bool = False) -> Shield:
        """The TLS of a new connection between one of our listeners and a peer, or a `stranger` that may prove one."""
        side = self._sides[flow.local]
        contexts = self._in_use[side].contexts
        if stranger:
            return Shield(contexts.server, calling=False, expected=self._expectations.of_stranger(flow))
        expected = self._expectations.of(flow, side, calling=calling)
        if not calling:
            asked = self._settings.interface(side).tls.verify
            return Shield(contexts.server, calling=False, expected=expected if asked else None)
        server_name = self._expectations.server_name(flow, side)
        return Shield(contexts.client, calling=True, server_name=server_name, expected=expected)

    def allows_reuse(self, flow: Flow, identity: Identity | None, sent_by: str) -> bool:
        """Whether a peer that has connected may take our requests for `flow` by its connection: see `Expectations`."""
        side = self._sides[flow.local]
        return identity is not None and self._expectations.allow_reuse(flow, side, identity, sent_by)

    def admit(self, flow: Flow, *, stranger: bool = False) -> bool:
        """Whether there is room for one more handshake."""
        admitted = self.handshakes.admits(flow.remote[0], stranger=stranger)
        if not admitted:
            self.refused(flow, "too many handshakes at a time", calling=False, stranger=stranger)
        return admitted

    def refused(self, flow: Flow, reason: str, *, calling: bool, stranger: bool = False) -> None:
        """Tell of a failure, unless one with this peer, or with any stranger, was told a moment ago."""
        key, now = ("" if stranger else flow.remote[0], calling), time.monotonic()
        every_s = TELL_OF_STRANGERS_EVERY_S if stranger else TELL_EVERY_S
        told_at, untold = self._told.get(key, (-every_s, 0))
        if now < told_at + every_s:
            self._told[key] = (told_at, untold + 1)
            return
        if len(self._told) >= MOST_REMEMBERED:
            self._told = {k: v for k, v in self._told.items() if now < v[0] + TELL_EVERY_S}
        self._told[key] = (now, 0)
        self._notify(ConnectionRefused(flow, calling, reason, untold))

    def _warn(self) -> None:
        """Once a day for each certificate that ends soon."""
        for side, in_use in self._in_use.items():
            left = in_use.life.days_left(self._now())
            if left < WARN_DAYS and time.monotonic() >= in_use.warned_at + WARN_EVERY_S:
                in_use.warned_at = time.monotonic()
                self._notify(CertificateExpires(side, self._settings.interface(side).tls.certificate, left))
