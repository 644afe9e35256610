"""Rules about media bypass: where it cannot stand, and where it would come to nothing."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Final

from mediation.sdp.crypto import SrtpMode
from mediation.settings.bypass import BypassMode, TrunkBypass
from mediation.settings.draft import EACH, Draft
from mediation.settings.peer_media import Latching
from mediation.settings.places import Network
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity
from mediation.sip.session_timer import TimerMode

_MODE: Final = ("bypass", "mode")
_INTERNAL: Final = ("internal",)

_NEEDS_US: Final[tuple[tuple[Path, Callable[[object], bool], str], ...]] = (
    (
        ("media", "latching"),
        lambda value: isinstance(value, Latching) and value.learns,
        "its address is learned from its packets",
    ),
    (("media", "repacketize"), bool, "packets are cut and joined for it"),
    (("media", "jitter_buffer_ms"), bool, "it is held to go on evenly"),
    (("media", "fill_silence"), bool, "its silence is filled with noise"),
)
"""What of one peer keeps all its audio here."""


def broken_bypass_rules(draft: Draft) -> Iterator[Fault]:
    """Return what cannot stand together."""
    for trunk in _taking_part(draft):
        place = (*trunk, "media", "known_termination")
        if draft.value(place, bool) is False:
            message = "nothing is known of the way that its audio takes, and so it cannot be let go"
            yield Fault(
                place, message, "set it to true, or remove bypass", related=(*trunk, "media", "bypass")
            )
    if draft.value(_MODE, BypassMode) is not BypassMode.ALWAYS or not any(True for _ in _taking_part(draft)):
        return
    for pattern in (("site", EACH, "link", "kbps"), ("trunk", EACH, "link", "kbps")):
        for path, kbps in draft.each(pattern, int):
            if kbps:
                message = "audio that goes past us is not counted on this line, and every call may go so"
                yield Fault(path, message, 'set bypass.mode = "by-site", or remove it', related=_MODE)


def bypass_doubts(draft: Draft) -> Iterator[Fault]:
    """Return what hardly can be meant."""
    mode = draft.value(_MODE, BypassMode)
    trunks = list(_taking_part(draft))
    if mode is None:
        return
    if mode is BypassMode.OFF:
        for trunk in trunks:
            message = "audio goes through us all the same, for bypass.mode is off"
            yield _doubt((*trunk, "media", "bypass"), message, 'add mode = "by-site" to [bypass]', _MODE)
        return
    if not trunks:
        yield _doubt(_MODE, "no trunk allows it", 'add bypass = "allowed" to the media of a trunk')
    for trunk in trunks:
        if mode is BypassMode.BY_SITE:
            yield from _nowhere(draft, trunk)
        yield from _in_vain(draft, trunk)
        yield from _watched_by_nobody(draft, trunk)


def _taking_part(draft: Draft) -> Iterator[Path]:
    for trunk in draft.trunks():
        if draft.value((*trunk, "media", "bypass"), TrunkBypass) is TrunkBypass.ALLOWED:
            yield trunk


def _nowhere(draft: Draft, trunk: Path) -> Iterator[Fault]:
    """Whose place is not known is near to nobody."""
    place = (*trunk, "media", "bypass")
    group, stands_for = (
        draft.value((*trunk, "media", key), str) for key in ("bypass_group", "representative_ip")
    )
    if group or group is None or stands_for is None:
        return
    if stands_for:
        address = ip_address(stands_for)
        kinds = [("site", EACH, key, EACH) for key in ("networks", "media_networks")]
        networks = [net for kind in kinds for _, net in draft.each(kind, object) if isinstance(net, Network)]
        if not any(address in net for net in networks):
            message = f"{stands_for} is in the networks of no site: nobody is near to it"
            yield _doubt(
                (*trunk, "media", "representative_ip"), message, "add media_networks to its [[site]]"
            )
    elif draft.value((*trunk, "site"), str) == "":
        remedy = "add site, or representative_ip or bypass_group to its media"
        yield _doubt(
            place, "bypass is by site, and this trunk has none: all its audio goes through us", remedy
        )


def _in_vain(draft: Draft, trunk: Path) -> Iterator[Fault]:
    """What is set elsewhere and keeps the audio of every call here."""
    place = (*trunk, "media", "bypass")
    modes = [draft.value((*holder, "media", "srtp"), SrtpMode) for holder in (_INTERNAL, trunk)]
    laws = [draft.value((*holder, "codecs"), tuple) for holder in (_INTERNAL, trunk)]
    if {SrtpMode.REQUIRED, SrtpMode.OFF} == set(modes):
        message = "one side encrypts audio and the other one must not: all of it goes through us"
        yield _doubt(place, message, "give both sides the same srtp", ("internal", "media", "srtp"))
    if None not in laws and set(laws[0] or ()).isdisjoint(laws[1] or ()):
        message = "the codecs of both sides have nothing in common: all audio goes through us"
        yield _doubt(place, message, "give both sides a codec in common", ("internal", "codecs"))
    for holder in (_INTERNAL, trunk):
        for key, needs_us, why in _NEEDS_US:
            if needs_us(draft.value((*holder, *key), object)):
                message = f"all audio goes through us, for {why}"
                yield _doubt((*holder, *key), message, "remove one of the two", place)


def _watched_by_nobody(draft: Draft, trunk: Path) -> Iterator[Fault]:
    """Audio that does not come by here does not tell when a peer is gone; a session timer does (RFC 4028)."""
    modes = [draft.value((*holder, "session_timer", "mode"), TimerMode) for holder in (_INTERNAL, trunk)]
    if None in modes or {TimerMode.OFFER, TimerMode.REQUIRE} & set(modes):
        return
    if draft.value(("sip", "max_duration_s"), int) == 0:
        message = "a party that is gone is noticed by nobody: no audio comes by here, and no session timer is asked for"
        remedy = 'add session_timer = { mode = "offer" } to the trunk'
        yield _doubt((*trunk, "media", "bypass"), message, remedy)


def _doubt(path: Path, message: str, remedy: str, related: Path | None = None) -> Fault:
    return Fault(path, message, remedy, related=related, severity=Severity.WARNING)
