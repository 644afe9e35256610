"""Flow 9: a trunk registers with its ITSP, and stays registered (RFC 3261 section 10.2, RFC 7616, RFC 5626 4.5)."""

from dataclasses import replace

import pytest

from mediation.b2bua.outputs import Level
from mediation.settings.peers import Side
from mediation.sip.digest_server import Refusal
from mediation.sip.flow import Flow, Transport
from mediation.sip.registration_table import State
from tests.flows.pair import Make
from tests.flows.peers import Peer
from tests.flows.registrar import (
    AOR,
    CONTACT,
    NUMBER,
    Registrar,
    registering,
    registering_settings,
    told,
)
from tests.flows.scenery import OTHER_SBC, OUTSIDE, SBC, settings, target
from tests.flows.world import World


def begun(make: Make, *hosts: str, **how: object) -> tuple[World, Registrar]:
    """A world whose trunk has sent its first REGISTER, and the registrar that heard it."""
    world = make(registering_settings(*hosts, **how))
    registrar = Registrar(world)
    world.begin()
    return world, registrar


def registered(make: Make, *hosts: str, expires_s: int = 3600, **how: object) -> tuple[World, Registrar]:
    """The same, and it was granted."""
    world, registrar = begun(make, *hosts, **how)
    registrar.asked()
    registrar.grants(expires_s)
    assert state_of(world) is State.REGISTERED
    return world, registrar


def state_of(world: World) -> State:
    (registration,) = world.engine.registrations._of
    return registration.state


def is_registered(world: World) -> bool:
    return world.engine.registrations.standings == {"itsp-a": True}


# what is asked for


def test_a_trunk_that_registers_says_who_it_is_and_where__rfc3261_10_2(make: Make) -> None:
    world, registrar = begun(make)
    asked = registrar.asked()
    assert asked.request_uri == "sip:itsp.example"
    assert str(asked.to.uri) == str(asked.from_.uri) == AOR
    assert asked.to.tag is None
    assert asked.headers.get("Contact") == CONTACT
    assert asked.expires == 3600
    assert asked.supported == ("path",)
    assert not asked.require
    assert not is_registered(world)
    registrar.grants()
    assert is_registered(world)
    (fact,) = told(world, "trunk.registered")
    assert fact == {"trunk": "itsp-a", "target": f"sip:{SBC}:5060", "expires_s": 3600, "associated": 0}


def test_a_trunk_without_an_address_of_record_never_registers(make: Make) -> None:
    world = make(settings())
    sbc = Peer(world, Side.GATEWAY, SBC)
    world.begin()
    world.advance(7200)
    assert sbc.heard() == []


def test_registrar_and_contact_user_may_be_named_apart(make: Make) -> None:
    _, registrar = begun(make, registrar="sip:registrar.itsp.example", contact_user="line-1", expires_s=600)
    asked = registrar.asked()
    assert asked.request_uri == "sip:registrar.itsp.example"
    assert asked.headers.get("Contact") == f"<sip:line-1@{OUTSIDE}:5060>"
    assert asked.expires == 600


def test_bulk_registration_asks_for_all_numbers_at_once__rfc6140_5_2(make: Make) -> None:
    world, registrar = begun(make, bulk=True)
    asked = registrar.asked()
    assert asked.headers.get("Contact") == f"<sip:{OUTSIDE}:5060;bnc>"
    assert asked.require == ("gin",)
    assert asked.headers.get("Proxy-Require") == "gin"
    assert asked.supported == ("path",)
    registrar.grants(contact=f"<sip:{OUTSIDE}:5060;bnc>")
    assert is_registered(world)


def test_a_registrar_that_knows_no_bulk_registration_is_an_alarm__rfc6140_5_2(make: Make) -> None:
    world, registrar = begun(make, bulk=True)
    registrar.asked()
    registrar.says(420, "Unsupported: gin\r\n")
    assert state_of(world) is State.REFUSED
    (fact,) = told(world, "trunk.registration_refused")
    assert (fact["status"], fact["reason"]) == (420, "refused")


def test_what_others_have_left_is_removed_first_where_that_is_wanted__rfc3261_10_2_2(make: Make) -> None:
    _world, registrar = begun(make, remove_others=True)
    first = registrar.asked()
    assert (first.headers.get("Contact"), first.expires) == ("*", 0)
    registrar.says(200)
    second = registrar.asked()
    assert second.headers.get("Contact") == CONTACT
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    registrar.grants()
    registrar.waits(3600)
    assert registrar.asked().headers.get("Contact") == CONTACT, "once is enough"
    registrar.grants()


# for how long


@pytest.mark.parametrize(
    ("granted", "header", "counts"),
    [(60, "Expires: 1800\r\n", 60), (None, "Expires: 1800\r\n", 1800), (None, "", 3600), (7200, "", 7200)],
    ids=["the Contact", "else the header", "else what was asked for", "also more than that"],
)
def test_what_is_granted_counts__rfc3261_10_2_4(
    make: Make, granted: int | None, header: str, counts: int
) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.grants(granted, headers=header)
    assert told(world, "trunk.registered")[0]["expires_s"] == counts
    latest = counts - 600 if counts > 1200 else counts / 2
    assert 0.9 * latest <= registrar.waits(counts) <= latest
    registrar.asked()
    registrar.grants()


def test_a_renewal_has_the_same_call_id_and_a_higher_cseq__rfc3261_10_2(make: Make) -> None:
    world, registrar = begun(make)
    asked = [registrar.asked()]
    for _ in range(3):
        registrar.grants()
        registrar.waits(3600)
        asked.append(registrar.asked())
    assert len({request.call_id for request in asked}) == 1
    numbers = [request.cseq.number for request in asked]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    assert len({request.top_via.branch for request in asked}) == 4
    registrar.grants()
    renewed = [fact for fact in world.facts if fact.name == "trunk.registration_renewed"]
    assert [fact.level for fact in renewed] == [Level.DEBUG] * 3


def test_the_moment_of_a_renewal_is_drawn(make: Make) -> None:
    _world, registrar = registered(make)
    moments = set()
    for _ in range(4):
        moments.add(round(registrar.waits(3600), 1))
        registrar.asked()
        registrar.grants()
    assert len(moments) > 1


def test_a_grant_of_a_second_is_no_reason_to_hammer(make: Make) -> None:
    world, registrar = registered(make, expires_s=1)
    world.advance(1)
    assert not is_registered(world)
    assert told(world, "trunk.registration_lost") == [{"trunk": "itsp-a"}]
    world.advance(3.9)
    assert registrar.peer.heard() == []
    world.advance(0.1)
    registrar.asked()
    registrar.grants()


@pytest.mark.parametrize(
    "contact",
    [
        f"<SIP:{NUMBER}@{OUTSIDE}:5060;expires=1>",
        f"<sip:{NUMBER}@{OUTSIDE}>",
        f'"us" <sip:{NUMBER}@203.0.113.9:40123>',
    ],
    ids=["parameters of the URI", "the default port", "a border controller's own place"],
)
def test_our_contact_is_known_in_other_words_too(make: Make, contact: str) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.grants(120, contact=contact)
    assert is_registered(world)


def test_our_contact_is_found_among_others__rfc3261_10_2_4(make: Make) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.says(200, f"Contact: <sip:{NUMBER}@192.0.2.7>;expires=3000, {CONTACT};expires=900;q=0.5\r\n")
    assert told(world, "trunk.registered")[0]["expires_s"] == 900


@pytest.mark.parametrize(
    "headers",
    ["", f"Contact: <sip:{NUMBER}@192.0.2.7>, <sip:other@192.0.2.8>\r\n", f"Contact: {CONTACT};expires=0\r\n"],
    ids=["no Contact", "other Contacts", "ours has ended"],
)  # fmt: skip
def test_a_200_without_our_contact_is_no_registration__flow_9(make: Make, headers: str) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.says(200, headers)
    assert not is_registered(world)
    assert state_of(world) is State.WAITING
    assert told(world, "trunk.registration_failed")[0]["reason"] == "contact-missing"


def test_a_200_with_expires_alone_is_one(make: Make) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.says(200, "Expires: 300\r\n")
    assert told(world, "trunk.registered")[0]["expires_s"] == 300


# 423


def test_423_is_asked_again_for_as_long_as_it_wants__rfc3261_10_2_8(make: Make) -> None:
    _world, registrar = begun(make, expires_s=60)
    first = registrar.asked()
    registrar.says(423, "Min-Expires: 300\r\n")
    second = registrar.asked()
    assert second.expires == 300
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    registrar.grants(300)
    registrar.waits(300)
    assert registrar.asked().expires == 300, "it is remembered"
    registrar.grants(300)


@pytest.mark.parametrize(
    "headers", ["", "Min-Expires: 60\r\n", "Min-Expires: 4294967295\r\n", "Min-Expires: x\r\n"]
)
def test_423_that_asks_for_nothing_sensible_is_a_failure(make: Make, headers: str) -> None:
    world, registrar = begun(make, expires_s=60)
    registrar.asked()
    registrar.says(423, headers)
    assert registrar.peer.heard() == []
    assert state_of(world) is State.WAITING


def test_423_without_end_is_a_failure(make: Make) -> None:
    world, registrar = begun(make, expires_s=60)
    for seconds in (300, 600, 900):
        registrar.asked()
        registrar.says(423, f"Min-Expires: {seconds}\r\n")
    assert registrar.peer.heard() == []
    assert state_of(world) is State.WAITING


# who we are


def test_a_challenge_is_answered__rfc3261_22_1(make: Make) -> None:
    _world, registrar = begun(make)
    first = registrar.asked()
    registrar.challenges()
    second = registrar.asked()
    assert registrar.is_convinced()
    assert (second.call_id, second.cseq.number) == (first.call_id, first.cseq.number + 1)
    registrar.grants(60)
    registrar.waits(60)
    third = registrar.asked()
    assert registrar.is_convinced(), "the next one brings its credentials along"
    assert "nc=00000002" in (third.headers.get("Authorization") or "")
    registrar.grants()


def test_a_stale_nonce_costs_one_more_round__rfc7616_3_3(make: Make) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.challenges()
    registrar.asked()
    registrar.challenges(Refusal.STALE)
    registrar.asked()
    assert registrar.is_convinced()
    registrar.grants()
    assert is_registered(world)


def test_a_wrong_password_is_an_alarm_and_a_long_rest__flow_9(make: Make) -> None:
    world, registrar = begun(make, SBC, OTHER_SBC, password="wrong")
    other = Peer(world, registrar.peer.side, OTHER_SBC)
    for _ in range(3):
        registrar.asked()
        registrar.challenges()
    assert registrar.peer.heard() == []
    assert state_of(world) is State.REFUSED
    (alarm,) = [fact for fact in world.facts if fact.name == "trunk.registration_refused"]
    assert alarm.level is Level.WARNING
    assert alarm.fields["reason"] == "wrong-credentials"
    world.advance(3599)
    assert registrar.peer.heard() == other.heard() == [], (
        "neither this registrar is tried again nor another one"
    )
    registrar.waits(362)
    registrar.asked()
    registrar.says(503)


def test_after_a_refusal_for_good_nothing_is_tried_where_that_is_set(make: Make) -> None:
    world, registrar = begun(make, refused_retry_s=0)
    registrar.asked()
    registrar.says(403)
    world.advance(1_000_000)
    assert registrar.peer.heard() == []
    assert state_of(world) is State.REFUSED


def test_a_challenge_of_a_realm_that_is_not_ours_is_refused_for_good(make: Make) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.says(401, 'WWW-Authenticate: Kerberos realm="x"\r\n')
    assert told(world, "trunk.registration_refused")[0]["reason"] == "no-credentials"


@pytest.mark.parametrize("status", [403, 404, 405, 501, 603])
def test_a_refusal_for_good_is_an_alarm_and_a_long_rest__flow_9(make: Make, status: int) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.says(status)
    (fact,) = told(world, "trunk.registration_refused")
    assert (fact["status"], fact["target"]) == (status, f"sip:{SBC}:5060")
    assert isinstance(fact["retry_in_s"], int)
    assert 3600 <= fact["retry_in_s"] <= 3960
    world.advance(3599)
    assert registrar.peer.heard() == []
    registrar.waits(362)
    registrar.asked()
    registrar.grants()
    assert is_registered(world)


def test_a_renewal_that_is_refused_for_good_ends_the_registration(make: Make) -> None:
    world, registrar = registered(make)
    registrar.waits(3600)
    registrar.asked()
    registrar.says(403)
    assert not is_registered(world)
    assert state_of(world) is State.REFUSED
    assert told(world, "trunk.registration_lost")


# failures


@pytest.mark.parametrize("status", [302, 408, 480, 500, 503, 599])
def test_another_refusal_is_tried_again_after_a_rest_that_grows__rfc5626_4_5(make: Make, status: int) -> None:
    world, registrar = begun(make)
    for most in (60, 120, 240, 480, 960, 1800, 1800):
        registrar.asked()
        registrar.says(status)
        assert registrar.peer.heard() == []
        assert most / 2 <= registrar.waits(4000) <= most
    registrar.asked()
    registrar.grants()
    assert is_registered(world)
    assert len(told(world, "trunk.registration_failed")) == 7


def test_success_makes_the_next_rest_short_again(make: Make) -> None:
    _world, registrar = begun(make)
    for _ in range(3):
        registrar.asked()
        registrar.says(500)
        registrar.waits(4000)
    registrar.asked()
    registrar.grants(60)
    registrar.waits(60)
    registrar.asked()
    registrar.says(500)
    assert registrar.waits(4000) <= 60


def test_a_renewal_that_fails_is_tried_again_before_the_end(make: Make) -> None:
    world, registrar = registered(make, expires_s=100)
    registrar.waits(50)
    registrar.asked()
    registrar.says(500)
    assert is_registered(world)
    assert state_of(world) is State.HOLDING
    assert registrar.waits(4000) <= 55 / 2 + 1
    registrar.asked()
    registrar.grants(100)
    assert state_of(world) is State.REGISTERED


def test_what_is_not_renewed_in_time_is_lost(make: Make) -> None:
    world, registrar = registered(make, expires_s=100)
    registrar.waits(50)
    registrar.asked()
    world.advance(32.1)
    assert is_registered(world), "silence alone does not end it"
    assert set(registrar.peer.heard()) == {"REGISTER"}
    world.advance(30)
    assert not is_registered(world)
    assert told(world, "trunk.registration_lost") == [{"trunk": "itsp-a"}]


def test_an_answer_that_comes_after_the_end_registers_anew(make: Make) -> None:
    world, registrar = registered(make, expires_s=20)
    registrar.waits(10)
    registrar.asked()
    world.advance(15)
    assert not is_registered(world)
    assert state_of(world) is State.REGISTERING
    registrar.peer.heard()
    registrar.grants(600)
    assert is_registered(world)
    assert len(told(world, "trunk.registered")) == 2


def test_retry_after_is_honoured__rfc3261_21_5_4(make: Make) -> None:
    _world, registrar = begun(make)
    registrar.asked()
    registrar.says(503, "Retry-After: 700\r\n")
    assert 700 <= registrar.waits(4000) <= 701
    registrar.asked()
    registrar.grants()


def test_a_retry_after_of_a_century_is_not_believed(make: Make) -> None:
    _world, registrar = begun(make)
    registrar.asked()
    registrar.says(503, "Retry-After: 4294967295\r\n")
    assert registrar.waits(90_000) == 86_400
    registrar.asked()
    registrar.grants()


# several registrars


def test_silence_sends_the_registration_to_the_next_target__flow_9(make: Make) -> None:
    world, first = begun(make, SBC, OTHER_SBC)
    second = Registrar(world, OTHER_SBC)
    world.advance(31.9)
    assert second.peer.heard() == []
    world.advance(0.1)
    asked = second.asked()
    assert asked.call_id == first.peer.request("REGISTER").call_id
    second.grants()
    assert is_registered(world)
    assert told(world, "trunk.registrar_failed") == [
        {"trunk": "itsp-a", "target": f"sip:{SBC}:5060", "status": 0, "reason": "no-response"}
    ]
    first.peer.heard()
    second.waits(3600)
    second.asked()
    assert first.peer.heard() == [], "who holds it is asked first"
    second.grants()


@pytest.mark.parametrize("how", ["dead", "503"])
def test_a_transport_error_and_503_do_so_at_once(make: Make, how: str) -> None:
    world = make(registering_settings(SBC, OTHER_SBC))
    first, second = Registrar(world), Registrar(world, OTHER_SBC)
    first.peer.dead = how == "dead"
    world.begin()
    if how == "503":
        first.asked()
        first.says(503, "Retry-After: 5000\r\n")
    second.asked()
    second.says(500)
    first.peer.dead = False
    assert state_of(world) is State.WAITING
    expected = second if how == "503" else first
    expected.waits(60)
    expected.asked()
    assert len(first.peer.received) == 1, "one that asked for rest has it"
    expected.grants()


def test_an_answer_from_another_address_of_the_itsp_is_one__flow_9(make: Make) -> None:
    world = make(registering_settings(SBC, trunk_terms={"trusted": (SBC, "198.51.100.99")}))
    registrar = Registrar(world)
    world.begin()
    registrar.asked()
    there = registrar.peer.flow
    registrar.peer.flow = Flow(there.transport, there.local, ("198.51.100.99", 5060))
    registrar.grants()
    registrar.peer.flow = there
    assert is_registered(world)
    registrar.waits(3600)
    registrar.asked()
    registrar.grants()


def test_an_answer_that_comes_twice_counts_once(make: Make) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.grants()
    registrar.peer.repeats()
    assert len(told(world, "trunk.registered")) == 1


def test_trunks_register_each_for_itself_and_not_in_one_burst(make: Make) -> None:
    trunks = [
        replace(registering(host, address_of_record=f"sip:{name}@itsp.example"), name=name)
        for name, host in (("itsp-a", SBC), ("itsp-b", OTHER_SBC))
    ]
    world = make(settings(*trunks))
    first, second = Registrar(world), Registrar(world, OTHER_SBC)
    world.begin()
    assert second.peer.heard() == []
    first.asked()
    first.says(403)
    world.advance(0.05)
    assert str(second.asked().to.uri) == "sip:itsp-b@itsp.example"
    second.grants(contact=f"<sip:itsp-b@{OUTSIDE}:5060>")
    assert world.engine.registrations.standings == {"itsp-a": False, "itsp-b": True}


# what makes it doubtful


def test_a_lost_connection_has_it_renewed_but_not_in_a_circle__rfc5626_4_4(make: Make) -> None:
    tls = target(SBC, Transport.TLS, 5060)
    world = make(registering_settings(trunk_terms={"targets": (tls,)}))
    registrar = Registrar(world, transport=Transport.TLS)
    contact = f"<sip:{NUMBER}@{OUTSIDE}:5060;transport=tls>"
    world.begin()
    assert registrar.asked().headers.get("Contact") == contact
    registrar.grants(contact=contact)
    world.advance(5)
    world.soon(lambda: world.engine.connection_lost(registrar.peer.flow, world.now))
    world.advance(24.9)
    assert registrar.peer.heard() == [], "one that ends every connection at once is not asked at once"
    world.advance(0.1)
    registrar.asked()
    registrar.grants(contact=contact)
    world.advance(100)
    world.soon(lambda: world.engine.connection_lost(registrar.peer.flow, world.now))
    world.advance(0)
    registrar.asked()
    registrar.grants(contact=contact)


def test_doubt_never_puts_a_renewal_off(make: Make) -> None:
    world, registrar = registered(make, expires_s=20)
    world.soon(lambda: world.engine.slept(world.now))
    assert registrar.waits(20) <= 10
    registrar.asked()
    registrar.grants(20)


def test_a_machine_that_has_slept_registers_anew__flow_9(make: Make) -> None:
    world, registrar = registered(make)
    world.advance(300)
    world.soon(lambda: world.engine.slept(world.now))
    world.advance(0)
    registrar.asked()
    registrar.grants()


# the end


def test_the_end_of_the_server_is_told_to_who_holds_the_registration__rfc3261_10_2_2(make: Make) -> None:
    world, registrar = registered(make)
    first = registrar.peer.request("REGISTER")
    world.stop()
    last = registrar.asked()
    assert (last.headers.get("Contact"), last.expires) == (CONTACT, 0)
    assert (last.call_id, last.cseq.number) == (first.call_id, first.cseq.number + 1)
    assert not world.engine.is_over
    registrar.challenges()
    registrar.asked()
    assert registrar.is_convinced()
    registrar.says(200)
    assert world.engine.is_over
    assert told(world, "trunk.unregistered") == [{"trunk": "itsp-a"}]
    world.advance(10_000)
    assert registrar.peer.heard() == []


@pytest.mark.parametrize("status", [403, 423, 500])
def test_a_removal_that_is_refused_is_not_insisted_on(make: Make, status: int) -> None:
    world, registrar = registered(make)
    world.stop()
    registrar.asked()
    registrar.says(status, "Min-Expires: 4000\r\n" if status == 423 else "")
    assert registrar.peer.heard() == []
    assert world.engine.is_over
    assert told(world, "trunk.unregistered") == [{"trunk": "itsp-a", "status": status, "reason": "refused"}]


def test_a_removal_that_nobody_hears_ends_by_itself_or_by_force(make: Make) -> None:
    world, _ = registered(make)
    world.stop()
    world.advance(4)
    assert not world.engine.is_over
    world.soon(lambda: world.engine.abort(world.now))
    assert world.engine.is_over
    assert told(world, "trunk.unregistered") == [{"trunk": "itsp-a", "status": 0, "reason": "no-response"}]
    world.advance(1)  # what is left of the first transaction
    assert world.idle


def test_nothing_is_removed_where_nothing_is_held(make: Make) -> None:
    world, registrar = begun(make)
    registrar.asked()
    registrar.says(500)
    world.stop()
    assert registrar.peer.heard() == []
    assert world.engine.is_over


def test_a_request_under_way_is_waited_for_before_the_removal__rfc3261_10_2(make: Make) -> None:
    world, registrar = begun(make)
    registrar.asked()
    world.stop()
    assert registrar.peer.heard() == []
    registrar.challenges()
    registrar.asked()
    registrar.grants()
    assert registrar.asked().expires == 0
    registrar.says(200)
    assert world.engine.is_over


@pytest.mark.parametrize("status", [403, 503])
def test_a_request_under_way_that_fails_at_the_end(make: Make, status: int) -> None:
    world, registrar = registered(make)
    registrar.waits(3600)
    registrar.asked()
    world.stop()
    registrar.says(status)
    if status == 503:
        assert registrar.asked().expires == 0
        registrar.says(200)
    assert registrar.peer.heard() == []
    assert world.engine.is_over


def test_the_removal_of_what_others_left_is_the_last_word_where_the_server_stops(make: Make) -> None:
    world, registrar = begun(make, remove_others=True)
    registrar.asked()
    world.stop()
    registrar.says(200)
    assert registrar.peer.heard() == []
    assert world.engine.is_over


# bugs


def test_a_bug_of_ours_costs_a_rest_and_not_the_registration(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, registrar = begun(make)
    world.may_break = True
    registrar.asked()
    with monkeypatch.context() as broken:
        broken.setattr("mediation.sip.registration.grant_of", lambda *_: 1 / 0)
        registrar.grants()
    assert [fact.level for fact in world.facts if fact.name == "engine.broke"] == [Level.ERROR]
    assert state_of(world) is State.WAITING
    registrar.waits(4000)
    registrar.asked()
    registrar.grants()
    assert is_registered(world)


def test_registrations_of_others_are_refused_as_ever(make: Make) -> None:
    _, registrar = registered(make)
    registrar.peer.asks("REGISTER")
    assert registrar.peer.heard() == ["405 REGISTER"]
