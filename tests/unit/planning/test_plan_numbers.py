"""Ranges of numbers, and whose one is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.planning.numbers import DidRange, Owners, bare, overlaps, parse_did_range
from mediation.settings.words import UnfitError

NUMBERS = st.integers(min_value=1, max_value=9999).map(str)


@st.composite
def ranges(draw: st.DrawFn) -> DidRange:
    one, other = sorted(draw(st.tuples(NUMBERS, NUMBERS).filter(lambda both: len(both[0]) == len(both[1]))))
    return DidRange(one, other)


def test_one_number_and_a_range_are_read_as_they_are_printed() -> None:
    for text in ("+43155510000", "+43155510000-+43155519999"):
        assert str(parse_did_range(text)) == text
    assert parse_did_range("+43 1555 10000 - +43 1555 19999") == parse_did_range("+43155510000-+43155519999")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("0155510000", 'write it whole: "+43155510000"'),
        ("+43(1)555-10000", 'write "+43155510000"'),
        ("+4315551-+43155519", 'write "+43155510000-+43155519999"'),
        ("+43155519-+43155510", 'write "+43155510-+43155519"'),
        ("", 'write it whole: "+43155510000"'),
    ],
)
def test_what_is_no_range_has_a_remedy(text: str, remedy: str) -> None:
    with pytest.raises(UnfitError) as caught:
        parse_did_range(text)
    assert caught.value.remedy == remedy


def test_only_digits_count() -> None:
    assert bare("+43 (1) 555-100") == "431555100"
    assert "+43 1555 10005" in parse_did_range("+43155510000-+43155519999")
    assert "+4315551000" not in parse_did_range("+43155510000-+43155519999")


@given(st.lists(ranges(), max_size=8), NUMBERS)
def test_ranges_that_meet_are_found_and_all_others_have_one_owner(owned: list[DidRange], number: str) -> None:
    pairs = [
        (one, other) for one in range(len(owned)) for other in range(one) if owned[one].meets(owned[other])
    ]
    found = list(overlaps(enumerate(owned)))
    assert bool(found) == bool(pairs)
    assert all(tuple(sorted(both, reverse=True)) in pairs for both in found)
    if not pairs:
        holders = [str(index) for index, each in enumerate(owned) if number in each]
        owner = Owners({str(index): (each,) for index, each in enumerate(owned)}).owner(number)
        assert owner == (holders[0] if holders else None)
