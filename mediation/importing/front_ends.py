"""Audio toward the front ends: what their media configuration says, else their default, to be looked at."""

from collections.abc import Sequence
from typing import Final

from mediation.importing.conversion import flag
from mediation.importing.parameters import MEDIA
from mediation.importing.reading import Item, Kind
from mediation.importing.routes import rows_of
from mediation.importing.telling import Told
from mediation.settings.words import UnfitError

_LEVELS: Final = {
    "requireencryption": ("required", False),
    "supportencryption": ("optional", True),
    "donotsupportencryption": ("off", False),
}
"""How SRTP is called here, and whether it is offered as two m-lines."""


def internal_media(items: Sequence[Item], told: Told) -> tuple[dict[str, object], bool]:
    """Return the values of [internal.media], and whether the export says them."""
    item = _chosen(items)
    made: dict[str, object] = {"srtp": "required"}
    if item is None:
        message = "EncryptionLevel of the front ends is not in the export; its default was taken"
        told.fill_in("", "internal.media.srtp", message, "import Get-CsMediaConfiguration as well")
        return made, False
    subject, here = f"media configuration {item.identity or 'Global'}", {}
    level = item.found.text("EncryptionLevel").strip().lower()
    is_known = level in _LEVELS
    if is_known:
        srtp, twins = _LEVELS[level]
        made = {"srtp": srtp, **({"srtp_twins": True} if twins else {})}
        here["EncryptionLevel"] = f"srtp = {srtp}"
    else:
        message = f'EncryptionLevel is "{level[:40]}", which is not known here; its default was taken'
        told.fill_in(item.place, "internal.media.srtp", message, "set internal.media.srtp by hand")
    try:
        if item.found.text("EnableRtpRtcpMultiplexing") and flag(
            item.found.text("EnableRtpRtcpMultiplexing")
        ):
            made["rtcp_mux"] = True
            here["EnableRtpRtcpMultiplexing"] = "rtcp_mux = true"
    except UnfitError as error:
        told.lost(item.place, f"{subject}: EnableRtpRtcpMultiplexing", error.message, error.remedy)
    told.rows += rows_of(item, MEDIA, subject, here)
    return made, is_known


def _chosen(items: Sequence[Item]) -> Item | None:
    """That of a Mediation Server, the global one, or whichever there is."""
    found = [item for item in items if item.kind is Kind.MEDIA]
    for sign in ("mediationserver", "global"):
        for item in found:
            if sign in item.identity.lower():
                return item
    return found[0] if found else None
