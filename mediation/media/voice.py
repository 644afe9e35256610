"""What a party hears as ours, and what stands for a line where there is none."""

from dataclasses import dataclass
from typing import Final

from mediation.media.course import Line
from mediation.rtp.rewrite import Rewrite


@dataclass(eq=False, slots=True)
class Voice:
    """What one pair's party hears as ours while the pair is open: one SSRC and CNAME, whoever is at the other end.

    The counts are laid down here while no relay speaks with it.
    """

    rewrite: Rewrite
    cname: str
    octets: int = 0
    not_sent: int = 0
    at_reports: tuple[int, int] = (0, 0)


class _NoLine:
    """To and from a party whose address is not known or cannot be reached."""

    def recv(self, _limit: int, /) -> bytes:
        raise OSError("no line")

    def send(self, _datagram: bytes, /) -> int:
        raise OSError("no line")


NO_LINE: Final[Line] = _NoLine()
