"""The report stands alone, shows everything, and runs nothing that came over the wire."""

import base64
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mediation.lab.audio import speech
from mediation.lab.ladder import LadderMessage
from mediation.lab.pictures import sound_picture, spectrum_db
from mediation.lab.proof import Claim, Verdict
from mediation.lab.report import report_html, write_report
from mediation.lab.results import CallResult, DirectionResult, LabResult
from mediation_codecs.g711 import DIRECT, decode
from mediation_codecs.law import Law
from mediation_codecs.tones import sine

MU, A = Law.PCMU, Law.PCMA
HOSTILE = 'From: "<script>alert(1)</script>\x1b[2J\udcff" <sip:a@b>\r\nX: $x_1$ & "\'\r\n'
SPOKEN = speech("outbound", "front-end", MU, 0.5)
GOOD = Claim("audio arrives", True, "25 packets")
BAD = Claim("no packet is lost", False, "1 of 25 lost", "the first of them is packet 3 of the sender")

WAY = DirectionResult(
    "front end",
    "sbc-b",
    SPOKEN,
    MU,
    SPOKEN.translate(DIRECT[MU, A]),
    A,
    Verdict((GOOD,), (0.3, 0.4, 1.2), 25, 0, 4.4),
)
CALL = CallResult(
    "outbound",
    "A call to the ITSP",
    "It must be answered.",
    ("front end", "mediation", "sbc-b"),
    (
        LadderMessage(7.0, "front end", "mediation", "INVITE", HOSTILE),
        LadderMessage(7.0015, "mediation", "front end", "100 <Trying>", "SIP/2.0 100 Trying"),
    ),
    (Claim("answered", True, "200"),),
    (WAY,),
    {"schema": 1, "verdict": "success", "caller": HOSTILE},
)
RUN = LabResult(
    (CALL,),
    datetime(2026, 11, 2, 9, 5, tzinfo=UTC),
    14.2,
    (Claim("the server starts", True, "0.4 s"),),
    {"Python": "3.11"},
)


class Page(HTMLParser):
    """Elements with their attributes, and whether every one of them is closed where it should be."""

    VOID = frozenset(("meta", "link", "img", "br", "hr", "input"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(report_html(RUN))


def test_it_loads_nothing_from_anywhere(page: Page) -> None:
    for _tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "poster", "data"):
            assert attributes.get(name, "#").startswith(("data:", "#"))
    policy = next(meta["content"] for meta in page.all("meta") if meta.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert "@import" not in report_html(replace(RUN, calls=()))


def test_what_came_over_the_wire_is_shown_and_not_run(page: Page) -> None:
    assert len(page.all("script")) == 1
    assert 'From: "<script>alert(1)</script>␛[2J\\udcff" <sip:a@b>' in page.text
    assert "100 <Trying>" in page.text


def test_the_file_holds_what_no_encoding_can(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", RUN)
    assert "alert(1)" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_each_arrow_leads_to_its_message(page: Page) -> None:
    anchors = {attributes.get("id") for _tag, attributes in page.elements}
    links = [link["href"] for link in page.all("a")]
    assert "#outbound-message-1" in links
    assert {link.removeprefix("#") for link in links} <= anchors


def test_no_two_elements_have_the_same_name(page: Page) -> None:
    names = [attributes["id"] for _tag, attributes in page.elements if "id" in attributes]
    assert len(names) == len(set(names))


def test_it_says_the_verdict_and_every_figure(page: Page) -> None:
    for words in (
        "All 3 checks passed",
        "1 calls in 14.2 s · 2 November 2026, 09:05:00 UTC",
        "front end → sbc-b",
        "µ-law → A-law",
        "25 packets",
        "0.4 ms",
        "1.2 ms",
        "4.40",
        "the server starts",
        "Python 3.11",
    ):
        assert words in page.text


def test_failures_stand_on_top_with_place_figure_and_reason() -> None:
    way = replace(WAY, verdict=Verdict((GOOD, BAD), (), 24, 1, None))
    run = replace(RUN, calls=(replace(CALL, directions=(way,)),))
    text = Page(report_html(run)).text
    assert "1 of 4 checks failed" in text
    line = "outbound, front end → sbc-b: no packet is lost: 1 of 25 lost (the first of them is packet 3 of the sender)"
    assert line in text
    assert run.failures == (line,)
    assert not run.passed
    assert run.summary == "1 calls, 4 checks, 1 failed, 14.2 s"


def test_a_run_that_checked_nothing_has_not_passed() -> None:
    nothing = LabResult((), RUN.started_at, 0.1)
    assert not nothing.passed
    assert "Nothing was checked" in Page(report_html(nothing)).text


def test_a_call_without_audio_or_record_is_shown_too() -> None:
    text = Page(report_html(replace(RUN, calls=(replace(CALL, directions=(), cdr=None, messages=()),)))).text
    assert "The server wrote no record of this call." in text


def test_a_direction_in_which_nothing_came_is_shown_too() -> None:
    silent = replace(
        WAY, received_octets=b"", verdict=Verdict((replace(GOOD, passed=False),), (), 0, 25, None)
    )
    assert (
        "nothing to hear"
        in Page(report_html(replace(RUN, calls=(replace(CALL, directions=(silent,)),)))).text
    )


def test_the_record_is_readable_as_it_was_written(page: Page) -> None:
    text = re.search(r'\{ "schema": 1.*?\}', page.text)
    assert text is not None
    assert json.loads(text.group())["verdict"] == "success"


def test_both_sounds_can_be_played_and_every_picture_is_described(page: Page) -> None:
    assert len(page.all("audio")) == 2
    for audio in page.all("audio"):
        head, octets = audio["src"].split(",", 1)
        assert head == "data:audio/wav;base64"
        assert base64.b64decode(octets)[:4] == b"RIFF"
        assert audio["aria-label"]
    assert all(image["alt"] for image in page.all("img"))


def test_a_tone_is_where_it_belongs_in_the_spectrogram() -> None:
    levels = spectrum_db(sine(1000.0, -10.0, 0.5))
    assert np.all(levels.argmax(axis=0) == 1000 * 256 // 8000)
    assert levels.max() == pytest.approx(-13.14, abs=0.3)  # -10 dBm0, where full scale is +3.14
    assert spectrum_db(np.zeros(10, np.int16)).size == 0


def test_a_picture_is_drawn_even_of_nothing() -> None:
    nothing = np.zeros(0, np.int16)
    octets = sound_picture(nothing, decode(MU, SPOKEN), (), in_title="in", out_title="out")
    assert Image.open(io.BytesIO(octets)).width > 1000
