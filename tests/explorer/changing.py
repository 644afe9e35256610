"""Changes of a call that a peer asks for: a re-INVITE or an UPDATE, one at a time (RFC 3261 section 14, RFC 3311)."""

from collections.abc import Callable

from mediation.sip.message import Response
from tests.explorer.alarms import Alarms
from tests.explorer.audio import Audio
from tests.explorer.dialog import Dialog
from tests.explorer.transactions import Asked

RETRY = ("change", "retry")
RETRY_OWNER_S, RETRY_OTHER_S = 3.0, 1.0
"""Within the ranges of RFC 3261 section 14.1, for whoever has made the Call-ID and for the other one."""

Ask = Callable[[str, tuple[str, ...], bytes], Asked]


class Changing:
    """Of one party."""

    def __init__(
        self, ask: Ask, alarms: Alarms, dialog: Dialog, audio: Audio, capable: tuple[str, ...]
    ) -> None:
        """`capable` says in an INVITE what the party can do."""
        self.asked: Asked | None = None
        """The latest one."""
        self._ask = ask
        self._alarms = alarms
        self._dialog = dialog
        self._audio = audio
        self._capable = capable

    @property
    def is_pending(self) -> bool:
        """Whether it has no final response yet."""
        return self.asked is not None and self.asked.pending

    @property
    def is_wanted(self) -> bool:
        """Whether it is pending, or will be asked for again."""
        return self.is_pending or self._alarms.has(RETRY)

    def reinvite(self) -> None:
        """By INVITE."""
        self.asked = self._ask("INVITE", (self._dialog.contact, *self._capable), self._audio.change())

    def update(self) -> None:
        """By UPDATE."""
        self.asked = self._ask("UPDATE", (self._dialog.contact,), self._audio.change())

    def answered(self, response: Response, *, owner: bool, now: float) -> None:
        """Its final response. `owner`: we have made the Call-ID."""
        if response.status < 300:
            self._audio.changed(response.body)
        elif response.status == 491:
            self._alarms.set(RETRY, now + (RETRY_OWNER_S if owner else RETRY_OTHER_S))

    def again(self, *, busy: bool, now: float) -> None:
        """Both had asked at once; `busy`: an INVITE of theirs is not through yet."""
        if busy:
            self._alarms.set(RETRY, now + RETRY_OTHER_S)
        elif self.asked is not None and self.asked.method == "INVITE":
            self.reinvite()
        else:
            self.update()

    def forget(self) -> None:
        """Ask no more."""
        self._alarms.stop(RETRY)
