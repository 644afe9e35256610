"""The ladder tells who said what to whom, in order, within its width, whatever the wire carried."""

import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from mediation.lab.ladder import LadderMessage, ladder_text, rows
from mediation.lab.ladder_svg import STYLE, kind_of, ladder_svg

FRONT, US, A, B = "front end", "mediation", "sbc-a", "sbc-b"
ACTORS = (FRONT, US, A, B)
SVG = "{http://www.w3.org/2000/svg}"

FAILOVER = [
    LadderMessage(50.000, FRONT, US, "INVITE", "INVITE sip:1@h SIP/2.0\r\n"),
    LadderMessage(50.001, US, FRONT, "100 Trying"),
    LadderMessage(50.002, US, A, "INVITE"),
    LadderMessage(50.003, A, US, "503"),
    LadderMessage(50.004, US, A, "ACK"),
    LadderMessage(50.004, US, US, "next target"),
    LadderMessage(50.005, US, B, "INVITE"),
    LadderMessage(50.200, B, US, "180 Ringing"),
    LadderMessage(50.201, US, FRONT, "180 Ringing"),
    LadderMessage(51.000, B, US, "200 OK", "the same"),
    LadderMessage(51.500, B, US, "200 OK", "the same"),
    LadderMessage(51.600, FRONT, US, "RTP", both_ways=True),
    LadderMessage(51.600, US, B, "RTP A-law", both_ways=True),
    LadderMessage(61.600, FRONT, US, "BYE"),
    LadderMessage(61.601, US, B, "BYE"),
]


def drawn(messages: list[LadderMessage], **choices: bool | int) -> list[str]:
    return ladder_text(messages, ACTORS, **choices).split("\n")  # type: ignore[arg-type]  # names are checked by the call


def test_a_call_with_failover_reads_like_a_diagram() -> None:
    assert drawn(FAILOVER) == [
        " front end                  mediation                    sbc-a                      sbc-b",
        "     │── INVITE ───────────────▶│                          │                          │",
        "     │◀─ 100 Trying ────────────│                          │                          │",
        "     │                          │── INVITE ───────────────▶│                          │",
        "     │                          │◀─ 503 ───────────────────│                          │",
        "     │                          │── ACK ──────────────────▶│                          │",
        "     │                          │ next target              │                          │",
        "     │                          │── INVITE ──────────────────────────────────────────▶│",
        "     │◀─ 180 Ringing ───────────│◀─ 180 Ringing ──────────────────────────────────────│",
        "     │                          │◀─ 200 OK ×2 ────────────────────────────────────────│",  # noqa: RUF001 - as drawn
        "     │◀═ RTP ══════════════════▶│◀═ RTP A-law ═══════════════════════════════════════▶│",
        "     ┊ 10.0 s                   ┊                          ┊                          ┊",
        "     │── BYE ──────────────────▶│── BYE ─────────────────────────────────────────────▶│",
    ]


def test_times_count_from_the_first_message() -> None:
    lines = drawn(FAILOVER, times=True)
    assert [line[:8] for line in lines[1:4]] == ["   0.000", "   0.001", "   0.002"]
    assert lines[-1].startswith("  11.600")


def test_plain_ascii_has_the_same_shape() -> None:
    text = ladder_text(FAILOVER, ACTORS, ascii_only=True)
    assert text.isascii()
    assert "     |                          |<- 200 OK x2 ----------------------------------------|" in text
    assert [len(line) for line in text.split("\n")] == [len(line) for line in drawn(FAILOVER)]


def test_a_message_passed_on_late_has_a_row_of_its_own() -> None:
    relayed = [LadderMessage(0.0, FRONT, US, "ACK"), LadderMessage(0.2, US, B, "ACK")]
    assert len(rows(relayed, ACTORS)) == 2


def test_messages_are_drawn_by_time_and_keep_the_number_they_came_with() -> None:
    turned = [LadderMessage(2.0, US, FRONT, "200 OK"), LadderMessage(1.0, FRONT, US, "OPTIONS")]
    assert [row.arrows[0].index for row in rows(turned, ACTORS)] == [1, 0]


def test_an_actor_nobody_announced_gets_a_column_at_the_end() -> None:
    assert "stranger" in ladder_text([LadderMessage(0.0, "stranger", US, "INVITE")], ACTORS).split("\n")[0]


def test_nothing_to_draw_is_no_error() -> None:
    assert ladder_text([], ()) == ""
    assert drawn([]) == [
        " front end                  mediation                    sbc-a                      sbc-b"
    ]
    ET.fromstring(ladder_svg([], ()))


NAMES = st.text(max_size=30)
MESSAGES = st.lists(
    st.builds(
        LadderMessage,
        at_s=st.floats(0, 100),
        source=st.sampled_from(ACTORS),
        destination=st.sampled_from(ACTORS),
        label=st.text(st.characters(), max_size=60),
        detail=st.text(st.characters(), max_size=60),
        both_ways=st.booleans(),
    ),
    max_size=8,
)


@given(MESSAGES, st.booleans(), st.booleans(), st.integers(60, 120))
def test_no_label_breaks_a_line_or_leaves_the_width(
    messages: list[LadderMessage], times: bool, ascii_only: bool, width: int
) -> None:
    for line in drawn(messages, times=times, ascii_only=ascii_only, width=width):
        assert len(line) <= width
        assert line.isprintable()


@given(MESSAGES)
def test_any_message_makes_a_well_formed_picture(messages: list[LadderMessage]) -> None:
    ET.fromstring(ladder_svg(messages, ACTORS, link="m", standalone=True))


def test_the_picture_links_each_message_that_has_a_text() -> None:
    root = ET.fromstring(ladder_svg(FAILOVER, ACTORS, link="call-1"))
    links = [link.get("href") for link in root.iter(f"{SVG}a")]
    assert links == ["#call-1-0", "#call-1-9"]
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert titles[0] == "INVITE sip:1@h SIP/2.0"


def test_the_picture_needs_nothing_from_outside() -> None:
    picture = ladder_svg(FAILOVER, ACTORS, standalone=True)
    assert picture.count("http") == 1  # the name of the SVG language
    assert "url(" not in picture
    assert "@media (prefers-color-scheme: dark)" in STYLE


def test_colours_tell_requests_from_answers_of_each_class() -> None:
    labels = ["INVITE", "100", "183 Session Progress", "200 OK", "302", "486 Busy Here", "603"]
    kinds = [kind_of(LadderMessage(0.0, US, A, label)) for label in labels]
    assert kinds == ["request", "provisional", "provisional", "success", "failure", "failure", "failure"]


def test_the_phrases_of_the_lab_fit_whole_into_100_columns() -> None:
    messages = [
        LadderMessage(0.0, A, US, "503 Service Unavailable"),
        LadderMessage(0.1, US, A, "487 Request Terminated"),
        LadderMessage(0.2, US, A, "183 Session Progress"),
    ]
    text = ladder_text(messages, ACTORS, times=True)
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert max(len(line) for line in text.split("\n")) <= 100
