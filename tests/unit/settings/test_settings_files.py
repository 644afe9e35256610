"""The files in config/ say what the model says."""

import json
import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it comes without types

from mediation.settings.example import printed_example
from mediation.settings.model import Settings
from mediation.settings.read import SettingsError, inspect_file, read
from mediation.settings.schema import json_schema, printed_schema
from mediation.settings.story import has_story
from mediation.settings.tree import Entry, entries, entry_at, homes, known, section_at, sections

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "config" / "mediation.toml"
SCHEMA = ROOT / "config" / "schema.json"

HIDDEN = re.compile(r"^#(?=\[|[a-z0-9_]+ = )", re.MULTILINE)
"""What stands before a commented setting; a comment for people has a space behind its #."""


def test_the_example_is_what_the_model_prints() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == printed_example(), (
        "python -m mediation.settings.example > config/mediation.toml"
    )


def test_the_schema_is_what_the_model_prints() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == printed_schema(), (
        "python -m mediation.settings.schema > config/schema.json"
    )


def test_the_example_can_be_used_as_it_stands() -> None:
    assert inspect_file(EXAMPLE).warnings == ()


def test_every_commented_line_of_the_example_is_the_default() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    told, count = HIDDEN.subn("", text)
    assert count > 25
    assert read(told, "told") == read(text, "as it stands")


def test_the_example_shows_every_setting_there_is() -> None:
    shown = tomllib.loads(HIDDEN.sub("", EXAMPLE.read_text(encoding="utf-8")))
    text = EXAMPLE.read_text(encoding="utf-8")
    told_of = {key for key, entry in entries(Settings).items() if f"\n# {entry.header}\n" in text}
    assert told_of == {"site", "trunk_defaults"}
    assert list(shown) == [key for key in entries(Settings) if key not in told_of]
    for key, entry in entries(Settings).items():
        if key in told_of:
            continue
        table = shown[key][0] if isinstance(shown[key], list) else shown[key]
        assert entry.section is not None
        inside = entries(entry.section)
        assert list(table) == [name for name, inner in inside.items() if not sketched(inner)]
        for name, inner in inside.items():
            if sketched(inner):
                assert f"# {inner.header}\n" in text
            elif inner.section is not None:
                assert list(table[name]) == list(entries(inner.section))


def sketched(entry: Entry) -> bool:
    """Whether the example can only tell of it: there is none by default, or it repeats another section."""
    return entry.section is not None and (entry.default == () or bool(entry.story.like))


def test_no_line_of_the_example_is_too_wide_to_read() -> None:
    assert max(len(line) for line in printed_example().splitlines()) <= 110


def test_every_setting_has_a_meaning_and_every_number_has_bounds() -> None:
    for section in sections():
        assert section.section is not None
        assert all(has_story(field) for field in fields(section.section))
        for entry in entries(section.section).values():
            assert entry.story.doc.endswith(".")
            assert entry.kind is not int or (entry.story.low is not None and entry.story.high is not None)


def test_every_default_is_one_that_the_file_could_have_given() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    told = tomllib.loads(HIDDEN.sub("", printed_example()))
    assert list(Draft202012Validator(schema).iter_errors(told)) == []


@pytest.mark.parametrize(
    "change",
    [
        ('listen = ["udp:127.0.0.10:5060", "tcp:127.0.0.10:5060"]', "listen = []"),
        ('listen = ["udp:127.0.0.10:5060", "tcp:127.0.0.10:5060"]', 'listen = "udp:127.0.0.10:5060"'),
        ('listen = ["udp:127.0.0.10:5060", "tcp:127.0.0.10:5060"]', 'listen = ["wss:127.0.0.10:5061"]'),
        ('targets = ["sip:127.0.0.20:5060"]', 'targets = ["127.0.0.20"]'),
        ('targets = ["sip:127.0.0.20:5060"]', ""),
        ("#rtp_ports = [20000, 29999]", "rtp_ports = [20000]"),
        ("#rtp_ports = [20000, 29999]", "rtp_ports = [20000, 70001]"),
        ('#codecs = ["PCMU", "PCMA"]', 'codecs = ["G729"]'),
        ("#telephone_event = true", 'telephone_event = "true"'),
        ("#ptime_ms = 20", "ptime_ms = 25"),
        ('#level = "info"', 'level = "loud"'),
        ("#[internal.tls]\n", '[internal.tls]\nminimum_version = "1.1"\n'),
        ("#[internal.tls]\n", '[internal.tls]\nciphers = "ALL"\n'),
        ("#t1_ms = 500", "t1_msec = 500"),
        ("[gateway]", "[getaway]"),
    ],
)
def test_what_the_schema_refuses_the_reader_refuses_too(change: tuple[str, str]) -> None:
    text = printed_example().replace(*change, 1)
    assert text != printed_example()
    assert list(Draft202012Validator(json_schema()).iter_errors(tomllib.loads(text)))
    with pytest.raises(SettingsError):
        read(text, "m")


def test_the_committed_schema_is_json_that_a_tool_can_load() -> None:
    loaded = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert loaded["required"] == ["internal", "gateway", "trunk"]
    assert loaded["properties"]["trunk"]["items"]["required"] == ["name", "targets"]
    assert loaded["properties"]["sip"]["properties"]["t1_ms"]["default"] == 500


def test_the_model_can_be_walked_by_the_paths_of_the_file() -> None:
    assert section_at(()) is Settings
    trunk = section_at(("trunk", 3))
    assert trunk is not None
    assert trunk.__name__ == "Trunk"
    assert section_at(("trunk", 0, "name")) is None
    assert section_at(("nothing", "below")) is None
    assert known(("gateway", "rtp_ports", 1)).default == (30000, 39999)
    assert entry_at(("gateway", "zzz")) is None
    assert entry_at(()) is None
    assert [entry.header for entry in homes("targets")] == ["[internal]", "[[trunk]]"]
    assert [entry.header for entry in homes("private_key")] == ["[internal.tls]", "[gateway.tls]"]
    assert known(("internal", "tls", "peers", 0)).default == ()
    with pytest.raises(LookupError):
        known(("gateway", "zzz"))
