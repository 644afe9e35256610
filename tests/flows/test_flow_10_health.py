"""Flow 10: targets are asked by OPTIONS, calls tell as well, and who is down gets none while another one can."""

from typing import Any

import pytest

from mediation.b2bua.outputs import Fact, Level
from mediation.routing.health_table import State
from mediation.settings.health import Health
from mediation.settings.peers import Side
from mediation.sip.message import Request
from tests.flows.pair import Make
from tests.flows.peers import Line, Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, settings, trunk
from tests.flows.world import World

QUICK = Health(
    interval_s=30, suspect_interval_s=4, down_interval_s=60, timeout_s=4, failures=3, slow_start_s=0
)


class Answering(Peer):
    """A peer that answers OPTIONS as it is told to, or not at all."""

    answer = 200

    def _take_request(self, request: Request) -> None:
        super()._take_request(request)
        if request.method == "OPTIONS" and self.answer:
            status = self.answer
            lines = [f"{name}: {request.headers.get(name)}" for name in ("Via", "From", "Call-ID", "CSeq")]
            lines = [f"SIP/2.0 {status} Whatever", *lines, f"To: {request.headers.get('To')};tag=health"]
            self.world.soon(lambda: self.sends(lines))

    def asks_how_we_are(self) -> None:
        """OPTIONS of its own."""
        line = Line(
            f"{self._name}-how-{next(self._numbers)}",
            f"<sip:x@{self._place}>;tag={self._name}-how",
            "<sip:us>",
            "sip:us",
            1,
        )
        self._request("OPTIONS", line)


class Watched:
    """A front end, and a trunk with two SBCs that are watched."""

    def __init__(self, make: Make, rules: Health = QUICK, **terms: Any) -> None:
        made = settings(trunk("itsp-a", SBC, OTHER_SBC, health=rules, **terms), health=Health(options=False))
        self.world: World = make(made)
        self.caller = Answering(self.world, Side.FRONT_END, FRONT_END)
        self.first = Answering(self.world, Side.GATEWAY, SBC)
        self.second = Answering(self.world, Side.GATEWAY, OTHER_SBC)
        self.world.start()

    def states(self) -> list[str]:
        return [str(report.state) for report in self.world.engine.watch.reports if report.trunk == "itsp-a"]

    def told(self, *names: str) -> list[Fact]:
        return [fact for fact in self.world.facts if fact.name in (names or NAMES)]

    def goes_down(self) -> None:
        """The first one does not answer, until it is down."""
        self.first.answer = 0
        self.world.advance(70)
        assert self.states() == ["down", "up"]

    def tried(self) -> list[str]:
        """A call that is answered by whoever serves; who was tried for it, in order."""
        self.first.heard(), self.second.heard(), self.caller.heard()
        self.caller.invites()
        order = []
        for _ in range(2):
            for name, sbc in (("first", self.first), ("second", self.second)):
                if "INVITE" in sbc.heard():
                    order.append(name)
                    sbc.says(503 if sbc.answer == 503 else 200, sdp=b"" if sbc.answer == 503 else sbc.sdp())
        assert self.caller.heard()[-1] == "200"
        self.caller.acks()
        self.caller.hangs_up()
        return order


NAMES = ("target.recovered", "target.doubted", "target.lost", "target.drained")


@pytest.fixture
def watched(make: Make) -> Watched:
    return Watched(make)


# OPTIONS


def test_each_target_is_asked_at_its_interval_and_answers_with_anything_but_408_and_503(
    watched: Watched,
) -> None:
    watched.second.answer = 405
    watched.world.advance(100)
    for sbc in (watched.first, watched.second):
        first, *others = sbc.times("OPTIONS")
        assert first < QUICK.suspect_interval_s
        gaps = [later - before for before, later in zip([first, *others], others, strict=False)]
        assert len(gaps) == 3
        assert all(27 <= gap <= 33 for gap in gaps)
    assert watched.states() == ["up", "up"]
    assert watched.told() == []
    assert watched.caller.heard() == []  # its side is not asked, by the settings of [internal]


def test_what_is_asked_names_the_target_and_us_by_the_names_of_that_side__rfc3261_11_1(
    watched: Watched,
) -> None:
    watched.world.advance(5)
    asked = watched.first.request("OPTIONS")
    assert asked.request_uri == f"sip:{SBC}:5060"
    assert asked.headers.get("Contact") == "<sip:198.51.100.10:5060>"
    assert asked.from_.uri.host == "198.51.100.10"  # type: ignore[union-attr]  # it is a SIP URI
    assert asked.headers.get("Accept") == "application/sdp"
    assert asked.max_forwards == 70


def test_a_target_that_does_not_answer_is_suspect_then_down_then_asked_slowly_and_up_again(
    watched: Watched,
) -> None:
    watched.first.answer = 0
    watched.world.advance(8)
    assert watched.states() == ["suspect", "up"]
    watched.world.advance(20)
    assert watched.states() == ["down", "up"]
    [doubted, lost] = watched.told()
    assert (doubted.name, doubted.level) == ("target.doubted", Level.INFO)
    assert (lost.name, lost.level) == ("target.lost", Level.WARNING)
    assert lost.fields == {
        "trunk": "itsp-a",
        "target": f"sip:{SBC}:5060",
        "address": f"udp:{SBC}:5060",
        "before": "suspect",
        "reason": "options: no answer",
    }
    watched.first.received.clear()
    watched.first.answer = 200
    watched.world.advance(50)
    assert watched.first.times("OPTIONS") == []
    watched.world.advance(20)
    assert watched.states() == ["up", "up"]
    assert watched.told()[-1].name == "target.recovered"


@pytest.mark.parametrize("status", [408, 503])
def test_an_answer_that_says_that_no_calls_are_taken_counts_as_none(watched: Watched, status: int) -> None:
    watched.first.answer = status
    watched.world.advance(20)
    assert watched.states() == ["down", "up"]
    assert watched.told()[-1].fields["reason"] == f"options: {status}"


def test_a_target_that_cannot_be_reached_is_found_out_at_once(watched: Watched) -> None:
    watched.first.dead = True
    watched.world.advance(4)
    assert watched.states()[0] == "suspect"
    watched.world.advance(14)
    assert watched.told()[-1].fields["reason"] == "options: not reached"


def test_an_answer_that_comes_after_its_time_changes_nothing(watched: Watched) -> None:
    watched.first.answer = 0
    watched.world.advance(8)
    late = watched.first.request("OPTIONS")
    lines = [f"{name}: {late.headers.get(name)}" for name in ("Via", "From", "To", "Call-ID", "CSeq")]
    watched.world.advance(4)
    watched.first.sends(["SIP/2.0 200 OK", *lines])
    assert watched.states()[0] == "suspect"


# calls


def test_a_target_that_is_down_is_left_out_and_gets_calls_again_when_it_is_back(watched: Watched) -> None:
    assert watched.tried() == ["first"]
    watched.goes_down()
    assert watched.tried() == ["second"]
    watched.first.answer = 200
    watched.world.advance(70)
    assert watched.tried() == ["first"]


def test_when_all_are_down_they_are_tried_all_the_same_and_a_call_that_is_served_brings_one_back(
    watched: Watched,
) -> None:
    watched.first.answer = watched.second.answer = 0
    watched.world.advance(70)
    assert watched.states() == ["down", "down"]
    assert watched.tried() == ["first"]
    assert watched.states() == ["up", "down"]
    assert watched.told()[-1].fields["reason"] == "it serves a call"


def test_a_503_to_a_call_makes_a_target_suspect_and_an_answer_to_options_clears_it_at_once(
    watched: Watched,
) -> None:
    watched.world.advance(10)
    watched.caller.invites()
    watched.first.says(503)
    assert [fact.name for fact in watched.told()] == ["target.doubted", "target.recovered"]
    assert watched.told()[0].fields["reason"] == "call: service-unavailable"
    assert watched.states() == ["up", "up"]
    watched.second.says(200, sdp=watched.second.sdp())
    watched.caller.acks()
    watched.caller.hangs_up()


def test_it_does_so_too_before_a_target_was_ever_asked(watched: Watched) -> None:
    watched.caller.invites()
    watched.first.says(503)
    assert [fact.name for fact in watched.told()] == ["target.doubted", "target.recovered"]
    watched.second.says(486)


def test_the_first_silence_sends_the_next_calls_elsewhere_at_once(watched: Watched) -> None:
    watched.world.advance(10)
    watched.first.answer = 0
    watched.caller.invites()
    watched.world.advance(10)
    assert watched.states()[0] == "suspect"
    watched.second.says(200, sdp=watched.second.sdp())
    watched.caller.acks()
    watched.caller.hangs_up()
    assert watched.tried() == ["second"]


def test_who_answers_options_and_serves_no_call_is_down(make: Make) -> None:
    watched = Watched(make, Health(failures=2, suspect_interval_s=60, slow_start_s=0))
    watched.world.advance(61)
    for state in ("up", "down"):
        watched.caller.invites()
        watched.first.says(503)
        assert watched.states()[0] == state
        watched.second.says(486)
    assert watched.told()[-1].fields["reason"] == "call: service-unavailable"


def test_busy_is_a_sign_of_life(watched: Watched) -> None:
    watched.first.answer = watched.second.answer = 0
    watched.world.advance(70)
    watched.caller.invites()
    watched.first.says(486)
    assert watched.states() == ["up", "down"]


def test_without_options_calls_tell_alone_and_time_gives_another_chance(make: Make) -> None:
    watched = Watched(
        make, Health(options=False, suspect_interval_s=4, down_interval_s=60, failures=2, slow_start_s=0)
    )
    for state in ("suspect", "down"):
        watched.caller.invites()
        watched.first.says(503)
        watched.second.says(486)
        assert watched.states()[0] == state
        watched.world.advance(4 if state == "suspect" else 0)
    assert "OPTIONS" not in watched.first.heard()
    assert watched.tried() == ["second"]
    watched.world.advance(60)
    assert watched.states() == ["up", "up"]
    assert watched.tried() == ["first"]


def test_a_transport_error_of_anything_else_makes_curious(watched: Watched) -> None:
    watched.world.advance(10)
    watched.first.received.clear()
    watched.world.soon(lambda: watched.world.engine.transport_failed(watched.first.flow, watched.world.now))
    assert len(watched.first.times("OPTIONS")) == 1
    assert [fact.name for fact in watched.told()] == ["target.doubted", "target.recovered"]


def test_a_target_that_is_heard_of_is_asked_at_once_and_not_again_within_a_second(watched: Watched) -> None:
    watched.goes_down()
    watched.first.received.clear()
    for _ in range(3):
        watched.first.asks_how_we_are()
    assert len(watched.first.times("OPTIONS")) == 1
    watched.first.answer = 200
    watched.world.advance(5)
    watched.first.asks_how_we_are()
    assert watched.states() == ["up", "up"]


def test_after_it_was_down_calls_come_back_little_by_little(make: Make) -> None:
    watched = Watched(make, Health(timeout_s=1, suspect_interval_s=1, down_interval_s=1, slow_start_s=300))
    watched.world.advance(5)
    watched.first.answer = 0
    watched.world.advance(60)
    watched.first.answer = 200
    watched.world.advance(3)
    began = watched.world.now
    shares = []
    for _ in range(3):
        tried = [watched.tried() for _ in range(60)]
        shares.append(sum(each == ["first"] for each in tried))
        watched.world.advance(140)
    assert watched.world.now > began + 300
    assert shares[0] < 6
    assert 15 < shares[1] < 45
    assert shares[2] > 45


# draining


def test_a_target_that_drains_gets_no_new_call_and_keeps_those_that_it_has(watched: Watched) -> None:
    watched.caller.invites()
    watched.first.says(200, sdp=watched.first.sdp())
    watched.caller.acks()
    line = watched.caller.line
    watched.world.soon(lambda: drain(watched, f"sip:{SBC}:5060"))
    assert watched.states() == ["draining", "up"]
    assert watched.tried() == ["second"]
    watched.world.advance(100)
    assert watched.states() == ["draining", "up"]
    watched.caller.hangs_up(line=line)
    assert watched.first.heard()[-1] == "BYE"
    watched.world.soon(lambda: resume(watched))
    assert watched.states() == ["up", "up"]
    assert watched.tried() == ["first"]


def test_a_trunk_whose_targets_all_drain_takes_no_call(watched: Watched) -> None:
    watched.world.soon(lambda: drain(watched))
    watched.caller.invites()
    assert watched.caller.heard() == ["100", "503"]
    assert watched.first.heard() == watched.second.heard() == []


def drain(watched: Watched, target: str = "") -> None:
    named = watched.world.engine.watch.drain("itsp-a", watched.world.now, target)
    assert named == (1 if target else 2)


def resume(watched: Watched) -> None:
    assert watched.world.engine.watch.resume("itsp-a", watched.world.now) == 2


# front ends, messages, and the end


def test_front_end_servers_are_watched_like_a_trunk(make: Make) -> None:
    world = make(settings(front_ends=(FRONT_END, "10.1.1.21"), health=QUICK))
    sbc = Answering(world, Side.GATEWAY, SBC)
    silent, other = Answering(world, Side.FRONT_END, FRONT_END), Answering(world, Side.FRONT_END, "10.1.1.21")
    silent.answer = 0
    world.start()
    world.advance(70)
    assert [str(report.state) for report in world.engine.watch.reports if report.trunk == "front-end"] == [
        State.DOWN,
        State.UP,
    ]
    sbc.invites()
    assert "INVITE" not in silent.heard()
    assert "INVITE" in other.heard()
    other.says(486)


def test_a_message_outside_of_calls_passes_over_a_target_that_is_down_and_tells_of_one(
    watched: Watched,
) -> None:
    watched.goes_down()
    watched.first.heard(), watched.second.heard()
    headers = "Content-Type: text/plain\r\n"
    watched.caller.asks("MESSAGE", uri="sip:+493012345678@10.1.1.10:5060", headers=headers, body=b"hello")
    assert "MESSAGE" not in watched.first.heard()
    assert "MESSAGE" in watched.second.heard()
    watched.second.says(503, to="MESSAGE")
    assert watched.told()[-2].fields["reason"] == "call: service-unavailable"


def test_a_server_that_stops_asks_nobody_any_more(watched: Watched) -> None:
    watched.first.answer = 0
    watched.world.advance(5)
    watched.world.stop()
    watched.first.received.clear()
    watched.world.advance(100)
    assert watched.first.times("OPTIONS") == []
