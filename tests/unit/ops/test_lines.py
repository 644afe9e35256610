"""One mapping, one line, whatever stands in it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum

from hypothesis import given
from hypothesis import strategies as st

from mediation.ops.lines import json_line, visible

ANY_TEXT = st.text(st.characters())  # with lone surrogates
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner) | st.tuples(inner, inner),
    max_leaves=10,
)


class Colour(StrEnum):
    RED = "red"


class Code(IntEnum):
    BUSY = 17


@dataclass
class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no")


def _refuse(constant: str) -> object:
    raise AssertionError(f"{constant} is no JSON")


def strictly(line: str) -> object:
    """What a strict reader makes of the line."""
    return json.loads(line.encode("ascii"), parse_constant=_refuse)


@given(st.dictionaries(ANY_TEXT, ANY_VALUE))
def test_any_record_becomes_one_line_of_strict_json(record: dict[str, object]) -> None:
    line = json_line(record)
    assert line.isascii()
    assert line.isprintable()
    json.dumps(strictly(line), ensure_ascii=False).encode("utf-8")  # no half surrogate pair is left


def test_plain_records_keep_their_values_and_order() -> None:
    record = {"call": "a1", "status": 486, "ratio": 0.5, "attempts": [{"trunk": "itsp-a"}], "none": None}
    assert list(json.loads(json_line(record)).items()) == list(record.items())


def test_text_outside_ascii_survives() -> None:
    assert json.loads(json_line({"name": "Müller 😀"})) == {"name": "Müller 😀"}


def test_octets_that_were_no_utf8_become_visible_and_the_rest_of_the_text_stays() -> None:
    name = b"J\xfcrgen \xf0\x9f\x98\x80".decode("utf-8", "surrogateescape")
    assert json.loads(json_line({"name": name})) == {"name": "J\\udcfcrgen 😀"}


def test_a_figure_that_is_no_number_is_null() -> None:
    assert json.loads(json_line({"mos": math.nan, "rtt": math.inf, "jitter": 1.5})) == {
        "mos": None,
        "rtt": None,
        "jitter": 1.5,
    }


def test_values_without_a_json_form_become_text() -> None:
    record: Mapping[str, object] = {
        "colour": Colour.RED,
        "code": Code.BUSY,
        "at": datetime(2026, 11, 22, tzinfo=UTC),
        "octets": b"\xff1",
        "set": frozenset({1}),
        "bad": Unspeakable(),
        "huge": 1 << 100_000,
    }
    back = json.loads(json_line(record))
    assert (back["colour"], back["code"], back["at"]) == ("red", 17, "2026-11-22T00:00:00+00:00")
    assert (back["octets"], back["set"], back["bad"]) == ("\\xff1", [1], "<Unspeakable>")
    assert back["huge"].startswith("0x1000")


def test_a_record_that_holds_itself_is_cut() -> None:
    record: dict[str, object] = {"call": "a1"}
    record["again"] = record
    assert json.loads(json_line(record))["again"]["call"] == "a1"


@given(ANY_TEXT)
def test_visible_text_has_no_control_characters(text: str) -> None:
    assert visible(text).isprintable()


def test_line_ends_escapes_and_direction_marks_are_shown_as_escapes() -> None:
    assert visible("a\r\n\x1b[2J\x85\u2028\u202e\udcff") == "a\\r\\n\\x1b[2J\\x85\\u2028\\u202e\\udcff"
