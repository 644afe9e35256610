"""What call records tell: busy hours and busy numbers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.causes import Cause, Verdict
from mediation.b2bua.record import CallRecord, Party
from mediation.planning.numbers import Owners, parse_did_range
from mediation.planning.records import measured, read_records
from tests.unit.planning.plans import answered, at, problems, trunk

RANGES = {
    "vienna": (parse_did_range("+43155510000-+43155519999"),),
    "graz": (parse_did_range("+43316555000"),),
}
BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MEASURED = """\
[plan]
records = ["calls.jsonl"]
[[site]]
name = "vienna"
country = "AT"
dids = ["+43155510000-+43155519999"]
"""


def record(
    began_s: float, talked_s: float, called: str, calling: str = "+442071838750", way: str = "inbound"
) -> str:
    began = BEGAN + timedelta(seconds=began_s)
    ended = began + timedelta(seconds=talked_s)
    times = {
        "started_at": began.isoformat(timespec="milliseconds"),
        "ended_at": ended.isoformat(timespec="milliseconds"),
    }
    return json.dumps({"schema": 1, "direction": way, "calling": calling, "called": called, **times})


def written(folder: Path, *lines: str) -> Path:
    path = folder / "calls.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_a_record_of_this_server_is_one(tmp_path: Path) -> None:
    party = Party("gateway", "itsp-a", "203.0.113.10:5060", "id", None, None)
    call = CallRecord(
        call="1",
        caller=party,
        callee=None,
        calling_number="+442071838750",
        called_number="+43155510007",
        started=100.0,
        ringing=None,
        answered=105.0,
        ended=460.0,
        cause=Cause(Verdict.SUCCESS, "hung-up", 200, 16),
        hung_up_by="caller",
        attempts=(),
    )
    log = measured(RANGES)
    path = written(tmp_path, json.dumps(call.as_json(BEGAN.timestamp())))
    assert read_records(path, Owners(RANGES), log) == (1, 0)
    assert log.sites["vienna"].called == {"43155510007": 1}
    assert log.sites["vienna"].busy_hour()[0] == pytest.approx(0.1)


def test_the_busy_hour_is_the_greatest_four_quarters_in_a_row(tmp_path: Path) -> None:
    # from 9:30 to 10:30 two calls at a time, one in the half hours before and after
    lines = [record(0, 7200, "+43155510000"), record(1800, 3600, "+43155510001")]
    log = measured(RANGES)
    read_records(written(tmp_path, *lines), Owners(RANGES), log)
    assert log.sites["vienna"].busy_hour() == (2.0, BEGAN + timedelta(minutes=30))
    assert log.sites["graz"].busy_hour() == (0.0, None)


def test_numbers_are_ranked_and_outbound_calls_belong_to_who_places_them(tmp_path: Path) -> None:
    lines = [
        *[record(at * 60, 30, "+43155510001") for at in range(3)],
        record(0, 30, "+43155510002"),
        record(0, 30, "+442071838750", calling="+43316555000", way="outbound"),
        record(0, 30, "+4917012345678"),
    ]
    log = measured(RANGES)
    read_records(written(tmp_path, *lines), Owners(RANGES), log)
    vienna, graz = log.sites["vienna"], log.sites["graz"]
    assert [(busy.number, busy.calls, busy.share) for busy in vienna.busiest(1)] == [
        ("+43155510001", 3, 0.75)
    ]
    assert (vienna.inbound, vienna.outbound, graz.inbound, graz.outbound) == (4, 0, 0, 1)
    assert (log.records, log.strangers) == (6, 1)


@given(
    st.lists(
        st.tuples(st.floats(min_value=0, max_value=200_000), st.floats(min_value=0, max_value=20_000)),
        max_size=20,
    )
)
def test_no_second_of_a_call_is_lost_between_quarters(
    tmp_path_factory: pytest.TempPathFactory, calls: list[tuple[float, float]]
) -> None:
    log = measured(RANGES)
    lines = [record(began, talked, "+43155510000") for began, talked in calls]
    read_records(written(tmp_path_factory.mktemp("calls"), *lines), Owners(RANGES), log)
    total = sum(talked for _, talked in calls)
    assert sum(log.sites["vienna"].quarters.values()) == pytest.approx(total, abs=0.01 * len(calls))
    assert log.sites["vienna"].busy_hour()[0] <= len(calls) + 1e-9


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        "7",
        '{"direction": "inbound"}',
        record(0, -1, "+43155510000"),
        record(0, 8 * 86_400, "+43155510000"),
        record(0, 1, "+43155510000", way="sideways"),
        record(0, 1, "+43155510000").replace("+00:00", ""),
        "[" * 100_000,
        "\0\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_what_is_no_record_stops_nothing_else(tmp_path: Path, line: str) -> None:
    log = measured(RANGES)
    path = written(tmp_path, record(0, 60, "+43155510000"), line, record(0, 60, "+43155510000"))
    good, first_bad = read_records(path, Owners(RANGES), log)
    assert (good, first_bad, log.unreadable) == (2, 2, 1)


def test_a_site_without_figures_is_planned_from_its_records(tmp_path: Path) -> None:
    written(tmp_path, *[record(60 * call, 900, "+43155510000") for call in range(60)])
    found = at(answered(tmp_path, MEASURED, trunk("alpha", "vienna")), "vienna")
    assert found.traffic.measured == pytest.approx(found.traffic.erlang)
    assert 12 < found.traffic.erlang < 15.1
    assert found.channels == found.trunk_channels > found.traffic.erlang
    assert [(busy.number, busy.calls) for busy in found.busiest] == [("+43155510000", 60)]


def test_few_days_strangers_and_bad_lines_are_told(tmp_path: Path) -> None:
    written(tmp_path, record(0, 900, "+43155510000"), record(0, 900, "+491701234567"), '{"half": ')
    findings = "\n".join(answered(tmp_path, MEASURED, trunk("alpha", "vienna")).findings)
    assert "vienna: its records are of one day, too few to be sure of a busy hour" in findings
    assert "1 of 2 records are of numbers that belong to no site" in findings
    assert "lines of the records that are no call records, and were left out: 1" in findings
    assert problems(tmp_path, MEASURED, trunk("alpha", "vienna")) == [
        "2:12: warning: plan.records.0: line 3 is no call record; name a file that [cdr] file has written"
    ]


def test_records_that_tell_nothing_are_a_fault(tmp_path: Path) -> None:
    written(tmp_path, "no record")
    assert (
        "plan.records.0: line 1 is no call record"
        in problems(tmp_path, MEASURED, trunk("alpha", "vienna"))[0]
    )
    written(tmp_path, record(0, 900, "+491701234567"))
    told = problems(tmp_path, MEASURED, trunk("alpha", "vienna"))
    (only,) = told
    assert only.startswith("6:8: site.vienna.dids: no record is of a call to or from its numbers; mend dids")


def test_more_than_a_site_states_is_told(tmp_path: Path) -> None:
    written(tmp_path, *[record(0, 3600, f"+431555100{call:02}") for call in range(30)])
    stated = MEASURED + "users = 100\nerlang_per_user = 0.1\n"
    found = answered(tmp_path, stated, trunk("alpha", "vienna"))
    assert at(found, "vienna").traffic.erlang == 10.0
    assert any(
        "30.0 Erlang were measured, more than the 10.0 that it states" in each for each in found.findings
    )
