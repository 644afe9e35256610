"""Targets by name against a DNS server on loopback: the look-ups themselves, and calls that go where they lead."""

import asyncio
from collections.abc import AsyncIterator

import dns.rcode
import pytest

from mediation.b2bua.finding import DnsAnswer, LookupFailed, Records
from mediation.net.resolver import Resolver
from mediation.server import Server
from mediation.settings.dns import Dns
from mediation.sip.flow import Endpoint
from mediation.sip.locating import Kind, Naptr, Question, Srv
from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.wire.name_server import NameServer, naming
from tests.wire.peers import PATIENCE_S, spell
from tests.wire.phones import Phone, serving, until
from tests.wire.tls_scene import Secured

NUMBER = "+493012345678"
NAME = "itsp.example"


@pytest.fixture
def names_at(scene: Scene) -> Endpoint:
    return scene.host(53), 5353


@pytest.fixture
async def names(names_at: Endpoint) -> AsyncIterator[NameServer]:
    async with naming(names_at) as server:
        yield server


async def look_up(rules: Dns, *questions: Question) -> list[DnsAnswer]:
    answers: list[DnsAnswer] = []
    resolver = Resolver(rules, answers.append)
    for question in questions:
        resolver.ask(question)
    await until(lambda: len(answers) == len(questions))
    await resolver.aclose()
    return answers


def rules(*servers: Endpoint, timeout_s: int = 10) -> Dns:
    return Dns(servers=tuple(map(spell, servers)), timeout_s=timeout_s)


# look-ups


async def test_records_of_all_kinds_are_read_with_their_ttl(names: NameServer, names_at: Endpoint) -> None:
    names.holds(NAME, "NAPTR", f'50 20 "s" "SIP+D2U" "" _sip._udp.{NAME}.', ttl=11)
    names.holds(f"_sip._udp.{NAME}", "SRV", f"1 60 5070 A.{NAME}.", "9 0 0 .", ttl=22)
    names.holds(f"a.{NAME}", "A", "192.0.2.1", "192.0.2.2", ttl=33)
    names.holds(f"a.{NAME}", "AAAA", "2001:db8:0::1", ttl=44)
    asked = [
        Question(NAME, Kind.NAPTR),
        Question(f"_sip._udp.{NAME}", Kind.SRV),
        Question(f"a.{NAME}", Kind.A),
        Question(f"a.{NAME}", Kind.AAAA),
    ]
    found = {answer.question: answer for answer in await look_up(rules(names_at), *asked)}
    expected = [
        ((Naptr(50, 20, "s", "SIP+D2U", f"_sip._udp.{NAME}"),), 11),
        ((Srv(1, 60, 5070, f"a.{NAME}"), Srv(9, 0, 0, "")), 22),
        (("192.0.2.1", "192.0.2.2"), 33),
        (("2001:db8::1",), 44),
    ]
    for question, (records, ttl_s) in zip(asked, expected, strict=True):
        answer = found[question]
        assert isinstance(answer, Records)
        assert (set(answer.records), answer.ttl_s) == (set(records), ttl_s)


@pytest.mark.parametrize("name", [f"nobody.{NAME}", NAME])
async def test_no_name_and_no_record_of_the_kind_are_both_nothing_for_as_long_as_the_zone_says__rfc2308_5(
    names: NameServer, names_at: Endpoint, name: str
) -> None:
    names.holds(NAME, "A", "192.0.2.1")
    names.negative_ttl = 77
    question = Question(name, Kind.SRV)
    assert await look_up(rules(names_at), question) == [Records(question, (), 77)]


async def test_an_answer_too_large_for_a_datagram_comes_by_tcp__rfc7766(
    names: NameServer, names_at: Endpoint
) -> None:
    names.holds(f"_sip._udp.{NAME}", "SRV", *(f"1 1 5060 host-number-{n}.{NAME}." for n in range(60)))
    [answer] = await look_up(rules(names_at), Question(f"_sip._udp.{NAME}", Kind.SRV))
    assert isinstance(answer, Records)
    assert (len(answer.records), names.by_tcp) == (60, 1)


async def test_silence_is_a_failure_after_its_time(names: NameServer, names_at: Endpoint) -> None:
    names.silent = True
    question = Question(NAME, Kind.A)
    assert await look_up(rules(names_at, timeout_s=1), question) == [
        LookupFailed(question, "no answer in time")
    ]


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
async def test_an_error_is_a_failure_and_not_nothing(
    names: NameServer, names_at: Endpoint, rcode: dns.rcode.Rcode
) -> None:
    names.rcode = rcode
    [answer] = await look_up(rules(names_at, timeout_s=1), Question(NAME, Kind.A))
    assert isinstance(answer, LookupFailed)


async def test_the_second_server_answers_where_the_first_is_silent(
    scene: Scene, names: NameServer, names_at: Endpoint
) -> None:
    names.holds(NAME, "A", "192.0.2.1")
    async with naming((scene.host(54), 5353)) as silent:
        silent.silent = True
        both = rules((scene.host(54), 5353), names_at, timeout_s=3)
        [answer] = await look_up(both, Question(NAME, Kind.A))
    assert isinstance(answer, Records)
    assert answer.records == ("192.0.2.1",)


async def test_a_name_that_cannot_be_asked_for_is_a_failure(names_at: Endpoint) -> None:
    [answer] = await look_up(rules(names_at), Question("a..b", Kind.A))
    assert isinstance(answer, LookupFailed)


# calls


def by_name(
    scene: Scene, names_at: Endpoint, uri: str = f"sip:{NAME}", *, timeout_s: int = 10, more: str = ""
) -> str:
    names = f'[dns]\nservers = ["{spell(names_at)}"]\ntimeout_s = {timeout_s}\n{more}'
    return scene.configuration(targets=(uri,), more=names)


def addresses(server: Server) -> list[str]:
    return [target.host for target in server._engine.directory.targets("itsp")]


async def test_a_call_goes_to_the_next_server_of_the_name_when_nobody_is_at_the_first__rfc3263_4_3(
    scene: Scene, names: NameServer, names_at: Endpoint
) -> None:
    names.holds(f"_sip._udp.{NAME}", "SRV", f"1 0 5060 gone.{NAME}.", f"2 0 5060 there.{NAME}.")
    names.holds(f"gone.{NAME}", "A", scene.sbc[0])
    names.holds(f"there.{NAME}", "A", scene.second_sbc[0])
    async with (
        serving(by_name(scene, names_at)) as server,
        Phone.plugged_in(scene.front_end) as caller,
        Phone.plugged_in(scene.second_sbc, law=Law.PCMA) as callee,
    ):
        assert sorted(addresses(server)) == [scene.sbc[0], scene.second_sbc[0]]  # before a listener was open
        caller.calls(NUMBER, scene.internal, talk_s=0.1)
        await caller.is_done()
        assert bytes(callee.seen[0]).startswith(f"INVITE sip:{NUMBER}@{NAME} SIP/2.0".encode())


async def test_a_change_is_followed_and_what_was_known_outlives_the_dns(
    scene: Scene, names: NameServer, names_at: Endpoint
) -> None:
    names.holds(NAME, "A", scene.sbc[0], ttl=1)
    quick = "min_ttl_s = 1\nretry_s = 1\n"
    async with (
        serving(by_name(scene, names_at, f"sip:{NAME}:5060", timeout_s=1, more=quick)) as server,
        Phone.plugged_in(scene.front_end) as caller,
        Phone.plugged_in(scene.second_sbc, law=Law.PCMA) as callee,
    ):
        await until(lambda: addresses(server) == [scene.sbc[0]])
        names.holds(NAME, "A", scene.second_sbc[0], ttl=1)
        await until(lambda: addresses(server) == [scene.second_sbc[0]])
        names.silent = True
        await until(lambda: server._engine.finder.failures > 0)
        caller.calls(NUMBER, scene.internal, talk_s=0.1)
        await caller.is_done()
        assert callee.seen


async def test_a_server_starts_all_the_same_when_the_dns_is_silent_and_refuses_what_has_nowhere_to_go(
    scene: Scene, names: NameServer, names_at: Endpoint
) -> None:
    names.silent = True
    async with serving(by_name(scene, names_at, timeout_s=1)), Phone.plugged_in(scene.front_end) as caller:
        caller.calls(NUMBER, scene.internal)
        await caller.notes_that("hears 503")


async def test_a_certificate_must_bear_the_name_of_the_uri_and_not_that_of_the_server__rfc5922_7_3(
    scene: Scene, names: NameServer, names_at: Endpoint
) -> None:
    secured = Secured(scene)
    names.holds(NAME, "NAPTR", f'1 1 "s" "SIPS+D2T" "" _sips._tcp.{NAME}.')
    host, port = secured.sbc_at
    names.holds(f"_sips._tcp.{NAME}", "SRV", f"1 0 {port} host.elsewhere.example.")
    names.holds("host.elsewhere.example", "A", host)
    text = secured.configuration(targets=(f"sip:{NAME}",), trunk="")
    text += f'[dns]\nservers = ["{spell(names_at)}"]\n'
    for bears, outcome in ((NAME, "hears 200"), ("host.elsewhere.example", "hears 503")):
        secured.sbc = secured.authority.signs(bears, bears)
        async with (
            serving(text),
            Phone.plugged_in(scene.front_end) as caller,
            secured.phone("sbc", law=Law.PCMA),
        ):
            async with asyncio.timeout(PATIENCE_S):
                caller.calls(NUMBER, scene.internal, talk_s=0.1)
                await caller.notes_that(outcome)
