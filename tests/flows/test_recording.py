"""Which calls are recorded: rules are asked once, at the answer, and the order stands in every plan from then on."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mediation.b2bua.media_facts import MediaLost, RecordingEnded, RecordingFailed
from mediation.b2bua.plan import RecordingOrder
from mediation.b2bua.record import RecordingRecord
from mediation.b2bua.recording import RecordedCall, Recorder
from mediation.routing.sites import Sites
from mediation.settings.model import Settings
from mediation.settings.recording import CallDirection, RecordingFormat, RecordingRule, Recordings
from mediation.settings.trunks import Site
from tests.flows.pair import WAYS, Make, Pair, outbound
from tests.flows.scenery import OTHER_SBC, settings, trunk
from tests.flows.test_flow_15_transfer import BY, TO, trio

BOTH = (RecordingFormat.WAV, RecordingFormat.PCAP)
EITHER_WAY = pytest.mark.parametrize("way", list(WAYS))
INBOUND, OUTBOUND = CallDirection.INBOUND, CallDirection.OUTBOUND


def recorded_by(*rules: RecordingRule, formats: tuple[RecordingFormat, ...] = BOTH) -> Recordings:
    return Recordings(directory="/rec", formats=formats, rules=rules)


ALL = recorded_by(RecordingRule())


def order_of(call: Pair) -> RecordingOrder | None:
    return call.media.plan.recording


def recording(call: Pair) -> RecordingRecord:
    assert call.record.recording is not None
    return call.record.recording


@EITHER_WAY
def test_a_call_is_recorded_from_its_answer_on(make: Make, way: str) -> None:
    call = WAYS[way](make(settings(recording=ALL)))
    call.world.engine.set_time_of_day(1_000_000_000.0, call.world.now)
    call.dials()
    call.callee.says(183, sdp=call.callee.sdp())
    assert order_of(call) is None, "early media are nobody's conversation"
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    name = f"/rec/20010909T014640Z-{call.world.call_id}"
    assert order_of(call) == RecordingOrder(name, wav=True, pcap=True, max_length_s=14_400)
    files = (f"{name}.wav", f"{name}.pcap")
    call.world.media_says(RecordingEnded(call.world.call_id, files))
    call.ends()
    assert recording(call) == RecordingRecord(files, complete=True, dropped=0, reason="")
    told = call.record.as_json(0)["recording"]
    assert told == {"files": list(files), "complete": True, "dropped": 0, "reason": None}


def test_a_call_that_no_rule_fits_has_no_recording(make: Make) -> None:
    call = outbound(make(settings(recording=recorded_by(RecordingRule(direction=INBOUND)))))
    call.connects()
    assert order_of(call) is None
    call.ends()
    assert call.record.recording is None
    assert call.record.as_json(0)["recording"] is None


def test_a_call_that_nobody_answers_is_not_recorded(make: Make) -> None:
    call = outbound(make(settings(recording=ALL)))
    call.dials()
    call.callee.says(486)
    call.caller.heard()
    assert call.record.recording is None


def test_a_recording_goes_on_while_a_call_is_on_hold_and_when_another_party_takes_a_seat(make: Make) -> None:
    call = trio(lambda given: make(replace(given, recording=ALL)))
    order = order_of(call)
    assert order is not None
    call.caller.reinvites(call.caller.sdp(direction="sendonly", version=2))
    call.callee.says(200, sdp=call.callee.sdp(direction="recvonly", version=2))
    assert order_of(call) == order
    call.caller.heard(), call.callee.heard()
    call.caller.acks()
    call.caller.refers(TO, headers=BY)
    call.target.says(200, sdp=call.target.sdp())
    assert order_of(call) == order
    assert {plan.recording for plan in call.media.plans} <= {None, order}


@pytest.mark.parametrize(
    ("said", "complete", "dropped", "reason"),
    [
        ([RecordingEnded("", ("/f",), dropped=3)], False, 3, ""),
        ([RecordingEnded("", ("/f",), cut=True)], False, 0, "the call was longer than max_length_s"),
        ([RecordingFailed("", "no space"), RecordingEnded("", ("/f",))], False, 0, "no space"),
        (
            [RecordingFailed("", "one"), RecordingFailed("", "two"), RecordingEnded("", ("/f",))],
            False,
            0,
            "one",
        ),
    ],
)
def test_what_is_missing_in_a_recording_stands_in_the_record(
    make: Make, said: list[Any], complete: bool, dropped: int, reason: str
) -> None:
    call = outbound(make(settings(recording=ALL)))
    call.connects()
    for fact in said:
        kind = type(fact)
        fields = {name: getattr(fact, name) for name in kind.__dataclass_fields__} | {
            "call": call.world.call_id
        }
        call.world.media_says(kind(**fields))
    call.ends()
    assert recording(call) == RecordingRecord(("/f",), complete=complete, dropped=dropped, reason=reason)
    told = Counter(fact.name for fact in call.world.facts)
    assert told["recording.failed"] == sum(isinstance(fact, RecordingFailed) for fact in said)


def test_a_recording_that_fails_does_nothing_to_its_call(make: Make) -> None:
    call = outbound(make(settings(recording=ALL)))
    call.connects()
    call.caller.heard(), call.callee.heard()
    plans = len(call.media.plans)
    call.world.media_says(RecordingFailed(call.world.call_id, "no space left on device"))
    assert call.caller.heard() == call.callee.heard() == []
    assert len(call.media.plans) == plans
    call.ends()
    assert recording(call).reason == "no space left on device"


def test_a_recording_of_which_nothing_is_heard_is_not_complete(make: Make) -> None:
    call = outbound(make(settings(recording=ALL)))
    call.connects()
    order = order_of(call)
    assert order is not None
    call.world.media_says(MediaLost(call.world.call_id, "the worker died"))
    call.caller.heard(), call.callee.heard()
    call.world.media.open.clear()
    call.world.advance(100)
    assert recording(call) == RecordingRecord(
        order.files, complete=False, dropped=None, reason="nothing was heard of its end"
    )


def asked(**fields: Any) -> RecordedCall:
    usual: dict[str, Any] = {
        "inbound": False, "trunks": frozenset({"itsp-a"}), "sites": frozenset(), "calling": "+4930111",
        "called": "+331222",
    }  # fmt: skip
    return RecordedCall("call", **(usual | fields))


SETTING = settings(
    trunk("itsp-a", site="rome"),
    trunk("itsp-b", OTHER_SBC),
    sites=(Site(name="rome"), Site(name="berlin", numbers=("+4930",)), Site(name="paris", numbers=("+33",))),
)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (RecordingRule(), True),
        (RecordingRule(direction=OUTBOUND), True),
        (RecordingRule(direction=INBOUND), False),
        (RecordingRule(trunks=("itsp-b", "itsp-a")), True),
        (RecordingRule(trunks=("itsp-b",)), False),
        (RecordingRule(sites=("rome",)), True),
        (RecordingRule(sites=("berlin",)), True),
        (RecordingRule(sites=("paris",)), True),
        (RecordingRule(sites=("oslo",)), False),
        (RecordingRule(called="^\\+33", calling="^\\+4930"), True),
        (RecordingRule(called="^\\+33", calling="^\\+33"), False),
        (RecordingRule(called="^\\+49"), False),
        (RecordingRule(share_percent=0), False),
    ],
)
def test_all_that_a_rule_asks_for_must_fit(rule: RecordingRule, fits: bool) -> None:
    recorder = recorder_of(_with(rule), lambda low, high: low)
    assert (recorder.order(asked(), 0.0) is not None) is fits


def test_the_first_rule_that_fits_decides() -> None:
    rules = RecordingRule(called="^\\+33", share_percent=0), RecordingRule()
    recorder = recorder_of(_with(*rules), lambda low, high: low)
    assert recorder.order(asked(), 0.0) is None
    assert recorder.order(asked(called="+49"), 0.0) is not None


@pytest.mark.parametrize("percent", [0.1, 12.5, 50, 100])
def test_a_share_is_drawn_for_each_call(percent: float) -> None:
    points = range(1, 1_000_001, 500)
    left = iter(points)
    recorder = recorder_of(_with(RecordingRule(share_percent=percent)), lambda low, high: next(left))
    taken = sum(recorder.order(asked(), 0.0) is not None for _ in points)
    assert taken == pytest.approx(len(points) * percent / 100, abs=1)


def test_without_a_directory_nothing_is_recorded() -> None:
    recorder = recorder_of(settings(recording=Recordings(rules=(RecordingRule(),))), lambda low, high: low)
    assert recorder.order(asked(), 0.0) is None


def recorder_of(made: Settings, draw: Callable[[int, int], int]) -> Recorder:
    return Recorder(made, Sites(made), draw)


def _with(*rules: RecordingRule) -> Any:
    return settings(*SETTING.trunks, sites=SETTING.sites, recording=recorded_by(*rules))
