"""The measurements can be taken at any time; what they say is nobody's business here."""

import json
import subprocess
import sys


def test_a_short_measurement_tells_what_a_call_and_a_packet_cost() -> None:
    short = ["--rate", "2", "--seconds", "1", "--media-calls", "2", "--media-seconds", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *short], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    (packets,) = report["packets"]
    assert packets["packets"] == 200
    assert packets["wrong"] == 0
    assert packets["media_us"] > 0
