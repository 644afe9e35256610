"""What a party hears as ours, whoever is at the other end."""

from dataclasses import dataclass

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
