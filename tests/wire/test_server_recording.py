"""A whole server that records: from the configuration to a file, and its place in the call record."""

import json
import wave
from pathlib import Path

from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.wire.phones import Phone, serving, until

NUMBER = "+493012345678"


def recording(directory: Path) -> str:
    return f'''
[recording]
directory = "{directory}"
formats = ["wav", "pcap"]
free_mb = 0
[[recording.rule]]
called = "^[+]4930"
'''


async def test_a_recording_and_its_place_in_the_record(scene: Scene) -> None:
    directory = scene.folder / "recordings"
    directory.mkdir()
    async with (
        serving(scene.configuration(more=recording(directory)), media=True) as server,
        Phone.plugged_in(scene.front_end) as front_end,
        Phone.plugged_in(scene.sbc, law=Law.PCMA) as sbc,
    ):
        front_end.calls(NUMBER, scene.internal, talk_s=0.3)
        await front_end.is_done()
        await sbc.is_done()
        await until(lambda: not server._engine.calls)
    (line,) = (scene.folder / "cdr.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["verdict"] == "success"
    told = record["recording"]
    assert (told["complete"], told["dropped"], told["reason"]) == (True, 0, None)
    sound, capture = map(Path, told["files"])
    assert sound.stem == capture.stem
    assert sound.stem.endswith(f"Z-{record['call']}")
    with wave.open(str(sound), "rb") as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        assert file.getnframes() >= 0.3 * 8000
    assert capture.read_bytes()[:4] == b"\xd4\xc3\xb2\xa1"
