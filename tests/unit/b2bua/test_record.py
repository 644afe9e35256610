"""A call record as one JSON line: times of the clock on the wall, nothing measured is null."""

import json
from dataclasses import replace

from mediation.b2bua import causes
from mediation.b2bua.plan import StreamReport
from mediation.b2bua.record import SCHEMA, Attempt, CallRecord, Party

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
    }
    assert (callee["trunk"], callee["media"]) == ("itsp-a", None)


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
