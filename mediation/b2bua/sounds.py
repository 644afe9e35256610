"""What a peer's party hears of ours, by the terms of that peer."""

from mediation.b2bua.plan import Sound, SoundKind
from mediation.settings.peer_terms import NO_RINGBACK, EarlyMedia, MidCall


def ringback_of(early_media: EarlyMedia) -> Sound | None:
    """What a caller hears while the called party rings; None: its phone rings by itself."""
    country = early_media.ringback
    return None if country == NO_RINGBACK else Sound(SoundKind.RINGBACK, country)


def music_of(mid_call: MidCall) -> Sound | None:
    """What a party hears that is on hold; None: what the other one sends."""
    return Sound(SoundKind.MUSIC, mid_call.music) if mid_call.music else None
