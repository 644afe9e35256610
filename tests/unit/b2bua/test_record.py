"""A call record as one JSON line: times of the clock on the wall, nothing measured is null."""

import json
from dataclasses import replace

from mediation.b2bua import causes
from mediation.b2bua.media_facts import StreamReport
from mediation.b2bua.record import SCHEMA, Attempt, CallRecord, Party
from mediation.rtp.loss import Losses
from mediation.rtp.quality import Quality, Rating
from mediation.rtp.voip_metrics import VoipMetrics

CALLER = Party("front-end", "", "10.1.1.20:5060", "a@b", "PCMU", StreamReport(10, 20, 1600, 1, 0.12345, 2, 3))
CALLEE = Party("gateway", "itsp-a", "198.51.100.30:5060", "c", "PCMA", None)
ANSWERED = CallRecord(
    call="1",
    caller=CALLER,
    callee=CALLEE,
    calling_number="+1555",
    called_number="+4930",
    started=100.0,
    ringing=101.5,
    answered=103.0,
    ended=163.25,
    cause=causes.NORMAL,
    hung_up_by="callee",
    attempts=(
        Attempt("itsp-a", "sip:x", "c1", 100.0, 100.25, causes.NO_PROGRESS),
        Attempt("itsp-a", "sip:y", "c2", 100.25, 103.0, None, progressed=True),
    ),
)
OFFSET = 1_700_000_000.0


def test_a_record_is_plain_json() -> None:
    line = ANSWERED.as_json(OFFSET)
    assert json.loads(json.dumps(line)) == line
    assert line["schema"] == SCHEMA


def test_times_are_utc_with_milliseconds_and_durations_are_of_the_steady_clock() -> None:
    line = ANSWERED.as_json(OFFSET)
    assert line["started_at"] == "2023-11-14T22:15:00.000+00:00"
    assert line["ended_at"] == "2023-11-14T22:16:03.250+00:00"
    assert line["duration_s"] == 60.25


def test_the_ending_is_told_in_every_language() -> None:
    line = ANSWERED.as_json(OFFSET)
    assert [line[key] for key in ("verdict", "reason", "status", "q850", "hung_up_by")] == [
        "success",
        "normal-clearing",
        200,
        16,
        "callee",
    ]


def test_what_was_not_measured_is_null_never_0() -> None:
    line = ANSWERED.as_json(OFFSET)
    caller, callee = line["caller"], line["callee"]
    assert isinstance(caller, dict)
    assert isinstance(callee, dict)
    assert caller["trunk"] is None
    assert caller["media"] == {
        "packets_received": 10,
        "packets_sent": 20,
        "octets_received": 1600,
        "lost": 1,
        "jitter_ms": 0.12,
        "rejected": 2,
        "remote_lost": 3,
        "fax_received": 0,
        "fax_sent": 0,
        "tampered": 0,
        "replayed": 0,
        **dict.fromkeys(("reordered", "duplicates", "discarded", "loss_runs", "loss_bursts"), 0),
        **dict.fromkeys(("jitter_mean_ms", "jitter_max_ms", "round_trip_ms", "round_trip_max_ms")),
        **dict.fromkeys(("r_factor", "mos", "remote_r_factor", "remote_mos", "voip_metrics")),
        **dict.fromkeys(("remote_loss_percent", "remote_jitter_ms")),
        **dict.fromkeys(("one_way_s", "silent_audio_s"), 0.0),
    }
    assert (callee["trunk"], callee["media"]) == ("itsp-a", None)


def test_quality_is_told_both_ways_as_people_read_it() -> None:
    quality = Quality(
        1, 2, Losses(7, 3, 1, 20, 5), 1.234, 5.678, 40.004, 55.5, Rating(88.8888, 4.3, 4.35), 0.0213, 2.0,
        Rating(70.04, 3.597, 3.7), VoipMetrics(7, 0.02, mos_lq=4.1, r_factor=80, round_trip_ms=41), 4.04, 0.0,
    )  # fmt: skip
    report = StreamReport(10, 20, 1600, 1, 0.12345, 2, 3, quality=quality)
    caller = replace(ANSWERED, caller=replace(CALLER, media=report)).as_json(OFFSET)["caller"]
    assert isinstance(caller, dict)
    media = caller["media"]
    assert [media[key] for key in ("reordered", "duplicates", "loss_runs", "loss_bursts")] == [1, 2, 3, 1]
    assert [media[key] for key in ("jitter_mean_ms", "jitter_max_ms")] == [1.23, 5.68]
    assert [media[key] for key in ("round_trip_ms", "round_trip_max_ms")] == [40.0, 55.5]
    assert [media[key] for key in ("r_factor", "mos", "one_way_s")] == [88.9, 4.3, 4.0]
    remote = [media["remote_" + key] for key in ("loss_percent", "jitter_ms", "r_factor", "mos")]
    assert remote == [2.13, 2.0, 70.0, 3.6]
    assert media["voip_metrics"] == {
        "loss_percent": 2.0,
        "discard_percent": 0,
        "burst_density_percent": 0,
        "burst_ms": 0,
        "round_trip_ms": 41,
        "end_system_ms": None,
        "signal_dbm0": None,
        "noise_dbm0": None,
        "r_factor": 80,
        "mos_lq": 4.1,
        "mos_cq": None,
        "buffer_ms": None,
    }


def test_the_suite_of_each_party_is_named_and_no_suite_is_null() -> None:
    encrypted = replace(ANSWERED, caller=replace(CALLER, srtp="AEAD_AES_128_GCM")).as_json(OFFSET)
    assert isinstance(caller := encrypted["caller"], dict)
    assert isinstance(callee := encrypted["callee"], dict)
    assert (caller["srtp"], callee["srtp"]) == ("AEAD_AES_128_GCM", None)


def test_attempts_stand_inside_with_how_each_ended() -> None:
    attempts = ANSWERED.as_json(OFFSET)["attempts"]
    assert isinstance(attempts, list)
    first, second = attempts
    assert (first["duration_ms"], first["status"], first["reason"]) == (250, 408, "no-progress")
    assert (second["duration_ms"], second["status"], second["progressed"]) == (2750, None, True)


def test_a_call_that_came_to_nothing_has_its_fields_all_the_same() -> None:
    empty = replace(ANSWERED, callee=None, ringing=None, answered=None, attempts=(), cause=causes.NO_ROUTE)
    line = empty.as_json(OFFSET)
    assert line.keys() == ANSWERED.as_json(OFFSET).keys()
    assert [line[key] for key in ("callee", "ringing_at", "answered_at", "duration_s")] == [None] * 4


def test_the_direction_is_seen_from_the_front_end() -> None:
    assert ANSWERED.as_json(OFFSET)["direction"] == "outbound"
    assert replace(ANSWERED, caller=CALLEE, callee=CALLER).as_json(OFFSET)["direction"] == "inbound"
