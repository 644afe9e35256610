"""Whatever stands in the file of a plan or in call records: an answer, or the one error with places in it."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediation.planning.answer import answer
from mediation.planning.numbers import Owners, parse_did_range
from mediation.planning.read import inspect_plan_file
from mediation.planning.records import measured, read_records
from mediation.planning.report import report_html
from mediation.settings.problems import SettingsError

EXAMPLE = (Path(__file__).parents[2] / "config" / "plan.example.toml").read_text(encoding="utf-8")
LINES = EXAMPLE.splitlines()
FUZZ = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])

VALUES = st.one_of(
    st.sampled_from(
        ["0", "1", "-1", "1e308", "nan", "inf", "true", '""', "[]", '["vienna"]', '"AT"', "{}", '"vienna"']
    ),
    st.integers(min_value=-(10**12), max_value=10**12).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(max_size=12).map(lambda text: repr(text)),
)


def outcome(folder: Path, text: str) -> None:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        reading = inspect_plan_file(path)
    except SettingsError as error:
        told = error.problems
    else:
        told = reading.warnings
        assert report_html(answer(reading.plan, reading.log))
    assert all(problem.message for problem in told)


@FUZZ
@given(data=st.data())
def test_any_value_in_any_line_is_taken_or_told(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(min_value=1, max_value=4))):
        number = data.draw(st.integers(min_value=0, max_value=len(lines) - 1))
        key, equals, _ = lines[number].partition("=")
        lines[number] = f"{key}= {data.draw(VALUES)}" if equals else ""
    outcome(tmp_path_factory.mktemp("plan"), "\n".join(lines))


@FUZZ
@given(gone=st.lists(st.integers(min_value=0, max_value=len(LINES) - 1), max_size=5, unique=True))
def test_any_line_may_be_missing(gone: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    kept = (line for number, line in enumerate(LINES) if number not in gone)
    outcome(tmp_path_factory.mktemp("plan"), "\n".join(kept))


@FUZZ
@given(
    lines=st.lists(
        st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda t: t.encode("utf-8", "replace")))
    )
)
def test_any_octets_in_records_are_counted_and_stop_nothing(
    lines: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("records") / "calls.jsonl"
    path.write_bytes(b"\n".join(lines))
    ranges = {"vienna": (parse_did_range("+43155510000-+43155519999"),)}
    log = measured(ranges)
    good, first_bad = read_records(path, Owners(ranges), log)
    assert good == log.records == 0
    assert bool(first_bad) == bool(log.unreadable)
