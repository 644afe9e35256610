"""The display says what happened to whoever watches, and disturbs nothing when nobody does."""

import io
import re
import sys
from datetime import UTC, datetime

import pytest

from mediation.lab.display import Display, LiveDisplay, PlainDisplay, make_display
from mediation.lab.ladder import LadderMessage
from mediation.lab.proof import Claim, Verdict
from mediation.lab.results import CallResult, DirectionResult, LabResult
from mediation_codecs.law import Law

GOOD = Claim("audio arrives", True, "25 packets")
BAD = Claim("no packet is lost", False, "1 of 25 lost", "packet 3")
WAY = DirectionResult(
    "front end", "sbc-b", b"", Law.PCMU, b"", Law.PCMA, Verdict((GOOD, BAD), (), 24, 1, None)
)
CALL = CallResult("outbound", "A call to the ITSP", "", (), (), (Claim("answered", True, "200"),), (WAY,))
RUN = LabResult(
    (CALL,), datetime(2026, 11, 22, tzinfo=UTC), 14.2, (Claim("the server starts", True, "0.4 s"),)
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def shown(stream: io.StringIO) -> str:
    """Without colours and cursor movements."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())


def play(display: Display, clock: Clock) -> None:
    display.open()
    display.call_state("outbound", "ringing")
    clock.now += 1.5
    display.call_state("outbound", "talking")
    display.packets("outbound", 1234)
    display.claim("outbound", GOOD)
    display.claim("outbound", BAD)
    display.claim("", GOOD)
    display.note("first\n  second")
    display.close(RUN)


@pytest.fixture(params=["plain", "live"])
def stream(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal() if request.param == "live" else io.StringIO()


def test_every_claim_has_its_verdict_at_the_end(stream: io.StringIO) -> None:
    play(make_display(stream=stream, clock=(clock := Clock())), clock)
    text = shown(stream)
    end = text[text.index("A call to the ITSP") :]
    for words in ("✓ answered", "front end → sbc-b", "✓ audio arrives", "25 packets", "✗ no packet is lost"):
        assert words in end
    assert "1 calls, 4 checks, 1 failed, 14.2 s" in end
    assert "outbound, front end → sbc-b: no packet is lost: 1 of 25 lost (packet 3)" in end


def test_notes_keep_their_lines(stream: io.StringIO) -> None:
    play(make_display(stream=stream, clock=(clock := Clock())), clock)
    assert "first\n  second\n" in shown(stream).replace("\r", "")


def test_a_failure_is_told_when_it_happens(stream: io.StringIO) -> None:
    display = make_display(stream=stream, clock=Clock())
    display.open()
    display.claim("outbound", BAD)
    assert "no packet is lost: 1 of 25 lost (packet 3)" in shown(stream)
    display.close(None)
    assert "broken off" in shown(stream)


def test_what_strangers_wrote_does_not_reach_the_terminal_as_control(stream: io.StringIO) -> None:
    display = make_display(stream=stream, clock=Clock())
    display.open()
    display.call_state("out\x1b[2Jbound", "[bold]reject \x1b]0;owned\x07")
    display.note("[red]x\x1b[2J\udcff")
    display.claim("c", Claim("n", False, "\x1b[2J", "\r"))
    display.close(None)
    assert "\x1b[2J" not in stream.getvalue()
    assert "\x1b]0" not in stream.getvalue()
    assert "[red]x\\x1b[2J\\udcff" in stream.getvalue()


def test_plain_lines_carry_the_seconds_since_the_start() -> None:
    play(make_display(stream=(stream := io.StringIO()), clock=(clock := Clock())), clock)
    assert stream.getvalue().split("\n")[:3] == [
        "   0.0 s  outbound: ringing",
        "   1.5 s  outbound: talking",
        "   1.5 s  outbound: FAILED no packet is lost: 1 of 25 lost (packet 3)",
    ]
    assert "\x1b" not in stream.getvalue()


def test_the_table_shows_state_packets_and_checks_of_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm-256color")
    display = LiveDisplay(stream := Terminal(), Clock())
    display.open()
    display.call_state("outbound", "talking")
    display.packets("outbound", 1234)
    display.claim("outbound", GOOD)
    display.claim("outbound", BAD)
    display.call_state("inbound", "waiting")
    display.close(None)
    text = shown(stream)
    assert re.search(r"✗ +outbound +talking +1,234 +1 1 failed", text)
    assert re.search(r"inbound +waiting", text)


def test_a_run_that_passed_ends_with_its_summary(stream: io.StringIO) -> None:
    run = LabResult((), RUN.started_at, 1.0, RUN.claims)
    display = make_display(stream=stream, clock=Clock())
    display.open()
    display.close(run)
    assert shown(stream).rstrip().endswith("0 calls, 1 checks, all passed, 1.0 s")


@pytest.mark.parametrize(
    ("stream", "tui", "environment"),
    [
        (io.StringIO(), True, {}),
        (Terminal(), False, {}),
        (Terminal(), True, {"NO_COLOR": "1"}),
        (Terminal(), True, {"TERM": "dumb"}),
    ],
    ids=["pipe", "--no-tui", "NO_COLOR", "dumb"],
)
def test_lines_are_plain_unless_somebody_watches_and_wants_it(
    stream: io.StringIO, tui: bool, environment: dict[str, str]
) -> None:
    assert isinstance(make_display(tui=tui, stream=stream, environment=environment), PlainDisplay)


def test_an_empty_no_color_asks_for_nothing() -> None:
    assert isinstance(make_display(stream=Terminal(), environment={"NO_COLOR": ""}), LiveDisplay)


def test_lines_are_plain_where_the_labs_extras_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("rich.console", "rich.live"):
        monkeypatch.setitem(sys.modules, module, None)
    assert isinstance(make_display(stream=Terminal(), environment={}), PlainDisplay)


def test_a_terminal_of_few_characters_gets_ascii() -> None:
    octets = io.BytesIO()
    display = make_display(stream=io.TextIOWrapper(octets, encoding="ascii", write_through=True))
    display.open()
    display.note("✓ front end → sbc-b │ ◀─ 200 ─")
    assert octets.getvalue() == b"+ front end > sbc-b | <- 200 -\n"


def test_a_reader_who_left_does_not_end_the_run() -> None:
    class Left(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    play(make_display(stream=Left(), clock=(clock := Clock())), clock)


def test_both_ways_of_a_call_stand_side_by_side_and_what_failed_is_told_below() -> None:
    back = DirectionResult(
        "sbc-b",
        "front end",
        b"",
        Law.PCMA,
        b"",
        Law.PCMU,
        Verdict((GOOD, Claim("no packet is lost", True, "0 of 25 lost")), (), 24, 1, None),
    )
    call = CallResult("outbound", "A call to the ITSP", "They talk.", (), (), (), (WAY, back))
    display = PlainDisplay(stream := io.StringIO(), Clock())
    display.close(LabResult((call,), RUN.started_at, 1.0))
    columns = [re.split(r"  +", line.strip()) for line in stream.getvalue().split("\n")]
    assert ["✗ A call to the ITSP", "·", "outbound"] in columns
    assert ["front end → sbc-b", "sbc-b → front end"] in columns
    assert ["µ-law → A-law", "A-law → µ-law"] in columns
    assert ["✓ audio arrives", "25 packets", "25 packets"] in columns
    assert ["✗ no packet is lost", "1 of 25 lost", "0 of 25 lost"] in columns
    assert ["front end → sbc-b: packet 3"] in columns


def test_a_call_is_told_as_a_story_and_a_ladder() -> None:
    messages = (LadderMessage(0.0, "front end", "mediation", "INVITE"),)
    call = CallResult(
        "busy", "A busy number", "Nobody is free. " * 10, ("front end", "mediation"), messages, (GOOD,)
    )
    display = PlainDisplay(stream := io.StringIO(), Clock())
    display.close(LabResult((call,), RUN.started_at, 1.0))
    text = stream.getvalue()
    assert text.index("✓ A busy number  ·  busy") < text.index("Nobody is free.") < text.index("│── INVITE ─")
    assert text.index("│── INVITE ─") < text.index("✓ audio arrives")
    assert max(map(len, text.split("\n"))) <= 100
