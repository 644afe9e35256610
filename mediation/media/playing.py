"""A sound of ours on its way to one party: frames by the clock, in the party's law and packet length.

They leave by the relay that carries what the party across sends, as one stream with it: to the party the sound is
another stretch of speech of the one voice that it has always heard.
"""

from typing import Final

from mediation.b2bua.plan import Stream
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.clock import CLOCK_HZ, NEVER
from mediation.media.relay import Relay
from mediation.media.shelf import Recording
from mediation_codecs.law import SILENCE

MAX_LATE: Final = CLOCK_HZ // 10
"""Frames later than this are left out: whoever waits for them has played silence in their place."""

JUST_NOW: Final = CLOCK_HZ
"""A party that has been heard within so long is being heard."""


LINGER: Final = CLOCK_HZ // 5
"""What has left is heard so much later at most: by the buffer of a phone."""


class Playing:
    """From the first frame to `stop`. Times are whole numbers of the media clock."""

    __slots__ = ("_at", "_began", "_law", "_payload_type", "_recording", "_relay", "_sequence", "_units", "next_at",
                 "sound")  # fmt: skip

    def __init__(self, sound: Sound, recording: Recording, relay: Relay, stream: Stream, now: int) -> None:
        """`relay` is the one whose sink hears it, and its source is silent or is not to be heard."""
        self.sound = sound
        self._recording = recording
        self._relay = relay
        self._began = now
        self._at = self._sequence = 0
        self.next_at = now
        """When `play` has something to do; NEVER: not any more."""
        self.follow(stream)
        heard = relay.tally.heard
        if sound.gives_way and heard > now - JUST_NOW and heard >= 0:
            self.next_at = NEVER

    def follow(self, stream: Stream) -> None:
        """What the party hears it as, from the next frame on."""
        self._law = stream.law
        self._payload_type = stream.payload_type
        self._units = stream.ptime_ms * CLOCK_HZ // 1000

    def play(self, now: int) -> bool:
        """Send the frames that are due, unless the source is heard for whom the sound has to give way.

        True: an announcement has been heard to its end.
        """
        if self.sound.gives_way and self._relay.tally.heard > self._began:
            self.stop()
            return False
        if self._is_over:
            self.stop()
            return True
        late = now - self.next_at
        skipped = late // self._units if late > MAX_LATE else 0
        self._at += skipped * self._units
        self.next_at += skipped * self._units
        while self.next_at <= now and not self._is_over:
            self._relay.play(self._payload_type, self._sequence, self._at, self._frame(), self.next_at)
            self._sequence = (self._sequence + 1) & 0xFFFF
            self._at += self._units
            self.next_at += self._units
        if self._is_over:
            self.next_at += LINGER
        return False

    def stop(self) -> None:
        """No frame more: what the source sends goes on in the same stream."""
        if self.next_at != NEVER:
            self.next_at = NEVER
            self._relay.sound_ended()

    def _frame(self) -> bytes:
        """The next one; after the last sample of what is played once there is silence."""
        frame = self._recording.frame(self._law, self._at, self._units)
        left = self._recording.samples - self._at
        if self._is_played_once and left < self._units:
            return frame[:left].ljust(self._units, bytes((SILENCE[self._law],)))
        return frame

    @property
    def _is_over(self) -> bool:
        return self._is_played_once and self._at >= self._recording.samples

    @property
    def _is_played_once(self) -> bool:
        return self.sound.kind is SoundKind.ANNOUNCEMENT
