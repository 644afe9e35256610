"""How a session of ours is ended: what is said with it, the BYE, and how long is waited for the end of an INVITE.

RFC 3261 sections 9.1 (CANCEL, and the INVITE that gets no final response after it) and 15.1.1 (BYE).
"""

from typing import Protocol

from mediation.sip.agent import Agent, TimerUser
from mediation.sip.digest_client import DigestClient
from mediation.sip.errand import Errand, ErrandUser, Extra
from mediation.sip.multipart import NO_BODY, Body
from mediation.sip.session_dialogs import SessionDialogs

GIVE_UP = "GIVE_UP"


class FarewellUser(ErrandUser, TimerUser, Protocol):
    """Whose session it is: it hears what became of the BYE, and when the wait is over."""


class Farewell:
    """The end of one session."""

    def __init__(
        self, agent: Agent, user: FarewellUser, digest: DigestClient, dialogs: SessionDialogs
    ) -> None:
        self._agent = agent
        self._digest = digest
        self._dialogs = dialogs
        self._content = NO_BODY
        self._bye: Errand | None = None
        self.headers: Extra = ()
        """Of whatever ends it."""
        self.user = user

    @property
    def is_said(self) -> bool:
        """Whether a BYE has gone."""
        return self._bye is not None

    def is_about(self, errand: Errand) -> bool:
        """Whether this is our BYE."""
        return errand is self._bye

    def prepare(self, headers: Extra, content: Body) -> None:
        """What is to be said; the content goes with a BYE alone."""
        self.headers, self._content = headers, content

    def say(self, now: float) -> None:
        """Send the BYE."""
        dialog, content = self._dialogs.confirmed, self._content
        self._bye = Errand(self._agent, self.user, dialog, self._dialogs.way(dialog), self._digest)
        self._bye.send("BYE", now, headers=(*self.headers, *content.headers), body=content.octets)

    def start_give_up(self, now: float) -> None:
        """The INVITE was cancelled: its final response may take 64 times T1."""
        self._agent.deadlines.start((self.user, GIVE_UP), now + self._agent.layer.timers.transaction_s)

    def stop_give_up(self) -> None:
        """It has come, or nobody waits for it any more."""
        self._agent.deadlines.stop((self.user, GIVE_UP))
