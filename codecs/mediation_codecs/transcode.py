"""From one law to the other: one table look-up over the whole payload."""

from collections.abc import Callable

from mediation_codecs.g711 import DIRECT
from mediation_codecs.law import Law


def translation_table(source: Law, sink: Law) -> bytes | None:
    """The 256 octets for `bytes.translate`; None when the laws agree and the payload must not be touched."""
    return None if source is sink else DIRECT[source, sink]


def transcoder(source: Law, sink: Law) -> Callable[[bytes], bytes]:
    """Octet-for-octet conversion by G.711 tables 3 and 4; length is kept, 8,000 octets are one second.

    Where the laws agree the very same object comes back: there and back again would change 16 codes.
    """
    table = translation_table(source, sink)
    if table is None:
        return bytes
    return lambda payload: payload.translate(table)
