"""The process that serves: it starts the server, heeds signals, and ends with an exit code that says why."""

import asyncio
import gc
import os
import signal
from math import inf
from pathlib import Path
from typing import Any, Final

from mediation.exit_codes import ExitCode
from mediation.media.port import MediaEngineError
from mediation.media.shelf import SoundFileError
from mediation.net.listener import EXHAUSTED, EXHAUSTED_REMEDY
from mediation.net.listening import ListenError
from mediation.net.policy import PolicyUnusable
from mediation.net.tls import CredentialsError
from mediation.ops import log as logs
from mediation.server import Server
from mediation.settings.model import Settings

CHECK_CONFIG: Final = "mediation check-config tells what to do"
EXHAUSTED_EVERY_S: Final = 10.0
"""Out of descriptors the event loop says so all the time; it is told this often."""


def serve(settings: Settings, file: Path) -> int:
    """Serve calls until SIGTERM or SIGINT; returns the exit code. `file`: where the settings stand."""
    logs.configure(settings.log.level, settings.log.format)
    return asyncio.run(_serve(settings, file))


async def _serve(settings: Settings, file: Path) -> int:
    log = logs.get_logger()
    stopping, at_once = asyncio.Event(), asyncio.Event()
    try:
        server = Server(settings, file)
        _heed_signals(server, stopping, at_once)
        asyncio.get_running_loop().set_exception_handler(Complaints(log).hear)
        if not await _started(server, stopping):
            log.info("server.stopped", reason="told to stop before it stood")
            return ExitCode.GOOD
    except (SoundFileError, ListenError, CredentialsError, PolicyUnusable, MediaEngineError) as error:
        reason, remedy, code = _failure(error)
        log.error("server.failed", reason=reason, remedy=remedy)
        return code
    gc.collect()
    gc.freeze()  # what is loaded now lives as long as the process: no collection needs to look at it again
    await stopping.wait()
    await server.stop(at_once)
    return ExitCode.GOOD


def _heed_signals(server: Server, stopping: asyncio.Event, at_once: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def asked_to_stop() -> None:
        (at_once if stopping.is_set() else stopping).set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, asked_to_stop)
    loop.add_signal_handler(signal.SIGHUP, server.reload)


async def _started(server: Server, stopping: asyncio.Event) -> bool:
    """Start; False: it was told to stop before it stood, and nothing of it is left. Raises as `Server.start`."""
    starting = asyncio.create_task(server.start())
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait((starting, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not starting.done():
        starting.cancel()
    try:
        await starting
    except asyncio.CancelledError:
        return False
    return True


def _failure(
    error: SoundFileError | ListenError | CredentialsError | PolicyUnusable | MediaEngineError,
) -> tuple[str, str, ExitCode]:
    """Why a server cannot be started: the reason, what to do about it, and the exit code."""
    match error:
        case ListenError():
            code = ExitCode.TRY_AGAIN if error.passes else ExitCode.CONFIGURATION
            return str(error.strerror), error.remedy, code
        case PolicyUnusable():
            return str(error), error.remedy, ExitCode.CONFIGURATION
        case SoundFileError() | CredentialsError():
            return str(error), CHECK_CONFIG, ExitCode.CONFIGURATION
        case MediaEngineError():
            return str(error), "see the lines above", ExitCode.TRY_AGAIN


class Complaints:
    """What the event loop could not tell anybody else."""

    def __init__(self, log: logs.Logger) -> None:
        self._log = log
        self._exhausted_told_at = -inf

    def hear(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """One of them."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in EXHAUSTED:
            if loop.time() >= self._exhausted_told_at + EXHAUSTED_EVERY_S:
                self._exhausted_told_at = loop.time()
                self._log.warning(
                    "system.exhausted", reason=os.strerror(error.errno), remedy=EXHAUSTED_REMEDY
                )
            return
        self._log.error("loop.broke", message=context.get("message"), exc_info=error)
