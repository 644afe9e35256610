"""Builds the server from its settings: start, serve, stop."""

import asyncio
import secrets
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

from mediation import __version__
from mediation.b2bua.engine import Engine
from mediation.b2bua.finding import DnsAnswer
from mediation.b2bua.media_commands import MediaCommand
from mediation.b2bua.media_facts import MediaFact
from mediation.b2bua.outputs import AskPolicy, DropPolicy, Fact, Resolve, TargetsChanged
from mediation.b2bua.record import CallRecord
from mediation.b2bua.rulings import PolicyNews
from mediation.media.server_media import ServerMedia
from mediation.net.driver import Driver
from mediation.net.listening import ListenError
from mediation.net.policy import PolicyDoor
from mediation.net.policy_kinds import policy_of
from mediation.net.resolver import Resolver
from mediation.net.security import Security
from mediation.ops import log as logs
from mediation.ops.cdr import CdrWriter
from mediation.ops.metrics import Metrics, Sources
from mediation.rounds import Rounds
from mediation.routing.wires import Wires
from mediation.settings.bypass import BypassMode
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.settings.words import http_endpoint
from mediation.sip.ids import IdSource
from mediation.telling import tell_media, tell_security, tell_silence

STOP_LIMIT_S = 4.0
"""How long live calls may take to be hung up, and registrations to be given back, before all is left as it is."""

_TABLE = {Side.FRONT_END: "internal", Side.GATEWAY: "gateway"}
"""What the settings call each interface."""

_Rest = MediaCommand | Fact | CallRecord | Resolve | TargetsChanged | AskPolicy | DropPolicy


class Server:
    """One Mediation Server: engine, sockets, media workers and observers."""

    def __init__(self, settings: Settings, file: Path) -> None:
        """`file`: where the settings stand, which is what tells one server of a machine from another. Raises
        SoundFileError."""
        self._settings = settings
        self.log = logs.get_logger()
        self._engine = Engine(settings, IdSource(secrets.token_hex))
        self._security = Security(
            settings, partial(tell_security, self.log), directory=self._engine.directory
        )
        self._driver: Driver[_Rest] = Driver(
            self._engine,
            self._perform,
            security=self._security,
            wires=Wires(settings, self._engine.directory),
            recognizer=self._engine,
            on_silent=partial(tell_silence, self.log),
        )
        self._resolver = Resolver(settings.dns, self._dns_answered)
        self._policy: PolicyDoor | None = None
        self._names_settled = asyncio.Event()
        """Set when something has come of every name, good or bad."""
        self._media = ServerMedia(settings, file, self._media_fact, partial(tell_media, self.log))
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
                orphans=lambda: self._media.orphans,
            ),
            __version__,
            records=settings.recording.is_on,
        )
        self._cdr = CdrWriter(settings.cdr.file) if settings.cdr.file else None
        self._rounds = Rounds(self._engine, self._driver.apply, self._driver.flows, self._security, self.log)
        self._idle = asyncio.Event()
        """Set when the last call goes, and all is told to the ITSPs."""

    async def start(self) -> None:
        """Media first, so that no call finds it missing; then the sockets. Raises ListenError, MediaEngineError,
        CredentialsError, PolicyUnusable.

        Where it fails, or is cancelled, nothing of it is left.
        """
        listeners = [listener for side in Side for listener in self._settings.interface(side).listen]
        try:
            self._security.load()
            self._open_policy()
            await self._media.engine.start()
            self._serve_metrics()
            self._driver.begin()
            self._rounds.tell_time()
            await self._look_up_names()
            await self._driver.start(listeners)
            self._driver.apply(self._engine.start)
        except BaseException as error:
            self._metrics.close()
            await self._resolver.aclose()
            await self._close_policy()
            told_to_stop = isinstance(error, asyncio.CancelledError)
            await self._media.aclose(spare_calls=not told_to_stop)
            self._close_records()
            raise
        self._driver.apply(self._engine.begin)
        self._rounds.begin()
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
        self._close_records()
        self._rounds.close()
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

    def _perform(self, output: _Rest) -> None:
        match output:
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
            case _ if isinstance(output, MediaCommand):
                self._media.engine.perform(output)
        if self._engine.is_over:
            self._idle.set()

    def _bypassed_calls(self) -> int:
        return len(self._engine.bypassed)

    def _media_fact(self, fact: MediaFact) -> None:
        self._driver.apply(lambda now: self._engine.media_fact(fact, now))

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

    def _close_records(self) -> None:
        if self._cdr is not None:
            self._cdr.close()
