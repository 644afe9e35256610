"""Exports as PowerShell writes them: three writings of the same, and files that are none."""

import json
from pathlib import Path

import pytest

from mediation.importing.exported import Exported, ExportError, Listed, Wrapped
from mediation.importing.reading import Kind, kind_of, read_files, read_text
from mediation.importing.rule_text import is_unread, rules_of, words_of
from mediation.settings.problems import SettingsError

EXPORTS = Path(__file__).with_name("exports")
XML = '<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">{}</Objs>'


def values(found: Exported) -> dict[str, object]:
    """What can be compared across writings: text, and rules by their parts."""
    told: dict[str, object] = {}
    for name, value in found.properties.items():
        if isinstance(value, Listed):
            rules = [rule for rule in rules_of(value).items if isinstance(rule, Exported)]
            told[name] = [{key: rule.text(key) for key in rule} for rule in rules]
        else:
            told[name] = found.text(name)
    return told


def test_the_three_writings_say_the_same() -> None:
    read = {
        ending: [
            values(each) for each in read_text((EXPORTS / f"CsTrunkConfiguration.{ending}").read_bytes())
        ]
        for ending in ("json", "xml", "txt")
    }
    assert read["json"] == read["xml"] == read["txt"]
    assert len(read["json"]) == 2
    assert read["json"][1]["SRTPMode"] == "Optional"


def test_a_file_of_windows_powershell_is_utf_16(tmp_path: Path) -> None:
    text = (EXPORTS / "PstnGateway.txt").read_text()
    for encoding in ("utf-16", "utf-8-sig", "utf-8"):
        assert len(read_text(text.replace("\n", "\r\n").encode(encoding))) == 2


@pytest.mark.parametrize(
    "octets",
    [
        b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Objs><Obj><S N="Identity">&b;</S></Obj></Objs>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><Objs/>',
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><Objs>&e;</Objs>',
        b'<!DOCTYPE x [<!ENTITY % p SYSTEM "http://192.0.2.1/x"> %p;]><Objs/>',
    ],
)
def test_an_entity_ends_the_reading_before_it_stands_for_anything(octets: bytes) -> None:
    with pytest.raises(ExportError, match="document type"):
        read_text(octets)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"<Objs><Obj></Objs>", "no XML"),
        (b"<html><body/></html>", "<html> is not what Export-Clixml begins with"),
        (XML.format('<Obj><Props><I32 N="Priority">x</I32></Props></Obj>').encode(), '"x" is no number'),
        (XML.format('<Obj><Props><I32 N="P">' + "9" * 400 + "</I32></Props></Obj>").encode(), "is no number"),
        (XML.format("<Obj><Zap/></Obj>").encode(), "<Zap> is not known"),
        (XML.format("<Obj><Props>" * 40 + "</Props></Obj>" * 40).encode(), "too deep"),
        (b'{"Identity": "Global",', "no JSON"),
        (b"[" * 100_000, "too deep"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, "more stands in it"),
        (b'{"MaxEarlyDialogs": ' + b"9" * 5000 + b"}", "5000 digits"),
        (b'{"MaxEarlyDialogs": NaN}', "NaN is no number"),
        (b"just words", "neither a property nor the rest of one"),
        (b"", "nothing is exported here"),
        (b"Identity : a\nIdentity : b\n", "stands twice"),
        (b"\xff\xfe\x00", "neither UTF-8 nor UTF-16"),
        (b"Identity : \xe4\n", "neither UTF-8 nor UTF-16"),
        (b"Identity : a\0b\n", "this is no text"),
    ],
)
def test_what_is_no_export_is_told_with_a_remedy(octets: bytes, words: str) -> None:
    with pytest.raises(ExportError) as told:
        read_text(octets)
    assert words in told.value.message
    assert told.value.remedy


def test_every_file_that_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    bad, none = tmp_path / "bad.xml", tmp_path / "none.xml"
    bad.write_text("<Objs>\n  <Obj>\n</Objs>")
    with pytest.raises(SettingsError) as told:
        read_files([bad, EXPORTS / "PstnGateway.txt", none])
    assert [(problem.file, problem.line) for problem in told.value.problems] == [
        (str(bad), 3),
        (str(none), 0),
    ]
    assert "no such file" in str(told.value)


def test_a_secret_of_the_other_machine_is_not_even_kept() -> None:
    (found,) = read_text(
        XML.format('<Obj><Props><SS N="Password">01000000d08c9d</SS></Props></Obj>').encode()
    )
    assert found.properties == {"Password": None}


def test_an_object_that_was_written_before_is_found_by_its_reference() -> None:
    first = '<Obj RefId="3"><LST><S>a</S><S>b</S></LST></Obj>'
    (found,) = read_text(
        XML.format(f'<Obj RefId="1"><Props>{first.replace("<Obj", "<Obj N=&quot;x&quot;".replace("&quot;", chr(34)))}'
                   '<Ref N="y" RefId="3"/><Ref N="z" RefId="99"/></Props></Obj>').encode()
    )  # fmt: skip
    assert found.get("X") == found.get("y") == Listed(("a", "b"))
    assert found.get("z") is None


def test_characters_that_xml_cannot_hold_are_written_as_in_dotnet() -> None:
    (found,) = read_text(
        XML.format('<Obj><Props><S N="D">one_x000D__x000A_two_xD800_</S></Props></Obj>').encode()
    )
    assert found.text("D") == "one\r\ntwo\N{REPLACEMENT CHARACTER}"


def test_a_text_that_goes_on_below_is_marked_as_broken() -> None:
    (found,) = read_text(b"Identity : Global\nNumberPattern : ^\\+43\n                1$\n")
    assert found.get("NumberPattern") == Wrapped("^\\+431$")


@pytest.mark.parametrize(
    "written", ["{a, b, c, d...}", "{a, b, c, d\N{HORIZONTAL ELLIPSIS}}", "{a, b, c, d, ..."]
)
def test_a_list_that_was_cut_off_says_so(written: str) -> None:
    (found,) = read_text(f"PstnUsages : {written}".encode())
    assert words_of(found.get("PstnUsages")) == Listed(("a", "b", "c", "d"), cut=True)


def test_rules_written_as_text_keep_commas_and_semicolons_of_their_patterns() -> None:
    text = (
        "{Description=a, b;Pattern=^\\+(\\d{7,15});ext=(\\d+)$;Translation=$1;ext=$2;Name=One, "
        "Description=;Pattern=^0$;Translation=1;Name=Two}"
    )
    (found,) = read_text(f"OutboundTranslationRulesList : {text}".encode())
    rules = rules_of(found.get("OutboundTranslationRulesList")).items
    assert [values(rule) for rule in rules if isinstance(rule, Exported)] == [
        {
            "Description": "a, b",
            "Pattern": "^\\+(\\d{7,15});ext=(\\d+)$",
            "Translation": "$1;ext=$2",
            "Name": "One",
        },
        {"Description": "", "Pattern": "^0$", "Translation": "1", "Name": "Two"},
    ]


def test_a_list_without_end_counts_as_cut_off() -> None:
    (found,) = read_text(b"OutboundTranslationRulesList : {" + b"Pattern=a;Translation=b, " * 100_000 + b"}")
    rules = rules_of(found.get("OutboundTranslationRulesList"))
    assert (len(rules.items), rules.cut) == (1000, True)


def test_what_was_too_deep_to_be_written_is_recognised() -> None:
    deep = json.dumps({"Identity": "Global", "OutboundTranslationRulesList": ["System.Object", "@{}"]})
    (found,) = read_text(deep.encode())
    assert is_unread(found.get("OutboundTranslationRulesList"))


@pytest.mark.parametrize(
    ("properties", "file", "kind"),
    [
        ({"Identity": "Global", "SRTPMode": "Required"}, "a.xml", Kind.CONFIGURATION),
        ({"Identity": "x", "NumberPattern": "", "PstnUsages": "{}"}, "a.xml", Kind.ROUTE),
        ({"Pattern": "^1$", "Translation": "2"}, "C:\\x\\CsOutboundTranslationRule.txt", Kind.CALLED_RULE),
        (
            {"Pattern": "^1$", "Translation": "2"},
            "CsOutboundCallingNumberTranslationRule.txt",
            Kind.CALLING_RULE,
        ),
        ({"Pattern": "^1$", "Translation": "2"}, "rules.txt", Kind.UNCERTAIN_RULE),
        ({"Pattern": "^1$", "Translation": "2", "IsInternalExtension": "False"}, "a.xml", Kind.DIAL_PLAN),
        ({"Identity": "Global", "Usage": "{}"}, "a.xml", Kind.USAGES),
        ({"Identity": "Global"}, "a.xml", Kind.UNKNOWN),
    ],
)
def test_an_object_is_known_by_its_properties(properties: dict[str, str], file: str, kind: Kind) -> None:
    assert kind_of(Exported(1, properties), file) is kind
