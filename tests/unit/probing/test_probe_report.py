"""The block that fits passes check-config; the page shows what strangers wrote and keeps secrets."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mediation.explaining.trunk import holdings
from mediation.probing.evidence import Evidence, Trial
from mediation.probing.finding import Advice, Finding, Verdict
from mediation.probing.findings import findings
from mediation.probing.fitting import block, merged
from mediation.probing.page import page
from mediation.probing.report import Report, Survey, mapping, text
from mediation.settings.addresses import parse_target
from mediation.settings.read import Reading, inspect_file
from tests.unit.probing.table import Table, plan

HEAD = """
[internal]
listen = ["udp:127.0.0.10:5060"]
targets = ["sip:127.0.0.20:5060"]
[gateway]
listen = ["udp:127.0.0.11:5060", "tcp:127.0.0.11:5060"]
[trunk_defaults]
max_calls = 30
"""
TRUNK = """
[[trunk]]
name = "itsp-a"
targets = ["sip:127.0.0.30:5060"]
codecs = ["PCMU", "PCMA"]
health = { interval_s = 20 }

[[trunk.header]]
name = "X-Customer"
direction = "to-peer"
action = "set"
value = "4711"

[[trunk.number]]
party = "called"
direction = "to-peer"
match = '^\\\\+'
replace = ""
"""


def read(folder: Path, trunk: str) -> Reading:
    file = folder / "mediation.toml"
    file.write_text(HEAD + trunk)
    return inspect_file(str(file))


def report(evidence: Evidence, **changes: object) -> Survey:
    """A survey of one target; `changes` are of its report, or of the whole."""
    judged = findings(evidence)
    one = {
        "plan": plan(), "evidence": evidence, "found": judged, "broken_off": "",
        "began": datetime(2026, 1, 2, tzinfo=UTC), "duration_s": 12.3,
    }  # fmt: skip
    of_one = {key: changes.pop(key, value) for key, value in one.items()}
    whole = {
        "trunk": "itsp-a", "reports": (Report(**of_one),), "left_out": (),  # type: ignore[arg-type]  # values of several types
        "advised": merged(judged), "block": "[[trunk]]\n", "environment": {"Python": "3"},
    }  # fmt: skip
    return Survey(**{**whole, **changes})  # type: ignore[arg-type]  # values of several types


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Table("srtp", "prack", "no-reinvite", "no-events", "largest=1500").run()


def test_the_block_passes_check_config_and_says_why(tmp_path: Path, evidence: Evidence) -> None:
    before = read(tmp_path, TRUNK)
    fitting = block(holdings(before, "itsp-a"), merged(findings(evidence)), "mediation.toml")
    trunk = read(tmp_path, fitting).settings.trunk("itsp-a")
    assert [str(law) for law in trunk.codecs] == ["PCMA"]
    assert not trunk.telephone_event
    assert str(trunk.mid_call.hold) == "local"
    assert "max_calls" not in fitting, "what all trunks have in common stays where it is"
    kept = before.settings.trunk("itsp-a")
    assert (trunk.headers, trunk.numbers, trunk.health.interval_s) == (kept.headers, kept.numbers, 20)
    for line in ("mid_call.hold", "codecs", "telephone_event"):
        assert re.search(rf"^# .+\n{re.escape(line)} = ", fitting, re.MULTILINE), line


EVERY_ADVICE = (
    Advice("health.options", value=False, why="x"),
    Advice("health.bad_codes", [408], "x"),
    Advice("no_progress_s", 21, "x"),
    Advice("early_media.reliable", "off", "x"),
    Advice("session_timer.expires_s", 3600, "x"),
    Advice("codecs", ["PCMA"], "x"),
    Advice("ptime_ms", 30, "x"),
    Advice("telephone_event", value=False, why="x"),
    Advice("mid_call.hold", "local", "x"),
    Advice("media.srtp", "optional", "x"),
    Advice("media.srtp_suites", ["AES_CM_128_HMAC_SHA1_80"], "x"),
    Advice("transfer.mode", "refer", "x"),
    Advice("failover_codes", [408, 500, 502, 504], "x"),
    Advice("large_requests", "udp", "x"),
)


@pytest.mark.parametrize(
    "advice", [*EVERY_ADVICE, Advice("session_timer.mode", "off", "x")], ids=lambda each: each.key
)
def test_every_advice_is_a_setting(tmp_path: Path, advice: Advice) -> None:
    held = holdings(read(tmp_path, TRUNK), "itsp-a")
    trunk = read(tmp_path, block(held, [advice], "f")).settings.trunk("itsp-a")
    value: object = trunk
    for name in advice.key.split("."):
        value = getattr(value, name)
    assert (list(value) if isinstance(value, tuple) else value) == advice.value


def test_all_advice_at_once_is_good_too(tmp_path: Path) -> None:
    held = holdings(read(tmp_path, TRUNK), "itsp-a")
    assert read(tmp_path, block(held, EVERY_ADVICE, "f")).settings.trunk("itsp-a").ptime_ms == 30


def test_two_reasons_for_one_list_leave_what_both_leave() -> None:
    def finding(left: list[int], why: str) -> Finding:
        return Finding("x", "x", Verdict.PARTLY, "", (), (Advice("failover_codes", left, why),))

    (advice,) = merged([finding([408, 500], "no 503"), finding([500, 503], "no 408")])
    assert advice == Advice("failover_codes", [500], "no 503; no 408")


def test_a_comment_stays_a_comment_whatever_the_trunk_has_written(tmp_path: Path) -> None:
    held = holdings(read(tmp_path, TRUNK), "itsp-a")
    nasty = block(held, [Advice("ptime_ms", 30, 'so\nmax_calls = 1\r\u2028"')], "f")
    assert read(tmp_path, nasty).settings.trunk("itsp-a").max_calls == 30


def test_keys_and_own_settings_are_not_on_the_page_nor_in_the_json(evidence: Evidence) -> None:
    told = report(evidence, block='[[trunk]]\nusername = "our-secret-name"\n')
    html, machine = page(told), json.dumps(mapping(told))
    said = [
        value
        for trial in evidence.trials.values()
        for each in trial.spoken
        for value in re.findall(rb"inline:([A-Za-z0-9+/]{20,})", each.message.body)
    ]
    assert said, "keys were offered"
    for key in said:
        assert key.decode() not in html
        assert key.decode() not in machine
    assert "our-secret-name" not in html
    assert "mid_call.hold" in html


def test_what_a_stranger_writes_is_shown_and_never_interpreted(evidence: Evidence) -> None:
    found = (Finding("x", "X", Verdict.NO, "Server: <script>alert(1)</script>\x1b[2J"),)
    told = report(evidence, found=found)
    assert "<script" not in page(told)
    assert "\x1b" not in page(told) + text(told) + json.dumps(mapping(told))


def test_the_text_is_a_table_of_at_most_a_hundred_characters(evidence: Evidence) -> None:
    lines = text(report(evidence, broken_off="it was interrupted", block="")).splitlines()
    assert max(map(len, lines)) <= 100
    assert any(line.startswith("- Hold") for line in lines)
    assert "Not finished: it was interrupted" in lines


def test_the_page_of_a_run_that_found_nothing_can_be_drawn() -> None:
    nothing = Evidence({"options": Trial("options", "OPTIONS", "")}, "udp", Table().evidence.tls, tcp=False)
    assert "Nothing: the defaults fit" in page(report(nothing))
    told = json.loads(json.dumps(mapping(report(nothing))))
    assert told["targets"][0]["calls"] == 0


def test_each_target_has_a_part_of_its_own_and_no_mark_stands_twice(evidence: Evidence) -> None:
    (first,) = report(evidence).reports
    other = replace(
        first, plan=plan(target=parse_target("sip:192.0.2.31:5060")), broken_off="it was interrupted"
    )
    both = report(evidence, reports=(first, other), left_out=("sip:192.0.2.32:5060",))
    html, words = page(both), text(both)
    marks = re.findall(r' id="([^"]+)"', html)
    assert len(marks) == len(set(marks))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(marks)
    for target in ("sip:192.0.2.30:5060", "sip:192.0.2.31:5060"):
        assert f"Trunk itsp-a at {target}, from" in words
        assert f"What {target} supports" in html
    assert "Not tried: sip:192.0.2.32:5060" in words
    assert "sip:192.0.2.31:5060: not finished: it was interrupted" in html
    told = json.loads(json.dumps(mapping(both)))
    assert [(each["target"], each["finished"]) for each in told["targets"]] == [
        ("sip:192.0.2.30:5060", True), ("sip:192.0.2.31:5060", False),
    ]  # fmt: skip
    assert told["left_out"] == ["sip:192.0.2.32:5060"]
