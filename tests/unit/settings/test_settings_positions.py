"""Where things stand in a TOML text."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from mediation.settings.positions import START, Positions, Span

TEXT = """\
title = 1                     # a comment
[internal]
listen = ["a", # one
  "b"]
"quo ted".b = {d = 1, e.f = [2, {g=3}]}
[[trunk]]
name = "ä" # not the value
[trunk.sub]
k = '''x
y'''
[[trunk]]
	x = [ "ää", {a=1}, 2 ]
"""


def test_every_value_has_its_line_and_its_column_in_characters() -> None:
    where = Positions(TEXT)
    assert where.value(("title",)) == Span(1, 9, 1)
    assert where.value(("internal", "listen", 0)) == Span(3, 11, 3)
    assert where.value(("internal", "listen", 1)) == Span(4, 3, 3)
    assert where.value(("internal", "quo ted", "b", "e", "f", 1, "g")) == Span(5, 36, 1)
    assert where.value(("trunk", 0, "name")) == Span(7, 8, 3)
    assert where.value(("trunk", 1, "x", 0)) == Span(12, 8, 4)
    assert where.value(("trunk", 1, "x", 2)) == Span(12, 21, 1)


def test_every_key_has_its_place_and_a_table_has_its_header() -> None:
    where = Positions(TEXT)
    assert where.key(("internal",)) == Span(2, 2, 8)
    assert where.key(("internal", "listen")) == Span(3, 1, 6)
    assert where.key(("trunk",)) == Span(6, 3, 5)
    assert where.key(("trunk", 1)) == Span(11, 3, 5)
    assert where.key(("trunk", 0, "sub")) == Span(8, 2, 9)
    assert where.key(("trunk", 1, "x")) == Span(12, 2, 1)


def test_a_value_over_several_lines_is_shown_by_its_first() -> None:
    assert Positions(TEXT).value(("trunk", 0, "sub", "k")) == Span(9, 5, 4)


def test_what_is_missing_stands_where_it_would_belong() -> None:
    where = Positions(TEXT)
    assert where.key(("trunk", 1, "name")) == Span(11, 3, 5)
    assert where.value(("internal", "rtp_ports", 1)) == Span(2, 2, 8)
    assert where.key(("gateway",)) == START
    assert ("trunk", 1, "name") not in where
    assert ("trunk", 1, "x") in where


def test_a_value_can_be_had_as_it_was_written() -> None:
    where = Positions("match = +442071838750 # plus\n")
    assert where.written(("match",)) == "+442071838750"
    assert where.written(("other",)) == ""


def test_what_is_given_twice_is_known_with_both_places() -> None:
    where = Positions("[a]\nx = 1\nx = 2\n[a]\n")
    assert where.duplicates == [
        (("a", "x"), Span(2, 1, 1), Span(3, 1, 1)),
        (("a",), Span(1, 2, 1), Span(4, 2, 1)),
    ]


def test_repeated_tables_are_not_given_twice() -> None:
    assert Positions("[[a]]\nx = 1\n[a.b]\n[[a]]\nx = 2\n[a.b]\n").duplicates == []


@given(st.text(alphabet="ab[]{}=\"'.,#\n\\1 ä\t", max_size=60))
def test_no_text_is_too_broken_to_have_positions(text: str) -> None:
    where = Positions(text)
    for path in [("a",), ("a", "b"), ("a", 0, "b")]:
        for span in (where.key(path), where.value(path)):
            assert 1 <= span.line <= len(where.lines)
            assert 1 <= span.column <= len(where.line(span.line)) + 1


scalars = st.one_of(st.integers(-9, 9), st.booleans(), st.text(alphabet="ab ä#]\"'", max_size=5))
keys = st.text(alphabet="abc .ä", min_size=1, max_size=4)
trees = st.dictionaries(
    keys,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


def spell(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quote(key)} = {spell(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(spell(item) for item in value) + "]"
    if isinstance(value, str):
        return quote(value)
    return str(value).lower()


def quote(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


@given(trees)
def test_what_is_written_at_a_place_is_what_tomllib_reads_there(tree: dict[str, object]) -> None:
    text = "".join(f"{quote(key)} = {spell(value)}\n" for key, value in tree.items())
    assert tomllib.loads(text) == tree
    where = Positions(text)

    def walk(path: tuple[str | int, ...], value: object) -> None:
        assert tomllib.loads(f"x = {where.written(path)}")["x"] == value
        span = where.value(path)
        assert where.line(span.line)[span.column - 1 : span.column - 1 + span.width] == where.written(path)
        if isinstance(value, dict):
            for key, item in value.items():
                walk((*path, key), item)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk((*path, index), item)

    for key, value in tree.items():
        walk((key,), value)
