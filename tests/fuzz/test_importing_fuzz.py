"""Whatever stands in the file of an export: a configuration that is taken, or the one error with places in it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mediation.importing.catalogue import GROUPS
from mediation.importing.exported import Exported, ExportError
from mediation.importing.lync import imported
from mediation.importing.reading import Item, Kind, kind_of, read_text
from mediation.importing.table import import_mapping, import_text
from mediation.settings.problems import SettingsError

EXPORTS = Path(__file__).parents[1] / "unit" / "importing" / "exports"
FILES = sorted(EXPORTS.iterdir())
FUZZ = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["Global", "Site:a", "PstnGateway:10.0.0.1", "PstnGateway:gw.example", "^\\+(\\d*)$", "$1", "(", "True", "5067",
         "{a, b...}", "System.Object", "'''", '"""', "\\", "]]", "Required", "::1", "0", "-1", "503", "\x7f\x85\u2028"]
    ),
)  # fmt: skip
NAMES = st.sampled_from(
    sorted(
        {
            parameter.name
            for group in GROUPS
            for parameter in group.parameters
            if group.kind is not Kind.UNKNOWN
        }
    )
)
PLAIN = st.one_of(TEXT, st.none(), st.booleans(), st.integers(-(10**6), 10**6))
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=5)),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=12), min_size=1, max_size=6)


def read_and_import(octets: bytes) -> None:
    try:
        found = read_text(octets)
    except ExportError as error:
        said = (error.message, error.remedy)
    else:
        outcome(found)
        return
    assert all(said)


def outcome(found: tuple[Exported, ...]) -> None:
    items = [Item("export", kind_of(each, "export"), each) for each in found]
    result, said = None, ""
    try:
        result = imported(items, ["export\n[evil]"])
    except SettingsError as error:
        said = str(error)
    if result is None:
        assert "there is no trunk" in said
        return
    assert json.dumps(import_mapping(result))
    assert all(character.isprintable() or character == "\n" for character in import_text(result))


@FUZZ
@given(objects=OBJECTS)
def test_objects_of_any_content_are_imported_or_refused(objects: list[dict[str, Any]]) -> None:
    read_and_import(json.dumps(objects).encode())


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
@FUZZ
@given(data=st.data())
def test_a_file_that_was_damaged_is_read_or_told(file: Path, data: st.DataObject) -> None:
    octets = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, len(octets) - 1))
        length = data.draw(st.integers(0, 30))
        octets[place : place + length] = data.draw(
            st.one_of(st.binary(max_size=12), TEXT.map(lambda t: t.encode()))
        )
    read_and_import(bytes(octets))


@FUZZ
@given(octets=st.one_of(st.binary(max_size=200), st.binary(max_size=60).map(lambda b: b"<Objs>" + b)))
def test_any_octets_are_an_export_or_told(octets: bytes) -> None:
    read_and_import(octets)
