"""Routes, as settings."""

from dataclasses import dataclass, field

from mediation.settings.hours import Hours, check_time_zone
from mediation.settings.story import setting, story
from mediation.settings.words import (
    check_match,
    check_name,
    check_number_start,
    check_user,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Which trunks carry calls to which numbers; the first route that matches wins, in the order of priority."""

    match: str = setting(
        "",
        doc="RE2 pattern, searched for in the called number: anchor it with ^ and $. Empty: every number.",
        check=check_match,
        example='"^\\\\+?[0-9]+$"',
    )
    trunks: tuple[str, ...] = field(
        metadata=story("Names of trunks, in order of preference.", at_least=1, example='["itsp-a"]')
    )
    priority: int = setting(
        0,
        low=0,
        high=65535,
        doc="Routes are asked from the lowest to the highest; equal ones in the order of the file.",
    )
    weights: tuple[int, ...] = setting(
        (),
        low=0,
        high=65535,
        doc="One for each trunk: who is tried first is drawn for each call with chances like these, and so on for the "
        "next (RFC 2782). 0: only when no other is left. []: always in the order of trunks.",
        example="[70, 30]",
    )
    prefixes: tuple[str, ...] = setting(
        (),
        check=check_number_start,
        doc="Beginnings of the called number, one of which must fit beside match. Of routes with equal priority, the "
        "one with the longest is asked first. []: none is asked for.",
        example='["+4930", "+4940"]',
    )
    cost: float = setting(
        0.0,
        low=0,
        high=1_000_000,
        doc="What a minute costs, in whatever unit: of routes with equal priority and beginnings of equal length, the "
        "cheapest is asked first.",
        example="0.012",
    )
    then_next: bool = setting(
        False, doc="When its trunks are exhausted, the next route that fits is tried as well."
    )
    usages: tuple[str, ...] = setting(
        (),
        check=check_name,
        doc="Words for what it is used for: trunks and sites name those that their calls may use. []: it is for calls "
        "of front ends at sites without usages.",
        example='["national", "transit"]',
    )
    hours: tuple[Hours, ...] = setting(
        (),
        doc="When it is open; hours over midnight belong to the day that they begin on. []: always.",
        example='["mon-fri 08:00-18:00", "sat 09:00-12:00"]',
    )
    time_zone: str = setting(
        "UTC", check=check_time_zone, doc="Whose time hours are in.", example='"Europe/Berlin"'
    )
    caller_number: str = setting(
        "",
        check=check_user,
        doc="Number that its calls show in From in place of the caller's, as we write it: the trunk's rules make the "
        "trunk's way of it. A caller who wants to be hidden stays so, and what is asserted of him stays as it is. "
        "Empty: the caller's own.",
        example='"+493012345670"',
    )
    hide_caller: bool = setting(
        False,
        doc="Its calls leave as those of a caller who wants to be hidden: From is anonymous, with Privacy, and "
        "identity.reveal of the trunk decides whether the trunk itself hears who it is (RFC 3323, RFC 3325).",
    )
    emergency: bool = setting(
        False,
        doc="Calls for help: no limit on calls, rate or bandwidth refuses them, every caller inside may use it, and "
        "trunks at the caller's site come first unless they are down.",
    )
