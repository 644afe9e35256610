"""A law that a party changes to without a word: each of its packets says so by a number that everybody knows.

Whoever answers with several formats may change among them packet by packet, and some do so without having been asked
(RFC 3264 section 6.1, RFC 3551 section 6). A relay translates such packets one by one. What works on samples knows one
law only, the one that was agreed on, and hears them in that.
"""

from mediation.b2bua.plan import Stream
from mediation.media.outlet import Heard
from mediation_codecs.transcode import transcoder


class AgreedLaw:
    """Of one source, by one plan."""

    __slots__ = ("_number", "_translations")

    def __init__(self, source: Stream) -> None:
        self._number = source.payload_type
        self._translations = {
            number: transcoder(law, source.law)
            for number, law in source.laws
            if number not in source.taken_payload_types
        }

    def restate(self, packet: Heard) -> None:
        """Let a packet of the source be in the law that was agreed on, if it is in another one."""
        translate = self._translations.get(packet.payload_type)
        if translate is not None:
            packet.payload_type, packet.payload = self._number, translate(packet.payload)
