"""What media tell of a call, and what it means for the call."""

from mediation.b2bua import causes, notices
from mediation.b2bua.call_table import Cue, Phase
from mediation.b2bua.events import Pressed
from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import (
    KeyHeard,
    MediaAmiss,
    MediaClosed,
    MediaFact,
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    PairOpened,
    PairRefused,
    RecordingEnded,
    RecordingFailed,
    SoundEnded,
)
from mediation.b2bua.outputs import Level
from mediation.b2bua.principal import Principal
from mediation.b2bua.recording import CallRecorder
from mediation.b2bua.refusing import Refusing
from mediation.b2bua.succession import Successions
from mediation.sip.dtmf_info import DtmfInfo


class Hearing:
    """Of one call."""

    def __init__(
        self, call: Principal, recording: CallRecorder, refusing: Refusing, successions: Successions
    ) -> None:
        """The other three hear what is theirs."""
        self._recording = recording
        self._refusing = refusing
        self._successions = successions
        self.user = call

    def told(self, fact: MediaFact, now: float) -> None:
        """The media engine has something to say."""
        call = self.user
        match fact:
            case MediaOpened():
                self._opened(fact, now)
            case MediaRefused(_, reason):
                call.media.ended()
                call.fact("call.media_refused", Level.WARNING, reason=reason)
                if call.seats.callee is None:
                    call.cue(Cue.MEDIA_REFUSED, now, causes.NO_PORTS)
            case PairOpened():
                self._successions.pair_opened(fact, now)
            case PairRefused(_, reason):
                call.fact("call.media_refused", Level.WARNING, reason=reason)
                self._successions.pair_refused(now)
            case MediaSilent():
                self._silent(fact, now)
            case KeyHeard(_, caller, key, duration_ms):
                self._pressed(caller, DtmfInfo(key, duration_ms), now)
            case SoundEnded():
                self._refusing.said(now)
            case MediaAmiss():
                leg = call.seats.caller if fact.caller else call.seats.callee
                if leg is not None and call.is_up:
                    call.exchange.emit(notices.amiss(fact, leg))
            case RecordingFailed() | RecordingEnded():
                self._recording.told(fact)
                if isinstance(fact, RecordingFailed):
                    call.fact("recording.failed", Level.WARNING, reason=fact.reason)
            case MediaLost(_, reason):
                call.media.ended()
                call.fact("call.media_lost", Level.ERROR, reason=reason)
                if call.is_up and call.seats.is_direct:
                    call.media.open_again()
                else:
                    call.cue(Cue.MEDIA_DEAD, now, causes.MEDIA_LOST)
            case MediaClosed():
                call.media.ended(fact)

    def _opened(self, fact: MediaOpened, now: float) -> None:
        """There are ports: the call's first ones, or others for audio that may have to come back."""
        call, callee = self.user, self.user.seats.callee
        call.media.opened(fact)
        call.seats.caller.bind(fact.caller)
        if callee is None:
            call.cue(Cue.MEDIA_OPENED, now)
            return
        callee.bind(fact.callee)
        if not call.seats.is_direct:  # it has come back already, to ports that were lost
            call.cue(Cue.STOP, now, causes.MEDIA_LOST)

    def _silent(self, fact: MediaSilent, now: float) -> None:
        call = self.user
        if call.phase is Phase.SEEKING:
            if not fact.caller:
                call.cue(Cue.EARLY_SILENCE, now)
        elif not (call.media.is_fax or call.seats.is_direct or call.phase is Phase.ANNOUNCING):
            call.fact("call.media_silent", party="caller" if fact.caller else "callee")
            call.cue(Cue.MEDIA_DEAD, now, causes.MEDIA_SILENT)
        # else it was said of the audio before

    def _pressed(self, caller: bool, key: DtmfInfo, now: float) -> None:
        leg: Leg | None = self.user.seats.caller if caller else self.user.seats.across
        if leg is not None:
            self.user.cue(Cue.CHANGE, now, (leg, Pressed(key)))
