"""Telephone-events from one clock to another: durations, and the segments of events that are too long for one of them.

RFC 4733 section 2.1 gives an event the clock of the audio that it stands in: 48,000 a second beside Opus. Its duration
has 16 bits, which is 8.2 s at 8,000 and 1.4 s at 48,000; a longer event goes on in a further segment (section 2.5.1.3).
"""

from collections.abc import Iterator

from mediation.rtp.telephone_event import MAX_DURATION, TelephoneEvent


class EventsSlower:
    """Events of a faster clock, as one of 8,000 a second has them: segments become one event again."""

    __slots__ = ("_audio_ratio", "_begin", "_ended", "_event", "_ratio", "_segment")

    def __init__(self, ratio: int, audio_ratio: int) -> None:
        """How many times faster durations run, and how many times timestamps do."""
        self._ratio = ratio
        self._audio_ratio = audio_ratio
        self._event = -1
        self._ended = False
        self._begin = self._segment = 0

    def packet(self, timestamp: int, payload: bytes) -> tuple[int, bytes]:
        """A packet's timestamp, which is still one of the faster clock, and its payload. Raises RtpError."""
        told = TelephoneEvent.parse(payload)
        step = (timestamp - self._segment) & 0xFFFFFFFF
        whole = MAX_DURATION * self._audio_ratio // self._ratio
        goes_on = step == 0 or (step == whole and not self._ended and told.event == self._event)
        if not goes_on:
            self._begin, self._ended = timestamp, False
        self._event, self._segment = told.event, timestamp
        self._ended = self._ended or told.end
        elapsed = ((timestamp - self._begin) & 0xFFFFFFFF) // self._audio_ratio
        duration = elapsed + told.duration // self._ratio
        while duration > MAX_DURATION:  # too long even here
            self._begin = (self._begin + MAX_DURATION * self._audio_ratio) & 0xFFFFFFFF
            duration -= MAX_DURATION
        return self._begin, bytes(TelephoneEvent(told.event, told.end, told.volume, duration))


class EventsFaster:
    """Events of a clock of 8,000 a second, as a faster one has them: long ones become segments."""

    __slots__ = ("_audio_ratio", "_begin", "_ratio", "_segment")

    def __init__(self, ratio: int, audio_ratio: int) -> None:
        """The same."""
        self._ratio = ratio
        self._audio_ratio = audio_ratio
        self._begin = -1
        self._segment = 0

    def packets(self, timestamp: int, payload: bytes) -> Iterator[tuple[int, bytes]]:
        """What a packet becomes: timestamps of the faster clock from its own, which is one already. Raises RtpError."""
        told = TelephoneEvent.parse(payload)
        if timestamp != self._begin:
            self._begin, self._segment = timestamp, 0
        segment, duration = divmod(max(0, told.duration * self._ratio - 1), MAX_DURATION)
        whole = MAX_DURATION * self._audio_ratio // self._ratio
        for ended in range(self._segment, segment):
            full = TelephoneEvent(told.event, end=False, volume=told.volume, duration=MAX_DURATION)
            yield (timestamp + ended * whole) & 0xFFFFFFFF, bytes(full)
        self._segment = max(self._segment, segment)
        rest = duration + 1 if told.duration else 0
        last = TelephoneEvent(told.event, told.end, told.volume, rest)
        yield (timestamp + segment * whole) & 0xFFFFFFFF, bytes(last)
