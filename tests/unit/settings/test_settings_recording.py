"""[recording]: rules that name somebody, and a place to record to."""

from pathlib import Path

import pytest

from mediation.media.recording_place import faulty_place
from mediation.settings.read import SettingsError, inspect
from mediation.settings.recording import RecordingFormat
from tests.unit.settings.test_settings_rules import GATEWAY, INTERNAL, TRUNK, only, told

RECORDING = '[recording]\ndirectory = "/rec"\n'


def test_rules_are_read_in_their_order() -> None:
    rules = (
        '[[recording.rule]]\ntrunks = ["north"]\nshare_percent = 12.5\n[[recording.rule]]\ncalled = "^1"\n'
    )
    text = f'{INTERNAL}{GATEWAY}{TRUNK}{RECORDING}formats = ["wav", "pcap"]\n{rules}'
    recording = inspect(text, "m").settings.recording
    assert recording.formats == (RecordingFormat.WAV, RecordingFormat.PCAP)
    assert [(rule.trunks, rule.share_percent, rule.called) for rule in recording.rules] == [
        (("north",), 12.5, ""),
        ((), 100.0, "^1"),
    ]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("[[recording.rule]]\n", 'there is no place to record to; add directory = "…" to [recording]'),
        (
            RECORDING + '[[recording.rule]]\ntrunks = ["nort"]\n',
            'there is no trunk "nort"; did you mean "north"?',
        ),
        (RECORDING + '[[recording.rule]]\nsites = ["rome"]\n', 'there is no site "rome"; add a [[site]]'),
        (RECORDING + '[[recording.rule]]\ncalled = "("\n', "the pattern is not valid"),
        (RECORDING + "[[recording.rule]]\nshare_percent = 101\n", "101 is above 100"),
        (RECORDING + "formats = []\n", "the list is empty"),
        (RECORDING + 'formats = ["wav", "wav"]\n', "twice"),
        ('[recording]\ndirectory = "a\\u0001"\n', "control characters"),
        (RECORDING + "max_length_s = 0\n", "0 is below 60"),
    ],
)
def test_what_cannot_stand_is_told(lines: str, said: str) -> None:
    assert said in only(INTERNAL, GATEWAY, TRUNK, lines)


def test_without_rules_a_directory_may_stand() -> None:
    assert told(INTERNAL, GATEWAY, TRUNK, RECORDING) == []


def test_a_directory_is_looked_at_by_check_config(tmp_path: Path) -> None:
    def problems(directory: Path) -> list[str]:
        text = f'{INTERNAL}{GATEWAY}{TRUNK}[recording]\ndirectory = "{directory}"\n'
        try:
            inspect(text, "m", faulty_place)
        except SettingsError as error:
            return [problem.message for problem in error.problems]
        return []

    assert problems(tmp_path) == []
    assert problems(tmp_path / "gone") == ["there is no such directory"]
    (tmp_path / "file").touch()
    assert problems(tmp_path / "file") == ["there is no such directory"]
