"""What is amiss with the audio of one party while it should be heard: nothing comes of it, or nothing but silence.

Looked at once a second, beside the packets. Times are whole numbers of the media clock.
"""

from typing import Final

from mediation.b2bua.media_facts import Amiss
from mediation.media.clock import CLOCK_HZ
from mediation.media.relay import Relay

LOOK_INTERVAL: Final = CLOCK_HZ
"""So often it is looked how audio fares: once a second."""

AMISS_AFTER: Final = 11 * CLOCK_HZ // 4
"""What has lasted so long since it was noticed, which takes a look, is told at the next one: within five seconds of its
beginning, even where looks are late."""

RECENT: Final = 2 * LOOK_INTERVAL
"""Who has sent a packet so lately is sending."""

News = list[tuple[Amiss, bool]]
"""What is amiss, and whether that is over."""


class Alarms:
    """Of one party, whose audio `inward` carries."""

    __slots__ = ("_inward", "_one_way", "_one_way_since", "_silent", "_silent_since")

    def __init__(self, inward: Relay) -> None:
        self._inward = inward
        inward.ear.forget()
        self._one_way = self._silent = 0
        self._one_way_since = self._silent_since = _NEVER

    def look(self, now: int, since: int, *, expected: bool, other_sends: bool) -> News:
        """What has changed.

        `expected`: the party is to be heard by the plan, which is as old as `since`. `other_sends`: the other one does.
        """
        if not expected:
            return self.stand_down(now)
        heard = self._inward.tally.heard
        news: News = []
        if self._one_way_since == _NEVER:
            quiet_since = max(heard, since)
            if other_sends and now - quiet_since >= AMISS_AFTER:
                self._one_way_since = quiet_since
                news.append((Amiss.ONE_WAY, False))
        elif heard > self._one_way_since:
            news.append(self._one_way_over(now))
        ear = self._inward.ear
        if self._silent_since == _NEVER:
            quiet_since = max(ear.silent_since, since)
            if ear.heard_silence < now - RECENT:
                ear.silent_since = _NEVER  # whatever comes next is another silence
            elif ear.silent_since >= 0 and now - quiet_since >= AMISS_AFTER:
                self._silent_since = quiet_since
                ear.is_sure = True
                news.append((Amiss.SILENT_AUDIO, False))
        elif ear.silent_since < 0:
            news.append(self._silent_over(now))
        self._inward.listen()
        return news

    def stand_down(self, now: int) -> News:
        """The party need not be heard any more: whatever was amiss with it is over."""
        news: News = []
        if self._one_way_since != _NEVER:
            news.append(self._one_way_over(now))
        if self._silent_since != _NEVER:
            news.append(self._silent_over(now))
        self._inward.ear.forget()
        return news

    def totals(self, now: int) -> tuple[int, int]:
        """How long nothing has come, and how long nothing but silence, in all."""
        one_way = 0 if self._one_way_since == _NEVER else now - self._one_way_since
        silent = 0 if self._silent_since == _NEVER else now - self._silent_since
        return self._one_way + one_way, self._silent + silent

    def _one_way_over(self, now: int) -> tuple[Amiss, bool]:
        self._one_way += now - self._one_way_since
        self._one_way_since = _NEVER
        return Amiss.ONE_WAY, True

    def _silent_over(self, now: int) -> tuple[Amiss, bool]:
        self._silent += now - self._silent_since
        self._silent_since = _NEVER
        self._inward.ear.is_sure = False
        return Amiss.SILENT_AUDIO, True


_NEVER: Final = -1
