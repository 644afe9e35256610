"""Figures for Prometheus, served from a thread of its own: the only module that imports prometheus_client.

Base units and `_total` as Prometheus wants them; no label holds a number, a Call-ID or an address other than that of a
target, so that the count of series is known beforehand. What is not configured is absent rather than 0.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Final
from wsgiref.simple_server import WSGIServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mediation.b2bua.causes import Verdict
from mediation.b2bua.finding import NameReport
from mediation.b2bua.media_facts import StreamReport
from mediation.b2bua.record import CallRecord
from mediation.b2bua.watch import TargetReport
from mediation.b2bua.wide_room import WideRoom
from mediation.ops.quality_metrics import QualityMetrics
from mediation.ops.recording_metrics import RecordingMetrics
from mediation.ops.wide_metrics import wide_figures
from mediation.routing.health_table import State
from mediation.sip.flow import Endpoint

DIRECTIONS = ("inbound", "outbound")
SIDES = ("front-end", "gateway")
SRTP_REFUSALS = ("tampered", "replayed")


@dataclass(frozen=True, slots=True)
class Sources:
    """What is read whenever somebody asks, from another thread: each must be a look, never a walk."""

    calls: Callable[[], int]
    """Calls that live now."""
    strangers: Callable[[], int]
    """Datagrams and connections from unknown sources, since the start."""
    registered: Callable[[], Mapping[str, bool]]
    """The trunks that register with their ITSP, and whether each is registered now."""
    certificates: Callable[[], Mapping[str, datetime]]
    """When the certificate of each interface with TLS ends."""
    tls_strangers: Callable[[], Mapping[str, int]] = dict
    """What has become of TLS handshakes of those whose address is nobody's, since the start."""
    targets: Callable[[], Sequence[TargetReport]] = tuple
    """How each target does."""
    names: Callable[[], Sequence[NameReport]] = tuple
    """What each name of a target stands for."""
    bypassed: Callable[[], int] | None = None
    """Calls that live now whose audio goes past us; None: no call's may."""
    failed_look_ups: Callable[[], int] = int
    """Look-ups in the DNS that have failed, since the start."""
    wide: WideRoom | None = None
    """The places of parties that speak a wide codec; None: no peer may."""
    orphans: Callable[[], int] = int
    """Calls of a main process before this one whose audio goes on."""


REGISTRATIONS: Final = {
    "trunk.registered": "granted",
    "trunk.registration_renewed": "granted",
    "trunk.registrar_failed": "failed",
    "trunk.registration_refused": "refused",
}
"""What the engine tells of attempts to register, and how each is counted."""

POLICY: Final = {
    "policy.failed": "failed",
    "policy.skipped": "skipped",
    "policy.dropped": "dropped",
}
"""What the engine tells of a policy that has said nothing of use; what it has said is told with its result."""
POLICY_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_INTERFACES = {"front-end": "internal", "gateway": "gateway"}
"""What the settings call each side."""


class Metrics:
    """All figures of one server."""

    def __init__(self, sources: Sources, version: str, *, records: bool = False) -> None:
        """`records`: whether calls can be recorded."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotations
        self._registry = CollectorRegistry()
        self._registry.register(_Looks(sources))
        Info("mediation_build", "Which release this is.", registry=self._registry).info({"version": version})
        ended = Counter(
            "mediation_calls",
            "Calls that are over, by direction and by who is to blame: see the call records.",
            ("direction", "verdict"),
            registry=self._registry,
        )
        self._ended = {
            (direction, verdict): ended.labels(direction, str(verdict))
            for direction, verdict in product(DIRECTIONS, Verdict)
        }
        refused = Counter(
            "mediation_srtp_packets_refused",
            "Packets of SRTP and SRTCP of calls that are over that did not prove to be the party's, or came twice.",
            ("interface", "reason"),
            registry=self._registry,
        )
        self._refused = {
            (side, reason): refused.labels(_INTERFACES[side], reason)
            for side, reason in product(SIDES, SRTP_REFUSALS)
        }
        self._recordings = RecordingMetrics(self._registry) if records else None
        self._quality = QualityMetrics(self._registry)
        self._registrations = Counter(
            "mediation_registrations",
            "Attempts to register a trunk with its ITSP that are over, by what has become of them.",
            ("trunk", "result"),
            registry=self._registry,
        )
        self._looped = Counter(
            "mediation_requests_looped",
            "Calls and messages that were refused with 482 because they had come from here.",
            registry=self._registry,
        )
        self._policy = Counter(
            "mediation_policy_calls",
            "New calls that were to be put to the policy, by what has become of that: as-decided, changed or refused "
            "by its answer, failed, skipped while it rests or too many wait, dropped because the caller gave up.",
            ("result",),
            registry=self._registry,
        )
        self._policy_seconds = Histogram(
            "mediation_policy_seconds",
            "How long a call has waited for its answer, or in vain.",
            ("result",),
            buckets=POLICY_BUCKETS_S,
            registry=self._registry,
        )
        self._served: tuple[WSGIServer, threading.Thread] | None = None

    def serve(self, at: Endpoint) -> None:
        """Answer GET /metrics there. Raises OSError when the address is not ours or the port is taken."""
        host, port = at
        self._served = start_http_server(port, host, self._registry)

    def close(self) -> None:
        """Stop serving; may take half a second."""
        if self._served is not None:
            server, thread = self._served
            self._served = None
            server.shutdown()
            server.server_close()
            thread.join()

    def call_ended(self, record: CallRecord) -> None:
        """A call is over."""
        self._ended[record.direction, record.cause.verdict].inc()
        if self._recordings is not None:
            self._recordings.call_ended(record)
        for party in (record.caller, record.callee):
            if party is not None and party.media is not None:
                self._packets_refused(party.side, party.media)
                self._quality.call_ended(_INTERFACES[party.side], party.trunk, party.media)

    def told(self, name: str, fields: Mapping[str, object]) -> None:
        """The engine has told something; what has a figure is counted."""
        if self._recordings is not None:
            self._recordings.told(name)
        if name == "call.looped":
            self._looped.inc()
        result = REGISTRATIONS.get(name)
        if result is not None:
            self._registrations.labels(fields["trunk"], result).inc()
        ruled = fields["result"] if name == "policy.answered" else POLICY.get(name)
        if ruled is not None:
            self._policy.labels(ruled).inc()
            took_s = fields.get("took_s")
            if isinstance(took_s, float):
                self._policy_seconds.labels(ruled).observe(took_s)

    def _packets_refused(self, side: str, media: StreamReport) -> None:
        for reason, packets in zip(SRTP_REFUSALS, (media.tampered, media.replayed), strict=True):
            if packets:
                self._refused[side, reason].inc(packets)


class _Looks(Collector):
    """What is not counted here but looked up when asked for."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def collect(self) -> Iterator[Metric]:
        """The figures of this moment."""
        yield GaugeMetricFamily("mediation_calls_active", "Calls that live now.", self._sources.calls())
        if self._sources.bypassed is not None:
            yield GaugeMetricFamily(
                "mediation_calls_bypassed",
                "Calls that live now whose audio goes straight between the parties.",
                self._sources.bypassed(),
            )
        yield GaugeMetricFamily(
            "mediation_orphan_calls",
            "Calls of a main process before this one whose audio goes on.",
            self._sources.orphans(),
        )
        yield CounterMetricFamily(
            "mediation_sip_strangers",
            "Datagrams and connections from sources that no setting names.",
            self._sources.strangers(),
        )
        fates = CounterMetricFamily(
            "mediation_tls_strangers",
            "TLS connections from addresses that no setting names, where a certificate may tell who it is, by what has "
            "become of them: proved to be somebody, refused, or turned away because there were too many (crowded).",
            labels=["result"],
        )
        for fate, count in self._sources.tls_strangers().items():
            fates.add_metric([fate], count)
        yield fates
        registered = self._sources.registered()
        if registered:
            stands = GaugeMetricFamily(
                "mediation_trunk_registered",
                "Whether a trunk that registers is registered with its ITSP: 1 or 0.",
                labels=["trunk"],
            )
            for trunk, is_registered in registered.items():
                stands.add_metric([trunk], float(is_registered))
            yield stands
        certificates = self._sources.certificates()
        if certificates:
            ends = GaugeMetricFamily(
                "mediation_tls_certificate_expiry_timestamp_seconds",
                "When the certificate in use ends, in seconds since 1970.",
                labels=["interface"],
            )
            for interface, moment in certificates.items():
                ends.add_metric([interface], moment.timestamp())
            yield ends
        if self._sources.wide is not None:
            yield from wide_figures(self._sources.wide)
        reports = self._sources.targets()
        if reports:
            states = GaugeMetricFamily(
                "mediation_target_state",
                "1 for the state that a target is in, 0 for the others.",
                labels=["trunk", "target", "address", "state"],
            )
            for report, state in product(reports, State):
                labels = [report.trunk, report.target, report.address, str(state)]
                states.add_metric(labels, float(state is report.state))
            yield states
        names = self._sources.names()
        if names:
            addresses = GaugeMetricFamily(
                "mediation_target_addresses",
                "How many addresses a name of a target stands for.",
                labels=["trunk", "target"],
            )
            failing = GaugeMetricFamily(
                "mediation_target_name_failing",
                "1 while a name cannot be looked up, and what it stood for is used on.",
                labels=["trunk", "target"],
            )
            for name in names:
                addresses.add_metric([name.trunk, name.target], float(name.addresses))
                failing.add_metric([name.trunk, name.target], float(bool(name.failing)))
            yield addresses
            yield failing
            yield CounterMetricFamily(
                "mediation_dns_failures",
                "Look-ups in the DNS that nobody has answered, or not well.",
                self._sources.failed_look_ups(),
            )
