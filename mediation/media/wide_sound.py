"""What the rooms of wide codecs hand to each other: decoders, encoders, and sound beside what stands for it."""

from dataclasses import dataclass
from typing import Protocol

from mediation.b2bua.wide import Wide
from mediation_codecs.codec import Codec
from mediation_codecs.g711 import Samples


class CodecError(Exception):
    """A payload is none of its codec, or cannot be made."""


class Decoder(Protocol):
    """Of one stream. Gives 16,000 samples a second."""

    def decode(self, payload: bytes) -> Samples:
        """The sound of the next packet. Raises CodecError, and nothing has changed."""

    def conceal(self, count: int) -> Samples:
        """So many samples for what is missing."""

    def is_pause(self, payload: bytes) -> bool:
        """Whether its sender sends nothing more until somebody speaks."""


class Encoder(Protocol):
    """Of one stream."""

    @property
    def rate_hz(self) -> int:
        """Samples a second that it takes."""

    @property
    def frame_ms(self) -> int:
        """How much it takes at a time."""

    def encode(self, samples: Samples) -> bytes:
        """The payload of one packet. Raises CodecError."""


class Codecs(Protocol):
    """Makes decoders and encoders."""

    def decoder(self, codec: Codec) -> Decoder:
        """What reads a party's stream."""

    def encoder(self, wide: Wide, frame_ms: int, rate_hz: int) -> Encoder:
        """What writes a stream to a party."""


@dataclass(eq=False, slots=True)
class Beside:
    """What the last packet of a wide party sounded like, as long as nothing is done with the one that stands for it.

    Between two wide parties nothing need be lost to G.711: whoever gets the very payload that was made of a sound takes
    the sound itself. Whatever a room has changed on the way is another payload.
    """

    narrow: bytes = b""
    """The payload in G.711."""
    sound: Samples | None = None
    """The same with 16,000 samples a second."""
    payload: bytes = b""
    """As it came."""
