"""The registration of one run: asked for before the first call, given back after the last (RFC 3261 section 10.2)."""

from dataclasses import replace

from mediation.sip.agent import Agent
from mediation.sip.digest_client import Credentials, DigestClient
from mediation.sip.registration import WRONG_CREDENTIALS, Registration
from mediation.sip.registration_answer import Grant
from mediation.sip.registration_events import (
    Bound,
    Denied,
    Intent,
    Left,
    Registrar,
    Resting,
    Setback,
    Tidings,
)


class Registering:
    """Wants it of one registrar alone, and asks it once."""

    def __init__(
        self, agent: Agent, intent: Intent, registrar: Registrar, credentials: Credentials | None
    ) -> None:
        digest = DigestClient() if credentials is None else DigestClient(credentials)
        # whatever others hold there stays
        wanted = replace(intent, remove_others=False)
        self._registration = Registration(agent, self, wanted, lambda: (registrar,), digest)
        self.grant: Grant | None = None
        """What was granted first; None: nothing."""
        self.setback: Setback | None = None
        """Why it was not."""

    @property
    def is_settled(self) -> bool:
        """Whether the registrar has said something, or will not."""
        return self.grant is not None or self.setback is not None

    @property
    def is_over(self) -> bool:
        """Whether it was given back, or nothing was held."""
        return self._registration.is_over

    @property
    def password_is_wrong(self) -> bool:
        """Whether our answer to the challenge was not taken."""
        return self.setback is not None and self.setback.reason == WRONG_CREDENTIALS

    def begin(self, now: float) -> None:
        """Ask for it."""
        self._registration.begin(now, 0.0)

    def give_back(self, now: float) -> None:
        """Remove it."""
        self._registration.stop(now)

    def abandon(self) -> None:
        """Wait for nothing any more."""
        self._registration.abandon()

    def registration_told(self, registration: Registration, tidings: Tidings, now: float) -> None:
        """It has news (mediation.sip.registration.RegistrationUser)."""
        del registration, now
        match tidings:
            case Bound(grant=grant):
                self.grant = self.grant or grant
            case Left(setback=setback) | Denied(setback=setback) | Resting(setback=setback):
                self.setback = self.setback or setback
            case _:
                pass  # it has lapsed, or is over
