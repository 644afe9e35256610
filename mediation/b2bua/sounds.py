"""Sounds of ours: what there is, and what a peer's party hears by the terms of that peer."""

from dataclasses import dataclass
from enum import StrEnum

from mediation.settings.announcements import TONE, Announcement
from mediation.settings.peer_terms import NO_RINGBACK, EarlyMedia, MidCall


class SoundKind(StrEnum):
    """What a sound of ours is for."""

    RINGBACK = "ringback"
    """The called party rings."""
    MUSIC = "music"
    """The party waits."""
    TONE = "tone"
    """The call is refused."""
    ANNOUNCEMENT = "announcement"
    """The same, in words: once, and then SoundEnded is told."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What we play ourselves; again and again, but for an announcement."""

    kind: SoundKind
    name: str
    """Of ringback the country, of a tone what it says and the country (`busy:de`), of all others the file."""

    @property
    def gives_way(self) -> bool:
        """Whether early media is heard in its place, whenever that comes; the other ones are heard in place of what the
        party across sends."""
        return self.kind is SoundKind.RINGBACK


def ringback_of(early_media: EarlyMedia) -> Sound | None:
    """What a caller hears while the called party rings; None: its phone rings by itself."""
    country = early_media.ringback
    return None if country == NO_RINGBACK else Sound(SoundKind.RINGBACK, country)


def music_of(mid_call: MidCall) -> Sound | None:
    """What a party hears that is on hold; None: what the other one sends."""
    return Sound(SoundKind.MUSIC, mid_call.music) if mid_call.music else None


def announced_by(rule: Announcement) -> Sound:
    """What a caller hears whose call is refused."""
    if rule.file:
        return Sound(SoundKind.ANNOUNCEMENT, rule.file)
    return Sound(SoundKind.TONE, rule.sound.removeprefix(TONE))
