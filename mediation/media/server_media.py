"""The media of one server, as its settings ask for them: workers, what they may play, and a recorder beside them."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mediation.b2bua.media_facts import MediaFact
from mediation.media.engine import WorkerMediaEngine
from mediation.media.notices import NoDoor, Notice, RecorderNotice
from mediation.media.port import MediaEngine
from mediation.media.recorded import RecordedMedia
from mediation.media.repertoire import sounds_of
from mediation.media.runtime_place import NoPlaceError, door_of, runtime_directory
from mediation.media.worker_settings import worker_settings
from mediation.settings.model import Settings


class ServerMedia:
    """`engine` carries them."""

    engine: MediaEngine

    def __init__(
        self,
        settings: Settings,
        file: Path,
        on_fact: Callable[[MediaFact], None],
        on_notice: Callable[[Notice | RecorderNotice | NoDoor], None],
    ) -> None:
        """`file`: where the settings stand, which is what tells one server of a machine from another. Raises
        SoundFileError."""
        self._on_notice = on_notice
        self._shelf = _shelf(settings)
        self._settings = worker_settings(settings, shelf=self._shelf, door=self._door(settings, file))
        self._workers: WorkerMediaEngine
        recording = settings.recording
        if recording.is_on:
            free_octets = recording.free_mb << 20
            self.engine = RecordedMedia(self._made, on_fact, on_notice, free_octets=free_octets)
        else:
            self.engine = self._made(on_fact)

    @property
    def orphans(self) -> int:
        """Calls of a signalling process before this one that go on."""
        return self._workers.orphans

    async def aclose(self, *, spare_calls: bool = False) -> None:
        """See MediaEngine."""
        await self.engine.aclose(spare_calls=spare_calls)
        if self._shelf >= 0:
            os.close(self._shelf)
            self._shelf = -1

    def _made(self, on_fact: Callable[[MediaFact], None], tape: int = -1) -> WorkerMediaEngine:
        self._workers = WorkerMediaEngine(replace(self._settings, tape=tape), on_fact, self._on_notice)
        return self._workers

    def _door(self, settings: Settings, file: Path) -> str:
        """Where workers and the server that comes after us find one another; empty: nowhere."""
        media = settings.media
        if not media.outlive_signalling_s:
            return ""
        try:
            return door_of(file, runtime_directory(media.runtime_directory))
        except NoPlaceError as error:
            self._on_notice(NoDoor(str(error)))
            return ""


def _shelf(settings: Settings) -> int:
    """The descriptor of what may be played; -1: nothing. Raises SoundFileError."""
    sounds = sounds_of(settings)
    if not sounds:
        return -1
    from mediation.media.stocking import made, write_shelf

    return write_shelf(made(sounds))
