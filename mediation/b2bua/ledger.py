"""What is written down about a call while it lives, and made into its record at the end."""

from mediation.b2bua import causes
from mediation.b2bua.announcing import Announcement
from mediation.b2bua.call_media import CALLEE, CALLER, CallMedia
from mediation.b2bua.causes import Cause
from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import StreamReport
from mediation.b2bua.record import (
    AnnouncementRecord,
    Attempt,
    CallRecord,
    Party,
    RecordingRecord,
    TransferRecord,
)
from mediation.b2bua.seats import Seats
from mediation.b2bua.sounds import SoundKind
from mediation.settings.peers import Side
from mediation.sip.agent import hostport


class Ledger:
    """Attempts, moments and the one cause of ending. Times are seconds on the driver's clock."""

    def __init__(self, started: float, calling: str = "", called: str = "") -> None:
        """`calling` and `called` are the numbers of the INVITE that the call began with, as we write them."""
        self.started = started
        self.calling, self.called = calling, called
        """The numbers."""
        self.first: list[Leg] = []
        """Who the call began between, whoever sits there now."""
        self.ringing: float | None = None
        self.answered: float | None = None
        self.ended: float | None = None
        self.cause = causes.INTERNAL_ERROR
        """Why the call ended; holds once `ended` is set, or while the caller hears it in an announcement."""
        self.hung_up_by = "server"
        """`caller`, `callee` or `server`."""
        self.tag = ""
        """What a policy wants to stand in the record."""
        self.announcement: Announcement | None = None
        """What the caller hears, or has heard, before it is refused: the cause is known since it began."""
        self._heard_out = False
        self.attempts: list[Attempt] = []
        self.transfers: list[TransferRecord] = []
        self._passes_since: float | None = None
        self._passed_s: float | None = None

    def attempt(
        self,
        trunk: str,
        target: str,
        call_id: str,
        now: float,
        *,
        transfer: bool = False,
        numbers: tuple[str, str] = ("", ""),
        address: str = "",
    ) -> None:
        """Another target is tried; `numbers` are that of the caller and the called one, as they leave."""
        calling, called = numbers
        self.attempts.append(
            Attempt(
                trunk,
                target,
                call_id,
                now,
                transfer=transfer,
                calling=calling,
                called=called,
                address=address,
            )
        )

    def progress(self, status: int, now: float) -> None:
        """The target said something above 100; only 183 is no ringing."""
        self.attempts[-1].progressed = True
        if self.ringing is None and status != 183:
            self.ringing = now

    def answer(self, now: float) -> None:
        """The attempt under way was answered."""
        self.attempts[-1].ended = now
        if self.answered is None:
            self.answered = now

    def leave(self, cause: Cause, now: float) -> Attempt | None:
        """The attempt under way failed; returns it, or None when none is."""
        if not self.attempts or self.attempts[-1].ended is not None:
            return None
        attempt = self.attempts[-1]
        attempt.ended, attempt.cause = now, cause
        return attempt

    def passes(self, direct: bool, now: float) -> bool:
        """Audio goes past us now, or does not; whether that is new."""
        if direct is (self._passes_since is not None):
            return False
        if self._passes_since is not None:
            self._passed_s = (self._passed_s or 0.0) + now - self._passes_since
        self._passes_since = now if direct else None
        return True

    def end(self, cause: Cause, by: str, now: float) -> None:
        """The call ends: by whom and why. What was announced as the cause is the cause, unless we broke."""
        if self.announcement is None or cause is causes.INTERNAL_ERROR:
            self.cause, self.hung_up_by = cause, by
        self.ended = now

    def announce(self, announcement: Announcement, cause: Cause, by: str) -> None:
        """The call is refused, and the caller hears this before it is told."""
        self.cause, self.hung_up_by = cause, by
        self.announcement = announcement

    def said(self, *, cut: bool) -> None:
        """It has been heard to its end, or was cut at its limit, where alone a tone ends."""
        tone = self.announcement is not None and self.announcement.sound.kind is SoundKind.TONE
        self._heard_out = self._heard_out or (self.ended is None and (tone or not cut))

    def summed_up(self, last: Cause, *, since: int = 0) -> Cause:
        """What is heard when a list is exhausted: the last word of a target, or 503 if none had one.

        `since`: the attempts from this one on belong to the list.
        """
        failures = [attempt.cause for attempt in self.attempts[since:] if attempt.cause is not None]
        if not failures:
            return last
        words = [cause for cause in failures if not causes.is_outage(cause)]
        return words[-1] if words else causes.ALL_TARGETS_DOWN

    @property
    def calling_numbers(self) -> set[str]:
        """By what the caller is known: as we write it, and as it has left."""
        return {self.calling, *(attempt.calling for attempt in self.attempts)}

    @property
    def duration_s(self) -> float | None:
        """From the answer to the end; None while either is missing."""
        if self.answered is None or self.ended is None:
            return None
        return self.ended - self.answered

    def record(
        self,
        call: str,
        seats: Seats,
        media: CallMedia,
        recording: RecordingRecord | None,
        last: Leg | None,
        now: float,
    ) -> CallRecord:
        """The record of the call, as it is known now. `last` is the latest attempt, for a call without an answer."""
        caller, callee = self.first[CALLER], self.first[CALLEE] if len(self.first) > 1 else last
        sits, said = seats.callee or callee, self.announcement
        since, passed_s = self._passes_since, self._passed_s
        if since is not None:  # nobody has seen it come back
            passed_s = (passed_s or 0.0) + now - since
        return CallRecord(
            call=call,
            caller=party_of(caller, media.caller_report if caller is seats.caller else None),
            callee=None
            if callee is None
            else party_of(callee, media.callee_report if callee is sits else None),
            calling_number=self.calling,
            called_number=self.called,
            started=self.started,
            ringing=self.ringing,
            answered=self.answered,
            ended=now if self.ended is None else self.ended,
            cause=self.cause,
            hung_up_by=self.hung_up_by,
            attempts=tuple(self.attempts),
            transfers=tuple(self.transfers),
            recording=recording,
            tag=self.tag,
            bypassed_s=passed_s,
            announcement=None if said is None else AnnouncementRecord(said.sound.name, self._heard_out),
        )


def party_of(leg: Leg, media: StreamReport | None = None) -> Party:
    """A leg as the record names it, with the figures of its seat if it is still there."""
    audio = leg.audio
    codec = None if audio is None else audio.codec
    srtp = None if audio is None or audio.srtp is None else str(audio.srtp.suite)
    trunk = "" if leg.side is Side.FRONT_END else leg.trunk
    address = hostport(leg.flow.remote)
    return Party(str(leg.side), trunk, address, leg.call_id, codec, media, srtp, leg.certificate)
