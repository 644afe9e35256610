"""All that we may play: the settings' word for the shelf, which workers read without them."""

from mediation.b2bua.sounds import Sound, announced_by, music_of, ringback_of
from mediation.settings.model import Settings
from mediation.settings.peers import Internal
from mediation.settings.trunks import Trunk


def sounds_of(settings: Settings) -> list[Sound]:
    """All that may be played by these settings, each once."""
    peers: tuple[Internal | Trunk, ...] = (settings.internal, *settings.trunks)
    found: list[Sound | None] = []
    for peer in peers:
        found += (
            ringback_of(peer.early_media),
            music_of(peer.mid_call),
            *map(announced_by, peer.announcements),
        )
    return list(dict.fromkeys(sound for sound in found if sound is not None))
