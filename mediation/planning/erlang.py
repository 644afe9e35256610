"""Erlang B: how many channels a traffic needs so that no more than a given share of calls finds all of them busy.

A. K. Erlang's loss formula of 1917 (ITU-T E.501, E.520): calls come by chance, from many more people than there are
channels, and whoever finds none free goes away. Ten thousand channels and more are computed as well as one: the
recursion keeps a number between 0 and 1, where the formula as it is written has factorials.
"""

from functools import lru_cache
from typing import Final

MAX_CHANNELS: Final = 1_000_000
"""Beyond so many nobody searches."""


def blocking(erlang: float, channels: int) -> float:
    """Share of calls that finds all channels busy, 0 to 1, for an offered traffic in Erlang."""
    share = 1.0
    for count in range(1, channels + 1):
        share = erlang * share / (count + erlang * share)
        if not share:
            break
    return share


@lru_cache(maxsize=65536)
def channels_for(erlang: float, target: float) -> int:
    """The fewest channels that block no more than the target, above 0 and below 1.

    Raises:
        ValueError: the traffic is negative, or the channels are more than `MAX_CHANNELS`.
    """
    if erlang < 0 or not 0 < target < 1:
        raise ValueError(f"no channels for {erlang} Erlang at a blocking of {target}")
    if not erlang:
        return 0
    share = 1.0
    for count in range(1, MAX_CHANNELS + 1):
        share = erlang * share / (count + erlang * share)
        if share <= target:
            return count
    raise ValueError(f"{erlang} Erlang need more than {MAX_CHANNELS} channels")


def offered_erlang(channels: int, target: float) -> float:
    """The greatest traffic that so many channels carry at this blocking, in Erlang; the published tables hold it."""
    low, high = 0.0, channels / (1 - target) + 1.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if blocking(middle, channels) <= target:
            low = middle
        else:
            high = middle
    return low
