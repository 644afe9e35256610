"""The port through which signalling drives media: commands go in, facts come back, whoever stands behind it."""

from typing import Protocol

from mediation.b2bua.media_commands import MediaCommand


class MediaEngine(Protocol):
    """Carries out media commands, wherever and however.

    OpenMedia is answered by MediaOpened or MediaRefused, OpenPair by PairOpened or PairRefused, CloseMedia by
    MediaClosed. After MediaRefused, MediaLost or MediaClosed nothing more comes for the call, and commands for
    it are ignored: a pair that was asked for then went with the rest.
    """

    async def start(self) -> None:
        """Get ready for calls. Raises MediaEngineError."""

    def perform(self, command: MediaCommand) -> None:
        """Begin to carry out a command, without waiting. A failure is a fact that comes later.

        Raises ValueError when a call is opened that is open already.
        """

    async def aclose(self, *, spare_calls: bool = False) -> None:
        """Stop now. Calls that are still there hear no facts any more.

        `spare_calls`: workers that carry calls go on without us, for the next one to adopt.
        """


class MediaEngineError(Exception):
    """Media cannot be had at all."""
