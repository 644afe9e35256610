"""Figures for Prometheus: names, labels, and what is absent."""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from mediation.b2bua import causes
from mediation.b2bua.finding import NameReport
from mediation.b2bua.media_facts import StreamReport
from mediation.b2bua.record import CallRecord, Party, RecordingRecord
from mediation.b2bua.watch import TargetReport
from mediation.b2bua.wide_room import WidePlace, WideRoom
from mediation.ops.metrics import Metrics, Sources
from mediation.routing.health_table import State
from mediation.rtp.loss import Losses
from mediation.rtp.quality import Quality, Rating
from mediation.sdp.capabilities import Capabilities
from mediation.sip.flow import Endpoint

TRUNK = ("trunk", "itsp")
NOTHING = Sources(lambda: 0, lambda: 0, dict, dict)
FRONT_END = Party("front-end", "", "10.1.1.20:5060", "id", None, None)
RECORD = CallRecord("c1", FRONT_END, None, "+1", "+2", 1.0, None, None, 2.0, causes.NO_ROUTE, "server", ())


@contextmanager
def served(sources: Sources, *, records: bool = False) -> Iterator[tuple[Metrics, Endpoint]]:
    """Metrics that can be asked for, at a port of the test's own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        at: Endpoint = free.getsockname()
    metrics = Metrics(sources, "1.2.3", records=records)
    metrics.serve(at)
    try:
        yield metrics, at
    finally:
        metrics.close()


def scrape(at: Endpoint) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample that is not 0, by name and labels."""
    with urllib.request.urlopen(f"http://{at[0]}:{at[1]}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.value
    }


def test_calls_are_counted_by_direction_and_verdict() -> None:
    with served(replace(NOTHING, calls=lambda: 3)) as (metrics, at):
        metrics.call_ended(RECORD)
        metrics.call_ended(RECORD)
        metrics.call_ended(replace(RECORD, caller=replace(FRONT_END, side="gateway", trunk="itsp")))
        verdict = str(causes.NO_ROUTE.verdict)
        assert scrape(at) == {
            ("mediation_build_info", (("version", "1.2.3"),)): 1,
            ("mediation_calls_active", ()): 3,
            ("mediation_calls_total", (("direction", "outbound"), ("verdict", verdict))): 2,
            ("mediation_calls_total", (("direction", "inbound"), ("verdict", verdict))): 1,
        }


def test_calls_whose_audio_goes_past_us_are_counted_where_some_may_be() -> None:
    with served(replace(NOTHING, calls=lambda: 3, bypassed=lambda: 2)) as (_, at):
        assert scrape(at)["mediation_calls_bypassed", ()] == 2


def test_packets_that_srtp_refuses_are_counted_by_interface_and_reason() -> None:
    caller = replace(FRONT_END, media=StreamReport(10, 10, 1600, 0, None, 0, tampered=7, replayed=0))
    callee = Party(
        "gateway", "itsp", "", "id", None, StreamReport(10, 10, 1600, 0, None, 0, tampered=1, replayed=2)
    )
    with served(NOTHING) as (metrics, at):
        metrics.call_ended(replace(RECORD, caller=caller, callee=callee))
        metrics.call_ended(replace(RECORD, callee=callee))
        found = {
            dict(labels)["interface"] + " " + dict(labels)["reason"]: value
            for (name, labels), value in scrape(at).items()
            if name == "mediation_srtp_packets_refused_total"
        }
    assert found == {"internal tampered": 7, "gateway tampered": 2, "gateway replayed": 4}


def test_quality_is_told_by_trunk_and_direction() -> None:
    quality = Quality(
        duplicates=5,
        losses=Losses(lost=10, runs=10),
        jitter_mean_ms=4.0,
        round_trip_ms=120.0,
        rating=Rating(88.0, 4.3, 4.35),
        remote_loss=0.02,
        remote_jitter_ms=30.0,
        remote_rating=Rating(62.0, 3.2, 3.4),
        one_way_s=3.0,
    )
    report = StreamReport(995, 1000, 1600, 5, None, 0, remote_lost=20, quality=quality)
    callee = Party("gateway", "itsp", "", "id", "PCMA", report)
    with served(NOTHING) as (metrics, at):
        metrics.call_ended(replace(RECORD, callee=callee))
        found = scrape(at)
    peer = (("interface", "gateway"),)
    came, went = (*peer, ("stream", "received"), TRUNK), (*peer, ("stream", "sent"), TRUNK)
    assert (found["mediation_mos_sum", came], found["mediation_mos_sum", went]) == (4.3, 3.2)
    assert found["mediation_rtp_loss_ratio_sum", came] == 0.01  # 10 of 1000 that were sent
    assert found["mediation_rtp_loss_ratio_sum", went] == 0.02
    assert (
        found["mediation_rtp_jitter_seconds_sum", came],
        found["mediation_rtp_jitter_seconds_sum", went],
    ) == (
        0.004,
        0.03,
    )
    assert found["mediation_rtp_round_trip_seconds_sum", (*peer, TRUNK)] == 0.12
    assert (found["mediation_rtp_packets_total", came], found["mediation_rtp_packets_total", went]) == (
        995,
        1000,
    )
    assert found["mediation_rtp_packets_lost_total", came] == 10
    assert found["mediation_rtp_packets_lost_total", went] == 20
    assert found["mediation_one_way_calls_total", (*peer, TRUNK)] == 1
    assert ("mediation_silent_calls_total", (*peer, TRUNK)) not in found


def test_what_was_not_measured_is_in_no_figure() -> None:
    callee = Party("gateway", "itsp", "", "id", None, StreamReport(0, 0, 0, 0, None, 0))
    with served(NOTHING) as (metrics, at):
        metrics.call_ended(replace(RECORD, callee=callee))
        found = {name for name, _ in scrape(at)}
    assert not [name for name in found if name.startswith(("mediation_mos", "mediation_rtp"))]


def test_strangers_and_certificates_are_looked_up_when_somebody_asks() -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    strangers = iter((7, 9))
    with served(
        replace(NOTHING, strangers=lambda: next(strangers), certificates=lambda: {"gateway": moment})
    ) as (
        _,
        at,
    ):
        expiry = ("mediation_tls_certificate_expiry_timestamp_seconds", (("interface", "gateway"),))
        found = scrape(at)
        assert (found["mediation_sip_strangers_total", ()], found[expiry]) == (7, moment.timestamp())
        assert scrape(at)["mediation_sip_strangers_total", ()] == 9


def test_targets_and_names_are_looked_at_when_somebody_asks() -> None:
    report = TargetReport(
        "itsp", "sip:a.example", "udp:192.0.2.1:5060", State.DOWN, "options: no answer", 7.0
    )
    name = NameReport("itsp", "sip:a.example", 2, "A a.example: no answer in time")
    sources = replace(NOTHING, targets=lambda: (report,), names=lambda: (name,), failed_look_ups=lambda: 5)
    with served(sources) as (_, at):
        found = {key: value for key, value in scrape(at).items() if "target" in key[0] or "dns" in key[0]}
    target = (("target", "sip:a.example"), ("trunk", "itsp"))
    down = (("address", "udp:192.0.2.1:5060"), ("state", "down"), *target)
    assert found == {
        ("mediation_target_state", down): 1,
        ("mediation_target_addresses", target): 2,
        ("mediation_target_name_failing", target): 1,
        ("mediation_dns_failures_total", ()): 5,
    }


def test_every_series_is_there_from_the_start_and_without_tls_there_is_no_expiry() -> None:
    with (
        served(NOTHING) as (_, at),
        urllib.request.urlopen(f"http://{at[0]}:{at[1]}/metrics", timeout=10) as answer,
    ):
        lines = [line for line in answer.read().decode().split("\n") if line and line[0] != "#"]
    names = [line.partition("{")[0].partition(" ")[0] for line in lines]
    assert names.count("mediation_calls_total") == 2 * 6
    assert set(names) == {
        "mediation_build_info",
        "mediation_calls_active",
        "mediation_calls_total",
        "mediation_orphan_calls",
        "mediation_requests_looped_total",
        "mediation_sip_strangers_total",
        "mediation_srtp_packets_refused_total",
    }
    assert names.count("mediation_srtp_packets_refused_total") == 2 * 2


def test_a_port_that_is_taken_is_an_error_and_a_closed_door_answers_nobody() -> None:
    with served(NOTHING) as (_, at), pytest.raises(OSError, match="in use"):
        Metrics(NOTHING, "x").serve(at)
    with pytest.raises(urllib.error.URLError):
        scrape(at)


def test_recordings_are_counted_where_calls_are_recorded() -> None:
    with served(NOTHING, records=True) as (metrics, at):
        for complete in (True, True, False):
            recording = RecordingRecord(("a.wav",), complete=complete, dropped=0, reason="")
            metrics.call_ended(replace(RECORD, recording=recording))
        metrics.call_ended(RECORD)
        metrics.told("recording.failed", {"reason": "no space left on device"})
        found = scrape(at)
    assert found["mediation_recordings_total", (("result", "complete"),)] == 2
    assert found["mediation_recordings_total", (("result", "incomplete"),)] == 1
    assert found["mediation_recording_failures_total", ()] == 1


def test_what_never_served_can_be_closed() -> None:
    Metrics(NOTHING, "x").close()


def test_what_comes_back_to_us_is_counted() -> None:
    with served(NOTHING) as (metrics, at):
        metrics.told("call.looped", {"source": "192.0.2.1"})
        assert scrape(at)["mediation_requests_looped_total", ()] == 1


def test_what_becomes_of_tls_strangers_is_looked_up() -> None:
    sources = replace(NOTHING, tls_strangers=lambda: {"proved": 2, "refused": 5, "crowded": 0})
    with served(sources) as (_, at):
        found = {key: value for key, value in scrape(at).items() if "tls_strangers" in key[0]}
    assert found == {
        ("mediation_tls_strangers_total", (("result", "proved"),)): 2,
        ("mediation_tls_strangers_total", (("result", "refused"),)): 5,
    }


def test_registrations_are_counted_and_shown_by_trunk() -> None:
    stands = {"itsp-a": True, "itsp-b": False}
    with served(replace(NOTHING, registered=lambda: stands)) as (metrics, at):
        for name in (
            "trunk.registered",
            "trunk.registration_renewed",
            "trunk.registrar_failed",
            "call.started",
        ):
            metrics.told(name, {"trunk": "itsp-a"})
        metrics.told("trunk.registration_refused", {"trunk": "itsp-b"})
        found = scrape(at)
        a, b = ("trunk", "itsp-a"), ("trunk", "itsp-b")
        assert found["mediation_registrations_total", (("result", "granted"), a)] == 2
        assert found["mediation_registrations_total", (("result", "failed"), a)] == 1
        assert found["mediation_registrations_total", (("result", "refused"), b)] == 1
        assert found["mediation_trunk_registered", (a,)] == 1
        assert ("mediation_trunk_registered", (b,)) not in found  # 0


def test_what_becomes_of_questions_to_a_policy_is_counted_and_timed() -> None:
    with served(NOTHING) as (metrics, at):
        metrics.told("policy.answered", {"result": "refused", "took_s": 0.2})
        metrics.told("policy.answered", {"result": "refused", "took_s": 0.0})
        metrics.told("policy.failed", {"took_s": 0.5})
        metrics.told("policy.skipped", {})
        metrics.told("policy.dropped", {})
        seen = scrape(at)
        for result, times in (("refused", 2), ("failed", 1), ("skipped", 1), ("dropped", 1)):
            assert seen["mediation_policy_calls_total", (("result", result),)] == times
        assert seen["mediation_policy_seconds_count", (("result", "refused"),)] == 2
        assert seen["mediation_policy_seconds_sum", (("result", "failed"),)] == 0.5


def test_the_places_of_wide_parties_are_told_where_there_are_any() -> None:
    room = WideRoom(2)
    places = [WidePlace(room, Capabilities(("PCMU", "opus"))) for _ in range(3)]
    assert [place.take() for place in places] == [True, True, False]
    places[0].agreed("PCMU")
    with served(replace(NOTHING, wide=room)) as (_, at):
        told = scrape(at)
    assert told["mediation_wide_parties", ()] == 1
    assert told["mediation_wide_parties_limit", ()] == 2
    assert told["mediation_wide_parties_refused_total", ()] == 1
