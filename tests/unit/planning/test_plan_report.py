"""What is printed, drawn and written."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from mediation.planning.answer import Answer, answer
from mediation.planning.deliver import deliver
from mediation.planning.figures import bandwidth_mapping, bandwidth_text
from mediation.planning.mapping import as_mapping
from mediation.planning.picture import WIDTH, picture
from mediation.planning.read import inspect_plan_file
from mediation.planning.report import report_html
from mediation.planning.starting import configurations
from mediation.planning.text import answer_text
from mediation.rtp.bandwidth import Packets
from mediation.settings.read import inspect
from tests.unit.planning.plans import EXAMPLE, answered, link, site, trunk

VOID = {"meta", "link", "br"}


@pytest.fixture(scope="module")
def example() -> Answer:
    reading = inspect_plan_file(EXAMPLE)
    return answer(reading.plan, reading.log)


class Page(HTMLParser):
    """Tags that are open, and every address that the page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.fetched += [
            value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "data"}
        ]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(found: Answer) -> Page:
    page = Page()
    page.feed(report_html(found))
    page.close()
    assert page.open == []
    return page


def test_the_page_is_whole_and_fetches_nothing(example: Answer) -> None:
    page = page_of(example)
    assert page.fetched == ["data:,"]
    assert "url(" not in report_html(example)
    for each in example.sites:
        assert each.site.name in page.text
        assert all(reason in page.text for reason in each.decision.reasons)


def test_both_figures_stand_side_by_side_on_the_page(example: Answer) -> None:
    html = report_html(example)
    peaks = [(use.formula_kbps, use.wire_kbps) for use in example.trunks]
    peaks += [(use.formula_kbps, use.wire_kbps) for use in example.links]
    for formula, wire in peaks:
        assert f'>{formula:,.0f}</td><td class="number">{wire:,.0f}</td>' in html


def test_what_the_file_says_is_shown_and_never_interpreted(tmp_path: Path) -> None:
    rule = '[[locality]]\ncountry = "IN"\nreason = "<script>alert(1)</script>"'
    branch = site("mumbai", country="IN"), trunk("own", "mumbai", country="IN")
    centre = site("vienna", more="central = true"), trunk("alpha", "vienna")
    html = report_html(answered(tmp_path, *centre, *branch, rule))
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_picture_is_xml_with_each_site_and_trunk_once_and_inside_its_frame(example: Answer) -> None:
    root = ET.fromstring(picture(example))
    texts = [text.text for text in root.iter("text")]
    for each in example.sites:
        assert texts.count(each.site.name) == 1
    assert sorted(text for text in texts if text in {use.offer.name for use in example.trunks}) == sorted(
        use.offer.name for use in example.trunks
    )
    height = float(root.attrib["viewBox"].split()[3])
    boxes = []
    for rect in root.iter("rect"):
        x, y, width, tall = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
        assert 0 <= x < x + width <= WIDTH
        assert 0 <= y < y + tall <= height
        boxes.append((x, y, x + width, y + tall))
    for index, one in enumerate(boxes):
        for other in boxes[:index]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_a_link_that_is_there_for_failures_is_drawn_in_dashes(tmp_path: Path) -> None:
    pair = [
        site("vienna", users=900, more="central = true"),
        site("munich", users=900, more="central = true"),
        link("vienna", "munich"),
        site("graz"),
        link("graz", "vienna"),
        link("graz", "munich"),
        *(trunk(f"at-{name}", name) for name in ("vienna", "munich")),
    ]
    drawn = picture(answered(tmp_path, *pair))
    assert len(re.findall(r'class="mpls spare"', drawn)) == 2
    assert len(re.findall(r'class="mpls" d=', drawn)) == 1


def test_one_site_alone_is_drawn_too(tmp_path: Path) -> None:
    ET.fromstring(picture(answered(tmp_path, site("vienna"), trunk("alpha", "*"))))
    ET.fromstring(picture(answered(tmp_path, site("vienna", more="central = true"), trunk("alpha", "*"))))


def test_what_does_not_work_is_said_first(tmp_path: Path) -> None:
    found = answered(tmp_path, site("vienna"), site("zurich", country="CH"), trunk("alpha", "*"))
    assert "It does not work yet" in page_of(found).text
    assert "IT DOES NOT WORK" in answer_text(found)
    assert as_mapping(found)["works"] is False


def test_the_text_has_all_figures(example: Answer) -> None:
    text = answer_text(example)
    for use in example.trunks:
        assert f"{use.wire_kbps:,.0f}" in text
    assert "+43155510000" in text
    assert max(len(line) for line in text.splitlines() if not line.startswith("  ")) < 130


def test_the_mapping_is_plain_json(example: Answer) -> None:
    told = json.loads(json.dumps(as_mapping(example), allow_nan=False))
    assert (told["schema"], told["works"], told["currency"]) == (1, True, "EUR")
    assert {each["name"]: each["why"] for each in told["sites"]}["mumbai"] == "locality"
    assert told["price_per_month"] == pytest.approx(
        sum(each["price_per_month"] for each in (*told["trunks"], *told["links"])), abs=0.1
    )


def test_each_site_with_trunks_gets_a_configuration_that_check_config_takes(example: Answer) -> None:
    texts = configurations(example)
    assert list(texts) == ["vienna", "munich", "linz", "hamburg", "berlin", "zurich", "mumbai"]
    for name, text in texts.items():
        reading = inspect(text, name)
        assert reading.warnings == ()
        uses = [use for use in example.trunks if use.site == name]
        assert {trunk.name: trunk.max_calls for trunk in reading.settings.trunks} == {
            use.offer.name: use.channels for use in uses
        }


def test_files_are_written_where_they_are_wanted_and_nowhere_else(example: Answer, tmp_path: Path) -> None:
    assert list(deliver(example, html="", configs="")) == []
    page, folder = tmp_path / "plan.html", tmp_path / "new" / "configs"
    written = list(deliver(example, html=str(page), configs=str(folder)))
    assert written == [page, *(folder / f"{name}.toml" for name in configurations(example))]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_bandwidth_is_told_by_both_figures() -> None:
    text = bandwidth_text(100, Packets())
    assert "published formula         7,200.0 kbps" in text
    assert "on the wire               8,720.0 kbps   21 % more" in text
    told = bandwidth_mapping(100, Packets())
    assert (told["formula_kbps"], told["wire_kbps"]) == (7200.0, 8720.0)
