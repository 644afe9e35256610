"""Who was called before: Diversion and History-Info read, printed, made of each other and told on (RFC 7544)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.diversion import (
    MOST_ENTRIES,
    Diversion,
    HistoryEntry,
    diversions_of,
    entries_of,
)
from mediation.b2bua.passage import Passage
from mediation.settings.identity import History, TrunkIdentity
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import split_list
from tests.unit.b2bua.crossings import US, gateway, inward, out, told

TARGET = "sip:+4930@us"


def diversions(*texts: str) -> tuple[Diversion, ...]:
    return tuple(map(Diversion.parse, texts))


def entries(text: str) -> tuple[HistoryEntry, ...]:
    return tuple(map(HistoryEntry.parse, split_list(text)))


def printed(values: tuple[Diversion, ...] | tuple[HistoryEntry, ...]) -> list[str]:
    return [str(value) for value in values]


# one element


@pytest.mark.parametrize(
    ("text", "reason", "counter", "is_private"),
    [
        ("<sip:a@b>", "unknown", 1, False),
        ('"A" <sip:a@b>;reason=user-busy;counter=3;privacy=full', "user-busy", 3, True),
        ('<tel:+1>;reason="No-Answer";privacy=off;screen=yes', "no-answer", 1, False),
        ("<sip:a@b>;counter=0", "unknown", 1, False),
        ("<sip:a@b>;counter=x;privacy=name", "unknown", 1, True),
        ("<sip:a@b>;counter=9999999999999", "unknown", 1, False),
    ],
)
def test_a_diversion_says_who_why_and_how_often__rfc5806_9(
    text: str, reason: str, counter: int, is_private: bool
) -> None:
    diversion = Diversion.parse(text)
    assert (diversion.reason, diversion.counter, diversion.is_private) == (reason, counter, is_private)
    assert Diversion.parse(str(diversion)) == diversion


@pytest.mark.parametrize(
    ("text", "cause", "left_for", "is_private"),
    [
        ("<sip:a@b>;index=1", None, None, False),
        ("<sip:a@b;cause=302>;index=1.1;mp=1", 302, None, False),
        ("<tel:+1;cause=486>;index=1.1", 486, None, False),
        ("<sip:a@b;cause=0302>;index=1", None, None, False),
        ("<sip:a@b;cause=x>;index=1", None, None, False),
        ("<sip:a@b?Reason=SIP%3Bcause%3D302%3Btext%3D%22Moved%22&Privacy=history>;index=1", None, 302, True),
        ("<sip:a@b?Privacy=none>;index=1", None, None, False),
        ("<sip:a@b?Reason=Q.850%3Bcause%3D17>;index=1", None, None, False),
    ],
)
def test_an_entry_says_why_it_became_a_target_and_why_the_call_left_it__rfc7044_5(
    text: str, cause: int | None, left_for: int | None, is_private: bool
) -> None:
    entry = HistoryEntry.parse(text)
    assert (entry.cause, entry.left_for, entry.is_private) == (cause, left_for, is_private)
    assert HistoryEntry.parse(str(entry)) == entry


@pytest.mark.parametrize("text", ["<sip:a@b>", "<sip:a@b>;index=", "<sip:a@b>;index=1.", "<sip:a@b>;index=x",
                                  f"<sip:a@b>;index=1{'.1' * 31}", "sip:a@b;", ""])  # fmt: skip
def test_an_entry_without_its_place_is_none__rfc7044_5(text: str) -> None:
    with pytest.raises(RemoteSipError):
        HistoryEntry.parse(text)


# Diversion to History-Info


def test_three_diversions_become_four_entries__rfc7544_5() -> None:
    made = entries_of(
        diversions(
            "<sip:three@x>;reason=unconditional;counter=1;privacy=off",
            "<sip:two@x>;reason=user-busy;counter=1;privacy=full",
            "<sip:one@x>;reason=no-answer;counter=1;privacy=off",
        ),
        TARGET,
    )
    assert printed(made) == [
        "<sip:one@x>;index=1",
        "<sip:two@x;cause=408?Privacy=history>;index=1.1;mp=1",
        "<sip:three@x;cause=486>;index=1.1.1;mp=1.1",
        "<sip:+4930@us;cause=302>;index=1.1.1.1;mp=1.1.1",
    ]


def test_a_counter_stands_for_parties_that_are_not_named__rfc7544_5() -> None:
    made = entries_of(diversions("<tel:+1555>;reason=deflection;counter=3"), TARGET)
    assert printed(made) == [
        "<sip:unknown@unknown.invalid>;index=1",
        "<sip:unknown@unknown.invalid;cause=404>;index=1.1;mp=1",
        "<tel:+1555;cause=404>;index=1.1.1;mp=1.1",
        "<sip:+4930@us;cause=480>;index=1.1.1.1;mp=1.1.1",
    ]


def test_whoever_counts_to_ninety_nine_gets_no_more_entries_than_we_write() -> None:
    many = diversions(*(f"<sip:u{number}@x>;counter=99" for number in range(50)))
    made = entries_of(many, TARGET)
    assert len(made) <= MOST_ENTRIES + 1
    assert all(HistoryEntry.parse(str(entry)) for entry in made)


@pytest.mark.parametrize(
    ("reason", "cause"),
    [("unknown", 404), ("unconditional", 302), ("user-busy", 486), ("no-answer", 408), ("deflection", 480),
     ("unavailable", 503), ("time-of-day", 404), ("do-not-disturb", 404), ("follow-me", 404),
     ("out-of-service", 404), ("away", 404), ("x-own", 404)],
)  # fmt: skip
def test_each_reason_has_its_cause__rfc7544_5(reason: str, cause: int) -> None:
    assert entries_of(diversions(f"<sip:a@b>;reason={reason}"), TARGET)[-1].cause == cause


# History-Info to Diversion


def test_entries_with_a_cause_name_those_before_them__rfc7544_6() -> None:
    made = diversions_of(
        entries(
            '"One" <sip:one@x;user=phone?Privacy=history>;index=1, <sip:two@x;cause=302>;index=1.1;mp=1,'
            "<sip:last@x;cause=486>;index=1.1.1"
        )
    )
    assert printed(made) == [
        "<sip:two@x>;reason=user-busy;counter=1;privacy=off",
        '"One" <sip:one@x;user=phone>;reason=unconditional;counter=1;privacy=full',
    ]


def test_a_target_that_was_only_looked_up_has_diverted_nobody__rfc7044_10_3() -> None:
    assert diversions_of(entries("<sip:a@x>;index=1, <sip:a@10.0.0.1>;index=1.1;rc=1")) == ()
    assert diversions_of(entries("<sip:a@x>;index=1, <sip:b@x;cause=299>;index=1.1")) == ()
    assert diversions_of(entries("<sip:a@x;cause=302>;index=1")) == ()


def test_the_one_who_diverted_is_the_one_that_mp_names__rfc7044_5() -> None:
    made = diversions_of(
        entries("<sip:a@x>;index=1, <sip:a@y>;index=1.1;rc=1, <sip:b@x;cause=302>;index=1.2;mp=1")
    )
    assert printed(made) == ["<sip:a@x>;reason=unconditional;counter=1;privacy=off"]


def test_an_escaped_reason_of_the_older_way_is_read_too__rfc4244_4_1() -> None:
    made = diversions_of(
        entries("<sip:a@x?Reason=SIP%3Bcause%3D486>;index=1, <sip:b@x>;index=1.1, <sip:c@x>;index=1.1.1")
    )
    assert printed(made) == ["<sip:a@x>;reason=user-busy;counter=1;privacy=off"]


@pytest.mark.parametrize(
    ("cause", "reason"),
    [(404, "unknown"), (302, "unconditional"), (486, "user-busy"), (408, "no-answer"), (480, "deflection"),
     (487, "deflection"), (503, "unavailable")],
)  # fmt: skip
def test_each_cause_has_its_reason__rfc7544_6(cause: int, reason: str) -> None:
    (made,) = diversions_of(entries(f"<sip:a@x>;index=1, <sip:b@x;cause={cause}>;index=1.1"))
    assert made.reason == reason


REASONS = ["unknown", "unconditional", "user-busy", "no-answer", "deflection", "unavailable"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(REASONS), st.integers(1, 3), st.booleans(), st.sampled_from(["sip:u@x", "tel:+1"])
        ),
        max_size=5,
    )
)
def test_what_goes_there_and_back_says_the_same__rfc7544_5_and_6(
    told: list[tuple[str, int, bool, str]],
) -> None:
    before = diversions(
        *(
            f"<{uri}>;reason={reason};counter={counter};privacy={'full' if private else 'off'}"
            for reason, counter, private, uri in told
        )
    )
    assert diversions_of(entries_of(before, TARGET)) == before


# what the other side is told

DIVERSION = (
    "Diversion",
    '"Boss" <sip:+4989@pbx.corp.example:5070;tgrp=x>;reason=user-busy;own=pbx;counter=1',
)
HISTORY = (
    "History-Info",
    "<sip:+4989@pbx.corp.example;gr=x>;index=1;own=pbx, <sip:+4930@10.9.9.9;cause=302>;index=1.1;mp=1",
)


def test_each_trunk_gets_the_header_that_it_knows__rfc7544_4() -> None:
    wanted = {history: told(out(TrunkIdentity(history=history)), DIVERSION) for history in History}
    made = [f"<sip:+4989@{US}>;index=1", f"<sip:+4930@{US};cause=486>;index=1.1;mp=1"]
    said = [f'"Boss" <sip:+4989@{US}>;reason=user-busy;counter=1']
    assert [wanted[history].get("History-Info") for history in History] == [
        None, [f'"Boss" {made[0]}', made[1]], None, [f'"Boss" {made[0]}', made[1]],
    ]  # fmt: skip
    assert [wanted[history].get("Diversion") for history in History] == [None, None, said, said]


def test_what_came_as_history_info_goes_on_whole_and_becomes_a_diversion_too__rfc7544_4() -> None:
    lines = told(out(TrunkIdentity(history=History.BOTH)), HISTORY)
    assert lines["History-Info"] == [
        f"<sip:+4989@{US}>;index=1",
        f"<sip:+4930@{US};cause=302>;index=1.1;mp=1",
    ]
    assert lines["Diversion"] == [f"<sip:+4989@{US}>;reason=unconditional;counter=1;privacy=off"]


def test_no_host_and_no_parameter_of_the_other_side_stays_in_a_header_of_history() -> None:
    lines = told(
        out(TrunkIdentity(history=History.BOTH)), DIVERSION, HISTORY, ("Referred-By", "<sip:b@pbx>;cid=1@pbx")
    )
    octets = str(lines)
    assert not any(secret in octets for secret in ("pbx", "corp", "10.9.9.9", "own", "tgrp", "gr=", "cid"))
    assert lines["Referred-By"] == [f"<sip:b@{US}>"]


def test_a_number_stays_a_number_and_loses_what_was_hung_on_to_it() -> None:
    came = (
        "History-Info",
        "<tel:+4989?X=pbx>;index=1, <tel:+4930;cause=486?Privacy=history&X=pbx>;index=1.1",
    )
    lines = told(out(TrunkIdentity(history=History.HISTORY_INFO, reveal=True)), came)
    assert lines["History-Info"] == ["<tel:+4989>;index=1", "<tel:+4930;cause=486?Privacy=history>;index=1.1"]


def test_who_wants_not_to_be_named_is_anonymous_outside_and_known_inside__rfc7044_10_1() -> None:
    private = ("Diversion", "<sip:+4989@x>;reason=away;privacy=full")
    there = told(out(TrunkIdentity(history=History.DIVERSION)), private)
    assert there["Diversion"] == ["<sip:anonymous@anonymous.invalid>;reason=away;privacy=full"]
    assert told(inward(), private)["Diversion"] == [f"<sip:+4989@{US}>;reason=away;privacy=full"]


@pytest.mark.parametrize("wish", ["history", "header", "session"])
def test_a_caller_can_have_the_whole_history_hidden__rfc7044_10_1_2(wish: str) -> None:
    lines = told(out(TrunkIdentity(history=History.BOTH)), HISTORY, ("Privacy", wish))
    assert lines["History-Info"] == [
        "<sip:anonymous@anonymous.invalid>;index=1",
        "<sip:anonymous@anonymous.invalid;cause=302>;index=1.1;mp=1",
    ]
    assert told(inward(), HISTORY, ("Privacy", wish))["History-Info"][0].startswith("<sip:+4989")


def test_history_of_somebody_who_is_not_trusted_is_dropped_and_makes_no_forward() -> None:
    lines = told(inward(TrunkIdentity(trust=False)), DIVERSION, HISTORY, ("Referred-By", "<sip:b@x>"))
    assert lines.keys() == {"From"}


@pytest.mark.parametrize("value", ["<", "<sip:a@b>;index=1, <sip:a@b>", "x y", '"'])
def test_a_history_that_cannot_be_read_is_not_there(value: str) -> None:
    assert "History-Info" not in told(inward(), ("History-Info", value))


def test_a_call_from_trunk_to_trunk_is_told_by_the_rules_of_the_second() -> None:
    passage = Passage(gateway(), gateway(TrunkIdentity(history=History.DIVERSION)), US)
    assert told(passage, HISTORY)["Diversion"] == [
        f"<sip:+4989@{US}>;reason=unconditional;counter=1;privacy=off"
    ]
