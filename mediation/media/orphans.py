"""When a call that nobody commands is over. There is no signalling that could tell: only what its parties send."""

from typing import Final, NamedTuple

from mediation.media.clock import CLOCK_HZ

QUIET: Final = 10 * CLOCK_HZ
"""Nobody has sent anything, of RTP or RTCP, for so long: both have hung up. Two intervals of RTCP."""

LEFT: Final = 2 * CLOCK_HZ
"""A party that has said BYE by RTCP (RFC 3550 section 6.6) and then nothing for so long has hung up; one that goes on
has only left a stream behind."""


class Sign(NamedTuple):
    """What is known of one party. Times are on the media clock."""

    heard: int
    """When a valid packet of either kind came last; negative: never."""
    has_left: bool
    """It has said BYE."""


def why_over(signs: tuple[Sign, Sign], since: int, limit: int, now: int) -> str:
    """Why a call is over that is an orphan since then, and may be for so long. Empty: it goes on."""
    if now - since >= limit:
        return "it has outlived signalling as long as it may"
    if any(sign.has_left and now - sign.heard >= LEFT for sign in signs):
        return "a party has left"
    if now - max(since, *(sign.heard for sign in signs)) >= QUIET:
        return "both parties have fallen silent"
    return ""
