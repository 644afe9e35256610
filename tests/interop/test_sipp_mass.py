"""Five hundred calls each way between two SIPps, and none of them fails."""

import pytest

from tests.interop.scenarios import Options
from tests.interop.scene import Scene

pytestmark = [
    pytest.mark.interop("sipp"),
    pytest.mark.unexamined("five hundred calls are counted, not read"),
]

CALLS = 500
RATE = 50
PATIENCE_S = 120


@pytest.mark.parametrize("way", ["outbound", "inbound"])
def test_five_hundred_calls_and_none_fails(scene: Scene, way: str) -> None:
    ends = scene.way(way)
    of_callee = Options(law=ends.callee_law, calls=CALLS, patience_s=PATIENCE_S, traced=False)
    of_caller = Options(law=ends.caller_law, calls=CALLS, patience_s=PATIENCE_S, traced=False, rate=RATE)
    with scene.daemon(calls=CALLS), scene.uas("uas_answer", ends.callee, **of_callee) as uas:
        uac = scene.uac("uac_call", ends.caller, ends.door, **of_caller)
    for sipp in (uac, uas):
        assert sipp.count("SuccessfulCall") == CALLS
        assert sipp.count("FailedCall") == 0
        # A busy machine may lose half a second now and then; a storm repeats every message.
        assert sipp.count("Retransmissions") < CALLS / 2
