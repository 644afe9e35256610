"""The measurements can be taken at any time; what they say is nobody's business here."""

import json
import subprocess
import sys


def test_a_short_measurement_tells_what_a_call_and_a_packet_cost() -> None:
    short = "--rate 2 --seconds 1 --media-calls 2 --media-steps= --media-seconds 0.5 --media-repeats 1"
    short += (
        " --media-delay-calls 2 --media-open-calls 4 --media-tries 1 --no-peer --media-srtp-calls 2 --json"
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *short.split()], capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    ours = [run for run in report["media"] if run["carrier"] == "ours"]
    assert [run["kind"] for run in ours] == ["transcoding", "relay"]
    for run in ours + report["srtp"]:
        assert run["packets"] == 100
        assert run["wrong"] == 0
        assert run["cpu_us"] > 0
    assert report["churn"]["wrong"] == 0
