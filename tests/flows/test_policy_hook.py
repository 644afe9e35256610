"""The policy hook: a new call waits for what somebody outside says of it, for a while, and goes on without."""

from dataclasses import replace
from typing import Any

import pytest

from mediation.b2bua.rulings import PolicyAnswered, PolicyFailed
from mediation.settings.identity import SendIdentity, TrunkIdentity
from mediation.settings.limits import CallLimits, Link
from mediation.settings.peers import Side
from mediation.settings.policy import Asks, OnFailure, PolicyHook
from mediation.settings.routes import Route
from mediation.settings.server import Sip
from mediation.settings.trunks import Site
from tests.flows.pair import WAYS, Make
from tests.flows.peers import CALLED, CALLING, Peer
from tests.flows.scenery import FRONT_END, OTHER_SBC, SBC, settings, trunk
from tests.flows.test_bodies import KEEP, MIXED, isup, mixed, sdp

HOOK = PolicyHook(python="rules", deadline_ms=500, failures=0)
SITES = (
    Site(name="berlin", country="DE", numbers=("+4930555",), bound=True),
    Site(name="paris", country="FR", numbers=("+331",)),
)
BERLINER, PARISIAN = "+4930555001", "+331555"


class Office:
    """A front end, an ITSP in Paris that the route names first, one in Berlin, and a policy."""

    def __init__(self, make: Make, hook: PolicyHook = HOOK, **terms: Any) -> None:
        tells = TrunkIdentity(send=SendIdentity.BOTH)
        self.world = make(
            settings(
                trunk("paris-isp", SBC, site="paris", identity=tells, **terms),
                trunk("berlin-isp", OTHER_SBC, site="berlin", identity=tells),
                routes=(
                    Route(match="^112$", trunks=("berlin-isp",), emergency=True),
                    Route(match="^[+]", trunks=("paris-isp", "berlin-isp")),
                ),
                sites=SITES,
                policy=hook,
            )
        )
        self.caller = Peer(self.world, Side.FRONT_END, FRONT_END)
        self.paris = Peer(self.world, Side.GATEWAY, SBC)
        self.berlin = Peer(self.world, Side.GATEWAY, OTHER_SBC)

    def called(self) -> list[str]:
        """Who has been asked to take the call."""
        return [name for name in ("paris", "berlin") if "INVITE" in getattr(self, name).heard()]

    def question(self) -> dict[str, Any]:
        """The one that waits for an answer."""
        (asked,) = self.world.questions.values()
        return dict(asked.question)

    def rules(self, **answer: object) -> None:
        """The policy answers the one question."""
        self.says(answer)

    def says(self, answer: object) -> None:
        """The same, whatever it is."""
        (call,) = self.world.questions
        self.world.policy_says(PolicyAnswered(call, answer))

    def fails(self) -> None:
        """The policy cannot be asked."""
        (call,) = self.world.questions
        self.world.policy_says(PolicyFailed(call, "connection refused"))

    def facts(self, name: str) -> list[dict[str, object]]:
        """What was written down under that name, but for the call's."""
        told = [fact.fields for fact in self.world.facts if fact.name == name]
        return [{key: value for key, value in fields.items() if key != "call"} for fields in told]


@pytest.fixture
def office(make: Make) -> Office:
    return Office(make)


def test_a_call_waits_with_100_and_nothing_bound_until_the_policy_has_answered(office: Office) -> None:
    office.caller.invites()
    assert office.caller.heard() == ["100"]
    assert (office.called(), office.world.media.open) == ([], {})
    assert office.question() == {
        "schema": 1,
        "call": office.world.call_id,
        "direction": "outbound",
        "interface": "internal",
        "trunk": None,
        "calling": CALLING,
        "called": CALLED,
        "sites": [],
        "emergency": False,
        "trunks": [
            {"name": "paris-isp", "health": "ready", "lacks": None},
            {"name": "berlin-isp", "health": "ready", "lacks": None},
        ],
        "deadline_ms": 500,
    }
    office.rules()
    assert office.called() == ["paris"]
    assert office.facts("policy.answered") == [{"result": "as-decided", "took_s": 0.0}]
    office.paris.says(486)
    assert office.world.record.tag == ""


def test_the_policy_may_choose_other_trunks_in_another_order(office: Office) -> None:
    office.caller.invites()
    office.rules(trunks=["berlin-isp", "paris-isp"])
    assert office.called() == ["berlin"]
    office.berlin.says(503)
    assert office.called() == ["paris"]
    office.paris.says(486)
    assert [each.trunk for each in office.world.record.attempts] == ["berlin-isp", "paris-isp"]


def test_a_trunk_that_it_leaves_out_is_not_tried(office: Office) -> None:
    office.caller.invites()
    office.rules(trunks=["paris-isp"])
    assert office.called() == ["paris"]
    office.paris.says(503)
    assert office.called() == []
    assert office.caller.heard() == ["100", "503"]


def test_a_call_that_is_bound_stays_in_its_country_whatever_the_policy_wants(office: Office) -> None:
    office.caller.invites(calling=BERLINER)
    assert [each["name"] for each in office.question()["trunks"]] == ["berlin-isp"]
    assert office.question()["sites"] == ["berlin"]
    office.rules(trunks=["paris-isp", "berlin-isp"])
    assert office.called() == ["berlin"]
    assert office.facts("policy.trunks_unknown") == [{"trunks": ["paris-isp"]}]
    office.berlin.says(503)
    assert office.called() == []


def test_a_policy_that_names_no_trunk_open_to_the_call_has_failed(make: Make) -> None:
    office = Office(make, replace(HOOK, on_failure=OnFailure.REFUSE))
    office.caller.invites(calling=BERLINER)
    office.rules(trunks=["paris-isp", "nobody"])
    assert office.caller.heard() == ["100", "503"]
    assert office.world.record.cause.reason == "policy-failed"


def test_another_caller_in_its_answer_does_not_unbind_a_call(office: Office) -> None:
    office.caller.invites(calling=BERLINER)
    office.rules(calling=PARISIAN)
    assert office.called() == ["berlin"]
    invite = office.berlin.request("INVITE")
    assert str(invite.from_.uri).startswith(f"sip:{PARISIAN}@")
    office.berlin.says(486)


def test_another_caller_in_its_answer_may_bind_a_call(office: Office) -> None:
    office.caller.invites()
    office.rules(calling=BERLINER)
    assert office.called() == ["berlin"]
    office.berlin.says(486)


@pytest.mark.parametrize(("status", "heard"), [(603, "603"), (403, "403"), (486, "486"), (503, "503")])
def test_a_refusal_bears_its_status_and_cause__rfc3326(office: Office, status: int, heard: str) -> None:
    office.caller.invites()
    office.rules(action="refuse", status=status, q850=57, tag="not at night")
    assert office.caller.heard() == ["100", heard]
    assert "Q.850;cause=57" in (office.caller.response(status).headers.get("Reason") or "")
    assert office.called() == []
    record = office.world.record
    assert (record.cause.reason, record.cause.status, record.tag) == (
        "refused-by-policy",
        status,
        "not at night",
    )
    assert record.as_json(0)["tag"] == "not at night"


def test_whatever_status_it_names_the_caller_hears_one_that_fits__rfc3261_21(office: Office) -> None:
    for status in range(400, 700):
        office.caller.invites(call_id=f"call-{status}")
        office.rules(action="refuse", status=status)
        _, heard = office.caller.heard()
        assert 400 <= int(heard) < 700
        assert heard == str(status) or status in (401, 405, 407, 415, 420, 421, 422, 423, 487, 489, 494)


def test_a_called_number_that_it_rewrites_is_routed_anew(office: Office) -> None:
    office.caller.invites()
    office.rules(called="+33155501", tag="moved")
    invite = office.paris.request("INVITE")
    assert invite.request_uri == f"sip:+33155501@{SBC}:5060"
    assert invite.headers.get("To") == f"<sip:+33155501@{SBC}:5060>"
    office.paris.says(486)
    record = office.world.record
    assert (record.called_number, record.attempts[0].called, record.tag) == (CALLED, "+33155501", "moved")


def test_a_calling_number_that_it_rewrites_stands_wherever_the_caller_is_named(office: Office) -> None:
    office.caller.invites(headers="P-Asserted-Identity: <sip:+1777@pbx;user=phone>, <tel:+1778;ext=5>\r\n")
    office.rules(calling="+33155501")
    invite = office.paris.request("INVITE")
    assert str(invite.from_.uri).startswith("sip:+33155501@")
    assert all("+33155501" in each for each in invite.headers.get_all("P-Asserted-Identity"))
    assert b"1777" not in bytes(invite)
    assert b"1778" not in bytes(invite)
    office.paris.says(486)


def test_whoever_is_anonymous_stays_so__rfc3323(office: Office) -> None:
    office.caller.invites(from_='"Anonymous" <sip:anonymous@anonymous.invalid>')
    office.rules(calling="+33155501")
    assert str(office.paris.request("INVITE").from_.uri) == "sip:anonymous@anonymous.invalid"
    office.paris.says(486)


def test_a_rewritten_number_without_route_is_404(make: Make) -> None:
    world = make(settings(trunk(), routes=(Route(match="^[+]49", trunks=("itsp-a",)),), policy=HOOK))
    caller = Peer(world, Side.FRONT_END, FRONT_END)
    caller.invites()
    (call,) = world.questions
    world.policy_says(PolicyAnswered(call, {"called": "+331555"}))
    assert caller.heard() == ["100", "404"]
    assert world.record.cause.reason == "no-route"


# without an answer


@pytest.mark.parametrize("way", WAYS)
def test_without_an_answer_in_time_the_call_goes_on_as_decided(make: Make, way: str) -> None:
    world = make(settings(policy=HOOK))
    call = WAYS[way](world)
    call.caller.invites()
    call.advance(0.499)
    assert call.callee.heard() == []
    call.advance(0.001)
    assert call.callee.heard() == ["INVITE"]
    assert not world.questions
    (told,) = [fact.fields for fact in world.facts if fact.name == "policy.failed"]
    assert (told["reason"], told["then"], told["took_s"]) == ("no answer in time", "go-on", 0.5)
    call.callee.says(486)


def test_or_is_refused_where_the_settings_say_so(make: Make) -> None:
    office = Office(make, replace(HOOK, on_failure=OnFailure.REFUSE))
    office.caller.invites()
    office.world.advance(0.5)
    assert office.caller.heard() == ["100", "503"]
    assert office.caller.response(503).headers.has("Retry-After")
    assert office.world.record.cause.reason == "policy-failed"


@pytest.mark.parametrize(
    "garbage",
    [None, [], "go-on", 7, {"action": "perhaps"}, {"trunks": []}, {"trunks": "paris-isp"}, {"trunk": ["paris-isp"]},
     {"called": "112"}, {"called": "+0"}, {"action": "refuse", "status": 200}, {"status": 486},
     {"action": "refuse", "trunks": ["paris-isp"]}, {"tag": "a\r\nb"}, {1: 2}],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_none(office: Office, garbage: object) -> None:
    office.caller.invites()
    office.says(garbage)
    assert office.called() == ["paris"]
    assert len(office.facts("policy.failed")) == 1
    office.paris.says(486)


def test_an_answer_that_comes_too_late_changes_nothing(office: Office) -> None:
    office.caller.invites()
    (call,) = office.world.questions
    office.world.advance(0.5)
    assert office.called() == ["paris"]
    office.world.policy_says(PolicyAnswered(call, {"action": "refuse"}))
    office.world.policy_says(PolicyFailed(call, "too late as well"))
    office.world.policy_says(PolicyAnswered("nobody", {"action": "refuse"}))
    assert office.caller.heard() == ["100"]
    office.paris.says(486)
    office.world.policy_says(PolicyAnswered(call, {"action": "refuse"}))


def test_a_second_answer_changes_nothing(office: Office) -> None:
    office.caller.invites()
    (call,) = office.world.questions
    office.rules(trunks=["berlin-isp"])
    office.world.policy_says(PolicyAnswered(call, {"action": "refuse"}))
    assert office.caller.heard() == ["100"]
    office.berlin.says(486)


# what ends the wait


def test_a_caller_who_gives_up_while_it_waits_hears_487__rfc3261_9_2(office: Office) -> None:
    office.caller.invites()
    office.caller.cancels()
    assert office.caller.heard() == ["100", "200 CANCEL", "487"]
    assert not office.world.questions
    assert (office.called(), office.world.record.cause.reason) == ([], "cancelled")


def test_a_server_that_stops_refuses_what_waits(office: Office) -> None:
    office.caller.invites()
    office.world.stop()
    assert office.caller.heard() == ["100", "503"]
    assert not office.world.questions
    assert office.world.record.cause.reason == "shutdown"


def test_a_set_up_that_takes_too_long_ends_the_wait(make: Make) -> None:
    world = make(settings(policy=replace(HOOK, deadline_ms=10_000), sip=Sip(ring_limit_s=5, setup_limit_s=5)))
    caller = Peer(world, Side.FRONT_END, FRONT_END)
    caller.invites()
    world.advance(5)
    assert caller.heard() == ["100", "408"]
    assert not world.questions


# who is asked about


@pytest.mark.parametrize(
    ("ask", "asked"),
    [(Asks.BOTH, {"outbound", "inbound"}), (Asks.FRONT_ENDS, {"outbound"}), (Asks.TRUNKS, {"inbound"})],
)
@pytest.mark.parametrize("way", WAYS)
def test_it_is_asked_about_calls_from_the_sides_that_the_settings_name(
    make: Make, way: str, ask: Asks, asked: set[str]
) -> None:
    world = make(settings(policy=replace(HOOK, ask=ask)))
    call = WAYS[way](world)
    call.caller.invites()
    assert bool(world.questions) == (way in asked)
    if world.questions:
        (question,) = world.questions.values()
        assert question.question["direction"] == way
        assert question.question["trunk"] == ("itsp-a" if way == "inbound" else None)
        world.policy_says(PolicyAnswered(question.call, {}))
    assert call.callee.heard() == ["INVITE"]
    call.callee.says(486)


def test_it_is_never_asked_about_calls_for_help(make: Make) -> None:
    office = Office(make, replace(HOOK, on_failure=OnFailure.REFUSE))
    office.caller.invites("112", calling=PARISIAN)
    assert not office.world.questions
    assert office.called() == ["berlin"]
    office.berlin.says(486)


def test_it_is_not_asked_about_a_call_that_is_refused_anyway(office: Office) -> None:
    office.caller.invites("nobody")
    assert office.caller.heard() == ["100", "404"]
    assert not office.world.questions


def test_it_hears_no_body_no_header_and_no_password(make: Make) -> None:
    office = Office(make)
    office.caller.invites(headers="X-Secret: wonderland\r\nAuthorization: Digest username=alice\r\n")
    told = repr(office.question())
    assert not any(each in told for each in ("wonderland", "alice", "v=0", "m=audio", FRONT_END, SBC))
    office.rules()
    office.paris.says(486)


# many calls


def test_calls_wait_independently_of_each_other(office: Office) -> None:
    lines = [office.caller.invites(call_id=f"call-{number}") for number in range(3)]
    first, second, third = office.world.questions
    office.world.policy_says(PolicyAnswered(third, {"trunks": ["berlin-isp"]}))
    office.world.policy_says(PolicyAnswered(first, {"action": "refuse"}))
    assert office.called() == ["berlin"]
    assert list(office.world.questions) == [second]
    office.world.policy_says(PolicyAnswered(second, {"action": "refuse"}))
    office.berlin.says(486)
    assert len(lines) == len(office.world.records) == 3


def test_above_the_limit_nobody_waits(make: Make) -> None:
    office = Office(make, replace(HOOK, max_waiting=1))
    office.caller.invites(call_id="first")
    office.caller.invites(call_id="second")
    assert len(office.world.questions) == 1
    assert office.called() == ["paris"]
    assert office.facts("policy.skipped") == [{"reason": "too many calls wait", "then": "go-on"}]
    office.paris.says(486)
    office.rules(action="refuse")


def test_a_trunk_that_has_become_full_meanwhile_is_passed_over(make: Make) -> None:
    office = Office(make, max_calls=1)
    office.caller.invites(call_id="first")
    office.caller.invites(call_id="second")
    for call in list(office.world.questions):
        office.world.policy_says(PolicyAnswered(call, {}))
    assert office.called() == ["paris", "berlin"]
    office.paris.says(486)
    office.berlin.says(486)


def test_calls_that_wait_count_on_the_trunk_that_they_came_by(make: Make) -> None:
    world = make(settings(trunk(max_calls=1), policy=HOOK))
    caller = Peer(world, Side.GATEWAY, SBC)
    callee = Peer(world, Side.FRONT_END, FRONT_END)
    caller.invites(call_id="first")
    caller.invites(call_id="second")
    assert caller.heard() == ["100", "100", "503"]
    (call,) = world.questions
    world.policy_says(PolicyAnswered(call, {}))
    assert callee.heard() == ["INVITE"]
    callee.says(486)


def test_a_line_that_has_become_full_meanwhile_takes_no_more(make: Make) -> None:
    site = Site(name="vienna", country="AT", numbers=(CALLING,), link=Link(kbps=100))
    world = make(settings(sites=(site,), policy=HOOK))
    caller, callee = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    caller.invites(call_id="first")
    caller.invites(call_id="second")
    for call in list(world.questions):
        world.policy_says(PolicyAnswered(call, {}))
    assert caller.heard() == ["100", "100", "503"]
    assert callee.heard() == ["INVITE"]
    callee.says(486)


def test_the_rate_of_a_trunk_is_counted_once_for_a_call_that_waits(make: Make) -> None:
    limits = CallLimits(calls_per_s=1, burst=1)
    world = make(settings(trunk(limits=limits), policy=HOOK))
    caller, callee = Peer(world, Side.GATEWAY, SBC), Peer(world, Side.FRONT_END, FRONT_END)
    caller.invites()
    (call,) = world.questions
    world.policy_says(PolicyAnswered(call, {}))
    assert callee.heard() == ["INVITE"]
    callee.says(486)


# a policy that is dead


def test_a_dead_policy_does_not_cost_every_call_its_deadline(make: Make) -> None:
    office = Office(make, replace(HOOK, failures=2, rest_s=10))
    for number in range(2):
        office.caller.invites(call_id=f"call-{number}")
        office.fails()
        assert office.called() == ["paris"]
        office.paris.says(486)
    assert office.facts("policy.rests") == [{"failures": 2, "seconds": 10}]
    office.caller.invites(call_id="at-once")
    assert not office.world.questions
    assert office.called() == ["paris"]
    office.paris.says(486)
    assert office.facts("policy.skipped") == [{"reason": "it rests", "then": "go-on"}]
    office.world.advance(10)
    office.caller.invites(call_id="the-try")
    office.caller.invites(call_id="not-the-try")
    assert len(office.world.questions) == 1
    assert office.called() == ["paris"]
    office.paris.says(486)
    office.rules(action="refuse")
    assert office.facts("policy.recovered") == [{}]
    office.caller.invites(call_id="again")
    office.rules(action="refuse")


def test_a_try_in_vain_begins_another_rest(make: Make) -> None:
    office = Office(make, replace(HOOK, failures=1, rest_s=10))
    for number, asked in enumerate([True, False, True, False]):
        office.caller.invites(call_id=f"call-{number}")
        assert bool(office.world.questions) is asked
        if asked:
            office.fails()
        assert office.called() == ["paris"]
        office.paris.says(486)
        office.world.advance(5)
    assert len(office.facts("policy.rests")) == 1


def test_a_number_whose_trunks_do_not_take_all_that_must_be_understood_is_refused__rfc5621_8(
    make: Make,
) -> None:
    routes = Route(match="^[+]49", trunks=("itsp-a",)), Route(match="^[+]33", trunks=("itsp-b",))
    trunks = trunk("itsp-a", SBC, bodies=KEEP), trunk("itsp-b", OTHER_SBC)
    world = make(settings(*trunks, routes=routes, bodies=KEEP, policy=HOOK))
    caller = Peer(world, Side.FRONT_END, FRONT_END)
    caller.invites(sdp=mixed(sdp(caller), isup(handling="required")), headers=MIXED)
    (call,) = world.questions
    world.policy_says(PolicyAnswered(call, {"called": "+331555"}))
    assert caller.heard() == ["100", "488"]
    assert world.record.cause.reason == "body-not-taken"
