"""One call's audio as the call sees it: asked for once, planned as often as need be, closed once."""

from collections.abc import Callable

from mediation.b2bua.plan import (
    ApplyMedia,
    CloseMedia,
    Endpoint,
    MediaClosed,
    MediaCommand,
    MediaOpened,
    MediaPlan,
    OpenMedia,
    Stream,
    StreamReport,
)
from mediation.settings.model import Media, Side


class CallMedia:
    """What stands between a call and the media engine."""

    def __init__(self, call: str, emit: Callable[[MediaCommand], None], media: Media) -> None:
        self._call = call
        self._emit = emit
        self._media = media
        self._plan: MediaPlan | None = None
        self._closing = False
        self.is_open = False
        """Whether the engine owes us a last word."""
        self.callee_local: Endpoint | None = None
        """Our port towards the called party; None while it is being bound."""
        self.caller_report: StreamReport | None = None
        """What was measured; None while it was not, or when no audio was ever planned."""
        self.callee_report: StreamReport | None = None

    def open(self, caller: Side, callee: Side, hosts: tuple[str, str]) -> None:
        """Ask for ports on both sides."""
        self.is_open = True
        self._emit(OpenMedia(self._call, caller, callee, hosts))

    def opened(self, fact: MediaOpened) -> None:
        """The ports are bound."""
        self.callee_local = fact.callee

    def apply(self, caller: Stream | None, callee: Stream | None, *, early: bool) -> None:
        """Put in force what both parties agreed; nothing while one of them has not, or nothing has changed.

        `early`: before the answer. Silence then means that the caller's phone must ring by itself, not the end.
        """
        if caller is None or callee is None:
            return  # the caller's ACK will bring what is missing
        media = self._media
        plan = MediaPlan(caller, callee, float(media.early_silence_s if early else media.silence_s))
        if plan != self._plan:
            self._plan = plan
            self._emit(ApplyMedia(self._call, plan))

    def close(self) -> None:
        """Ask for the end; asking twice is asking once."""
        if self.is_open and not self._closing:
            self._closing = True
            self._emit(CloseMedia(self._call))

    def ended(self, fact: MediaClosed | None = None) -> None:
        """The engine has said its last word."""
        self.is_open = False
        if fact is not None and self._plan is not None:
            self.caller_report, self.callee_report = fact.caller, fact.callee
