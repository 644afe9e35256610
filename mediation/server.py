"""Builds the server from its settings: start, serve, stop."""

import asyncio
import gc
import os
import secrets
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

from mediation import __version__
from mediation.b2bua.engine import Engine
from mediation.b2bua.finding import DnsAnswer
from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, ClosePair, OpenMedia, OpenPair, PressKey
from mediation.b2bua.media_facts import MediaFact
from mediation.b2bua.outputs import AskPolicy, DropPolicy, Fact, Resolve, TargetsChanged
from mediation.b2bua.record import CallRecord
from mediation.b2bua.rulings import PolicyNews
from mediation.exit_codes import ExitCode
from mediation.media.engine import WorkerMediaEngine
from mediation.media.port import MediaEngine, MediaEngineError
from mediation.media.recorded import RecordedMedia, RecorderLost, RecorderNotice, RecorderStarted
from mediation.media.repertoire import sounds_of
from mediation.media.runtime_place import NoPlaceError, door_of, runtime_directory
from mediation.media.shelf import SoundFileError
from mediation.media.worker_log import tell_notice
from mediation.media.worker_settings import WorkerSettings, worker_settings
from mediation.net.driver import Driver
from mediation.net.flows import ListenError
from mediation.net.listener import EXHAUSTED, EXHAUSTED_REMEDY
from mediation.net.policy import PolicyDoor, PolicyUnusable
from mediation.net.policy_kinds import policy_of
from mediation.net.resolver import Resolver
from mediation.net.security import (
    CertificateExpires,
    CertificateRejected,
    CertificateTaken,
    ConnectionRefused,
    Security,
)
from mediation.net.security import Notice as SecurityNotice
from mediation.net.tls import CredentialsError
from mediation.ops import log as logs
from mediation.ops.cdr import CdrWriter
from mediation.ops.metrics import Metrics, Sources
from mediation.routing.wires import Wires
from mediation.settings.bypass import BypassMode
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.settings.words import http_endpoint
from mediation.sip.flow import Flow
from mediation.sip.ids import IdSource

STOP_LIMIT_S = 4.0
"""How long live calls may take to be hung up, and registrations to be given back, before all is left as it is."""
REFUSALS_EVERY_S = 10.0
"""Strangers are counted always and told of this often."""

TIME_EVERY_S = 60.0
ASLEEP_EVERY_S = 5.0
"""So often it is looked whether the machine has slept."""
NOTICED_SLEEP_S = 1.0

CERTIFICATES_EVERY_S = 60.0
"""So often it is looked whether certificates have changed on disk."""

CHECK_CONFIG = "mediation check-config tells what to do"
DOOR_REMEDY = (
    "RuntimeDirectory= of systemd, or media.runtime_directory; until then audio ends with this process"
)

_TABLE = {Side.FRONT_END: "internal", Side.GATEWAY: "gateway"}
"""What the settings call each interface."""

_Rest = (
    OpenMedia
    | ApplyMedia
    | OpenPair
    | ClosePair
    | PressKey
    | CloseMedia
    | Fact
    | CallRecord
    | Resolve
    | TargetsChanged
    | AskPolicy
    | DropPolicy
)


def serve(settings: Settings, file: Path) -> int:
    """Serve calls until SIGTERM or SIGINT; returns the exit code. `file`: where the settings stand."""
    logs.configure(settings.log.level, settings.log.format)
    return asyncio.run(_serve(settings, file))


async def _serve(settings: Settings, file: Path) -> int:
    try:
        server = Server(settings, file)
    except SoundFileError as error:
        logs.get_logger().error("server.failed", reason=str(error), remedy=CHECK_CONFIG)
        return ExitCode.CONFIGURATION
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    at_once = asyncio.Event()

    def asked_to_stop() -> None:
        (at_once if stopping.is_set() else stopping).set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, asked_to_stop)
    loop.add_signal_handler(signal.SIGHUP, server.reload)
    loop.set_exception_handler(server.loop_complained)
    try:
        if not await _started(server, stopping):
            server.log.info("server.stopped", reason="told to stop before it stood")
            return ExitCode.GOOD
    except ListenError as error:
        server.log.error("server.failed", reason=str(error.strerror), remedy=error.remedy)
        return ExitCode.TRY_AGAIN if error.passes else ExitCode.CONFIGURATION
    except CredentialsError as error:
        server.log.error("server.failed", reason=str(error), remedy=CHECK_CONFIG)
        return ExitCode.CONFIGURATION
    except PolicyUnusable as error:
        server.log.error("server.failed", reason=str(error), remedy=error.remedy)
        return ExitCode.CONFIGURATION
    except MediaEngineError as error:
        server.log.error("server.failed", reason=str(error), remedy="see the lines above")
        return ExitCode.TRY_AGAIN
    gc.collect()
    gc.freeze()  # what is loaded now lives as long as the process: no collection needs to look at it again
    await stopping.wait()
    await server.stop(at_once)
    return ExitCode.GOOD


async def _started(server: "Server", stopping: asyncio.Event) -> bool:
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


def _shelf(settings: Settings) -> int:
    """The descriptor of what may be played; -1: nothing. Raises SoundFileError."""
    sounds = sounds_of(settings)
    if not sounds:
        return -1
    from mediation.media.stocking import made, write_shelf

    return write_shelf(made(sounds))


class Server:
    """One Mediation Server: engine, sockets, media workers and observers."""

    def __init__(self, settings: Settings, file: Path) -> None:
        """`file`: where the settings stand, which is what tells one server of a machine from another. Raises
        SoundFileError."""
        self._settings = settings
        self.log = logs.get_logger()
        self._engine = Engine(settings, IdSource(secrets.token_hex))
        self._security = Security(settings, self._security_notice, directory=self._engine.directory)
        self._driver: Driver[_Rest] = Driver(
            self._engine,
            self._perform,
            security=self._security,
            wires=Wires(settings, self._engine.directory),
            recognizer=self._engine,
            on_silent=self._connection_silent,
        )
        self._resolver = Resolver(settings.dns, self._dns_answered)
        self._policy: PolicyDoor | None = None
        self._names_settled = asyncio.Event()
        """Set when something has come of every name, good or bad."""
        self._shelf = _shelf(settings)
        workers = worker_settings(settings, shelf=self._shelf, door=self._door(file))
        self._workers: WorkerMediaEngine
        self._media = self._media_engine(workers)
        self._metrics = Metrics(
            Sources(
                calls=lambda: len(self._engine.calls),
                strangers=lambda: self._driver.flows.refused,
                registered=lambda: self._engine.registrations.standings,
                tls_strangers=lambda: {str(fate): n for fate, n in self._security.handshakes.fates.items()},
                certificates=lambda: {_TABLE[side]: ends for side, ends in self._security.expiries().items()},
                targets=lambda: self._engine.watch.reports,
                names=lambda: self._engine.finder.reports,
                bypassed=self._bypassed_calls if settings.bypass.mode is not BypassMode.OFF else None,
                failed_look_ups=lambda: self._engine.finder.failures,
                wide=self._engine.wide if settings.speaks_wide else None,
                orphans=lambda: self._workers.orphans,
            ),
            __version__,
            records=self._records,
        )
        self._cdr = CdrWriter(settings.cdr.file) if settings.cdr.file else None
        self._refused_told = 0
        self._exhausted_told_at = -inf
        self._periods: dict[str, asyncio.TimerHandle] = {}
        """What is done again and again, by its name."""
        self._idle = asyncio.Event()
        """Set when the last call goes, and all is told to the ITSPs."""
        self._asleep_s = _asleep_s()

    async def start(self) -> None:
        """Media first, so that no call finds it missing; then the sockets. Raises ListenError, MediaEngineError,
        CredentialsError, PolicyUnusable.

        Where it fails, or is cancelled, nothing of it is left.
        """
        listeners = [listener for side in Side for listener in self._settings.interface(side).listen]
        try:
            self._security.load()
            self._open_policy()
            await self._media.start()
            self._serve_metrics()
            self._driver.begin()
            self._tell_time()
            await self._look_up_names()
            await self._driver.start(listeners)
            self._driver.apply(self._engine.start)
        except BaseException as error:
            self._metrics.close()
            await self._resolver.aclose()
            await self._close_policy()
            told_to_stop = isinstance(error, asyncio.CancelledError)
            await self._media.aclose(spare_calls=not told_to_stop)
            self._close_files()
            raise
        self._driver.apply(self._engine.begin)
        self._periodically("asleep", ASLEEP_EVERY_S, self._look_for_sleep)
        self._periodically("refusals", REFUSALS_EVERY_S, self._tell_refusals)
        self._periodically("certificates", CERTIFICATES_EVERY_S, self._security.refresh)
        self._periodically("time of day", TIME_EVERY_S, self._tell_time)
        self.log.info(
            "server.started",
            version=__version__,
            listen=[str(listener) for listener in listeners],
            trunks=[trunk.name for trunk in self._settings.trunks],
        )

    async def stop(self, at_once: asyncio.Event) -> None:
        """Hang up what lives, wait for it a little, write every record, and close. `at_once` cuts the wait short."""
        self.log.info("server.stopping", calls=len(self._engine.calls))
        self._idle.clear()
        self._driver.apply(self._engine.stop)
        if not self._engine.is_over:
            waits = [asyncio.create_task(event.wait()) for event in (self._idle, at_once)]
            _, pending = await asyncio.wait(waits, timeout=STOP_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
            for wait in pending:
                wait.cancel()
        self._driver.apply(self._engine.abort)
        await self._resolver.aclose()
        await self._close_policy()
        await self._driver.aclose()
        await self._media.aclose()
        await asyncio.to_thread(self._metrics.close)
        self._close_files()
        for period in self._periods.values():
            period.cancel()
        self.log.info("server.stopped")

    def reload(self) -> None:
        """Read the certificates again, for connections to come; those that stand keep theirs. Name servers too."""
        self._resolver.reload()
        self._security.refresh(even_unchanged=True)

    async def _look_up_names(self) -> None:
        """Find out what names stand for before the first call comes; it comes all the same if the DNS is slow."""
        self._driver.apply(self._engine.look_up)
        if not self._engine.finder.settled:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.dns.timeout_s):
                    await self._names_settled.wait()

    def _open_policy(self) -> None:
        rules = self._settings.policy
        if rules.is_on:
            self._policy = PolicyDoor(policy_of(rules), rules.at_once, self._policy_told)

    async def _close_policy(self) -> None:
        if self._policy is not None:
            await self._policy.aclose()

    def _policy_told(self, news: PolicyNews) -> None:
        self._driver.apply(lambda now: self._engine.policy_told(news, now))

    def _dns_answered(self, answer: DnsAnswer) -> None:
        self._driver.apply(lambda now: self._engine.dns_answered(answer, now))
        if self._engine.finder.settled:
            self._names_settled.set()

    def loop_complained(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What the event loop could not tell anybody else. Out of descriptors it says so all the time."""
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in EXHAUSTED:
            if loop.time() >= self._exhausted_told_at + REFUSALS_EVERY_S:
                self._exhausted_told_at = loop.time()
                self.log.warning("system.exhausted", reason=os.strerror(error.errno), remedy=EXHAUSTED_REMEDY)
            return
        self.log.error("loop.broke", message=context.get("message"), exc_info=error)

    def _perform(self, output: _Rest) -> None:
        match output:
            case OpenMedia() | ApplyMedia() | OpenPair() | ClosePair() | PressKey() | CloseMedia():
                self._media.perform(output)
            case CallRecord():
                self._record(output)
            case Resolve(question):
                self._resolver.ask(question)
            case TargetsChanged():
                self._driver.targets_changed()
            case AskPolicy() if self._policy is not None:
                self._policy.ask(output)
            case DropPolicy(call) if self._policy is not None:
                self._policy.drop(call)
            case Fact(name, level, fields):
                self._metrics.told(name, fields)
                self.log.log(logs.LEVELS[level], name, **fields)
        if self._engine.is_over:
            self._idle.set()

    @property
    def _records(self) -> bool:
        """Whether a call may be recorded."""
        return bool(self._settings.recording.directory and self._settings.recording.rules)

    def _bypassed_calls(self) -> int:
        return len(self._engine.bypassed)

    def _door(self, file: Path) -> str:
        """Where workers and the server that comes after us find one another; empty: nowhere."""
        media = self._settings.media
        if not media.outlive_signalling_s:
            return ""
        try:
            return door_of(file, runtime_directory(media.runtime_directory))
        except NoPlaceError as error:
            self.log.warning("media_worker.no_door", reason=str(error), remedy=DOOR_REMEDY)
            return ""

    def _media_engine(self, workers: WorkerSettings) -> MediaEngine:
        if not self._records:
            return self._worker_engine(workers, self._media_fact)
        return RecordedMedia(
            lambda on_fact, tape: self._worker_engine(replace(workers, tape=tape), on_fact),
            self._media_fact,
            self._recorder_notice,
            free_octets=self._settings.recording.free_mb << 20,
        )

    def _worker_engine(
        self, workers: WorkerSettings, on_fact: Callable[[MediaFact], None]
    ) -> WorkerMediaEngine:
        self._workers = WorkerMediaEngine(workers, on_fact, lambda notice: tell_notice(self.log, notice))
        return self._workers

    def _recorder_notice(self, notice: RecorderNotice) -> None:
        match notice:
            case RecorderStarted(pid):
                self.log.info("recorder.started", pid=pid)
            case RecorderLost(reason, calls):
                self.log.error("recorder.lost", reason=reason, calls=calls)

    def _media_fact(self, fact: MediaFact) -> None:
        self._driver.apply(lambda now: self._engine.media_fact(fact, now))

    def _connection_silent(self, flow: Flow) -> None:
        host, port = flow.remote
        self.log.warning("connection.silent", transport=str(flow.transport), peer=host, port=port)

    def _security_notice(self, notice: SecurityNotice) -> None:
        match notice:
            case ConnectionRefused(flow, calling, reason, untold):
                host, port = flow.remote
                self.log.warning(
                    "tls.peer_refused", peer=host, port=port, called=calling, reason=reason, untold=untold
                )
            case CertificateTaken(side, file, ends):
                self.log.info("tls.certificate_taken", side=str(side), file=file, ends=f"{ends:%Y-%m-%d}")
            case CertificateRejected(side, reason):
                self.log.error(
                    "tls.certificate_rejected",
                    side=str(side),
                    reason=reason,
                    remedy="the one before stays in use; mend the files, which are looked at every minute",
                )
            case CertificateExpires(side, file, days_left):
                self.log.warning("tls.certificate_expires", side=str(side), file=file, days_left=days_left)

    def _serve_metrics(self) -> None:
        listen = self._settings.metrics.listen
        if not listen:
            return
        try:
            self._metrics.serve(http_endpoint(listen))
        except OSError as error:
            raise ListenError(error.errno, f"cannot serve metrics at {listen}: {error.strerror}") from error

    def _record(self, record: CallRecord) -> None:
        self._metrics.call_ended(record)
        if self._cdr is not None:
            self._cdr.append(record.as_json(time.time() - self._driver.now()))

    def _tell_time(self) -> None:
        """The two clocks go apart where one is set, or the machine was asleep."""
        self._driver.apply(lambda now: self._engine.set_time_of_day(time.time(), now))

    def _tell_refusals(self) -> None:
        refused = self._driver.flows.refused
        if refused > self._refused_told:
            self.log.warning("sources.refused", count=refused - self._refused_told, since_start=refused)
            self._refused_told = refused

    def _look_for_sleep(self) -> None:
        """Virtual machines are suspended and moved; the clock of the event loop stands still meanwhile."""
        slept, self._asleep_s = _asleep_s() - self._asleep_s, _asleep_s()
        if slept > NOTICED_SLEEP_S:
            self.log.warning("machine.slept", seconds=round(slept))
            self._driver.apply(self._engine.slept)

    def _periodically(self, name: str, every_s: float, act: Callable[[], None]) -> None:
        def again() -> None:
            self._periodically(name, every_s, act)
            act()

        self._periods[name] = asyncio.get_running_loop().call_later(every_s, again)

    def _close_files(self) -> None:
        if self._cdr is not None:
            self._cdr.close()
        if self._shelf >= 0:
            os.close(self._shelf)
            self._shelf = -1


def _asleep_s() -> float:
    """How long this machine has slept since it was started, so far as its kernel tells."""
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return 0.0
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
