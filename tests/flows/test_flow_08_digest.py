"""Flow 8: the ITSP asks who we are; the other leg sees nothing of it (RFC 3261 section 22, RFC 7616)."""

from dataclasses import replace

import pytest

from mediation.b2bua.outputs import Level
from mediation.settings.kept import Secret
from mediation.settings.model import Settings
from mediation.settings.peer_terms import SessionTimers, TransferMode, Transfers
from mediation.sip.challenge import Asker
from mediation.sip.digest import AUTH, AUTH_INT, Algorithm
from mediation.sip.digest_client import Answer, Credentials, DigestClient
from mediation.sip.digest_server import Authenticated, DigestServer, Refusal
from mediation.sip.headers import Headers
from mediation.sip.message import Request
from mediation.sip.session_timer import Preference, TimerMode
from tests.flows.pair import Make, Pair, inbound, outbound
from tests.flows.peers import Peer
from tests.flows.scenery import OTHER_SBC, SBC, settings, trunk

USER, PASSWORD, REALM = "trunk-4711", "correct horse", "itsp.example"


def known(*hosts: str, password: str = PASSWORD, realm: str = "") -> Settings:
    """A trunk that has credentials."""
    plain = trunk("itsp-a", *hosts)
    return settings(replace(plain, username=USER, password=Secret("env:X", password), realm=realm))


class Checker:
    """The part of an SBC that wants to know who calls."""

    def __init__(
        self,
        peer: Peer,
        algorithm: Algorithm = Algorithm.MD5,
        asker: Asker = Asker.PROXY,
        qop: str = AUTH,
        realm: str = REALM,
    ) -> None:
        self.peer = peer
        self.server = DigestServer(
            realm, {USER: PASSWORD}.get, b"s" * 32, algorithms=(algorithm,), qop=(qop,), asker=asker
        )

    def challenges(self, method: str = "INVITE", *, refusal: Refusal | None = None) -> None:
        """Ask about the latest request of that method."""
        now = self.peer.world.now
        verdict = refusal or self.server.verify(self.peer.request(method), now=now)
        assert not isinstance(verdict, Authenticated)
        fields = self.server.challenge(verdict, now=now, token="5eed")
        self.peer.says(self.server.status, to=method, headers="".join(f"{n}: {v}\r\n" for n, v in fields))

    def accepts(self, method: str = "INVITE") -> Request:
        """The latest request of that method; its credentials hold."""
        request = self.peer.request(method)
        assert self.server.verify(request, now=self.peer.world.now) == Authenticated(USER)
        return request


@pytest.mark.parametrize("asker", Asker)
@pytest.mark.parametrize("algorithm", [Algorithm.MD5, Algorithm.SHA_256, Algorithm.SHA_512_256])
@pytest.mark.parametrize("qop", [AUTH, AUTH_INT])
def test_a_challenge_is_answered_and_the_caller_hears_nothing_of_it__rfc3261_22_1(
    make: Make, asker: Asker, algorithm: Algorithm, qop: str
) -> None:
    call = outbound(make(known()))
    checker = Checker(call.callee, algorithm, asker, qop)
    call.dials()
    first = call.callee.request("INVITE")
    checker.challenges()
    assert call.callee.heard() == ["ACK", "INVITE"]
    second = checker.accepts()
    assert (second.call_id, second.from_.tag) == (first.call_id, first.from_.tag)
    assert second.cseq.number == first.cseq.number + 1
    assert second.top_via.branch != first.top_via.branch
    call.callee.says(180)
    call.callee.says(200, sdp=call.callee.sdp())
    assert call.caller.heard() == ["180", "200"]
    assert call.callee.heard() == ["ACK"]
    ack = call.callee.request("ACK")
    assert ack.cseq.number == second.cseq.number
    assert ack.headers.get(asker.answer_header) == second.headers.get(asker.answer_header)
    call.caller.acks()
    call.ends()
    assert call.record.cause.reason == "normal-clearing"
    assert len(call.record.attempts) == 1


def test_later_requests_bring_credentials_along_with_a_rising_count__rfc7616_3_4(make: Make) -> None:
    call = outbound(make(known()))
    checker = Checker(call.callee)
    call.dials()
    checker.challenges()
    checker.accepts()
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.ends()
    bye = checker.accepts("BYE")
    assert "nc=00000002" in (bye.headers.get("Proxy-Authorization") or "")


def test_a_bye_to_a_trunk_that_called_us_is_said_again_when_it_is_challenged(make: Make) -> None:
    call = inbound(make(known()))
    checker = Checker(call.caller, asker=Asker.USER_AGENT)
    call.connects()
    call.caller.answers_bye = False
    call.callee.hangs_up()
    first = call.caller.request("BYE")
    checker.challenges("BYE")
    assert checker.accepts("BYE").cseq.number == first.cseq.number + 1
    call.caller.says(200, to="BYE")
    assert call.record.hung_up_by == "callee"


def asked(call: Pair, method: str) -> None:
    """Let the server send a request of this method to the trunk, which has not asked who we are before."""
    sbc, front_end = call.caller, call.callee
    match method:
        case "INVITE":
            front_end.reinvites(front_end.sdp(direction="sendonly", version=2))
        case "UPDATE":
            call.advance(901)
        case "INFO" | "MESSAGE":
            front_end.asks(method, within=True, headers="Content-Type: text/plain\r\n", body=b"hello")
        case "REFER":
            front_end.refers("sip:+4977@10.1.1.10")
        case "NOTIFY":
            sbc.answers_notify = False
            sbc.refers("sip:+4977@198.51.100.10")


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "MESSAGE", "REFER", "NOTIFY"])
def test_a_challenge_of_any_request_within_a_call_is_answered__rfc3261_22_1(make: Make, method: str) -> None:
    terms = known()
    (itsp,) = terms.trunks
    offering = SessionTimers(mode=TimerMode.OFFER, refresher=Preference.US)
    itsp = replace(itsp, session_timer=offering, transfer=Transfers(mode=TransferMode.REFER))
    call = inbound(make(replace(terms, trunks=(itsp,))))
    checker = Checker(call.caller)
    allow = "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO, MESSAGE, REFER, NOTIFY\r\nSupported: timer\r\n"
    call.caller.invites(headers=allow)
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.caller.heard(), call.callee.heard()
    asked(call, method)
    first = call.caller.request(method)
    checker.challenges(method)
    second = checker.accepts(method)
    assert (second.cseq.number, second.body) == (first.cseq.number + 1, first.body)
    assert second.to.tag == first.to.tag
    call.caller.says(202 if method == "REFER" else 200, to=method,
                     sdp=call.caller.sdp(direction="recvonly", version=2) if method == "INVITE" else b"")  # fmt: skip
    if method in ("INVITE", "INFO", "MESSAGE", "REFER"):
        assert call.callee.heard()[-1].startswith("20"), (
            "whoever has asked hears the answer, and no challenge"
        )
    if method == "NOTIFY":
        call.callee.says(486)
    if method == "INVITE":
        call.callee.acks()
    call.callee.hangs_up(line=call.callee.lines[0])


def test_a_challenge_of_a_prack_is_answered__rfc3261_22_1(make: Make) -> None:
    call = outbound(make(known()))
    checker = Checker(call.callee)
    call.dials()
    call.callee.says(180, headers="Require: 100rel\r\nRSeq: 7\r\n")
    first = call.callee.request("PRACK")
    checker.challenges("PRACK")
    second = checker.accepts("PRACK")
    assert second.headers.get("RAck") == first.headers.get("RAck")
    assert second.cseq.number == first.cseq.number + 1
    call.callee.says(200, to="PRACK")
    call.callee.says(486)
    assert call.caller.heard() == ["180", "486"]


def test_a_change_that_the_wrong_password_prevents_is_refused_and_the_call_goes_on(make: Make) -> None:
    call = inbound(make(known()))
    checker = Checker(call.caller)
    call.connects()
    call.caller.heard(), call.callee.heard()
    call.callee.reinvites(call.callee.sdp(direction="sendonly", version=2))
    checker.challenges()
    checker.challenges(refusal=Refusal.WRONG)
    assert call.callee.heard() == ["100", "403"]
    assert call.media.plan.callee.takes
    call.callee.hangs_up()


def test_the_same_nonce_twice_is_a_wrong_password_with_an_alarm_and_no_hunting(make: Make) -> None:
    call = outbound(make(known(SBC, OTHER_SBC, password="wrong")))
    checker = Checker(call.callee)
    call.dials()
    checker.challenges()
    asked = call.callee.request("INVITE").headers
    assert call.callee.heard() == ["ACK", "INVITE"]
    nonce_before = asked.get("Proxy-Authorization")
    assert nonce_before is not None
    checker.challenges(refusal=Refusal.WRONG)
    assert call.caller.heard() == ["403"]
    attempt = call.record.attempts[-1]
    assert attempt.cause is not None
    assert (attempt.cause.status, attempt.cause.reason) == (407, "wrong-credentials")
    assert len(call.record.attempts) == 1
    alarms = [fact for fact in call.world.facts if fact.name == "trunk.credentials_refused"]
    assert [(fact.level, fact.fields["trunk"]) for fact in alarms] == [(Level.WARNING, "itsp-a")]


def test_a_stale_nonce_costs_one_more_round__rfc7616_3_3(make: Make) -> None:
    call = outbound(make(known()))
    checker = Checker(call.callee)
    call.dials()
    checker.challenges()
    checker.challenges(refusal=Refusal.STALE)
    assert call.callee.heard() == ["ACK", "INVITE", "ACK", "INVITE"]
    checker.accepts()
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.ends()


@pytest.mark.parametrize("given", ["no credentials", "another realm"])
def test_a_challenge_that_we_cannot_answer_is_403_for_the_caller(make: Make, given: str) -> None:
    call = outbound(make(settings() if given == "no credentials" else known(realm="elsewhere.example")))
    call.dials()
    Checker(call.callee).challenges()
    assert call.callee.heard() == ["ACK"]
    assert call.caller.heard() == ["403"]


def test_a_front_end_that_challenges_learns_nothing__reliability_21(make: Make) -> None:
    call = inbound(make(known()))
    call.dials()
    Checker(call.callee, asker=Asker.USER_AGENT).challenges()
    assert call.callee.heard() == ["ACK"]
    assert call.caller.heard() == ["403"]


def test_a_caller_who_gives_up_before_the_challenge_is_not_announced_again(make: Make) -> None:
    call = outbound(make(known()))
    call.caller.invites()
    call.caller.cancels()
    assert call.caller.heard() == ["100", "200 CANCEL", "487"]
    Checker(call.callee).challenges()
    assert call.callee.heard() == ["INVITE", "ACK"]


def test_a_cancel_after_the_challenge_waits_for_a_response_to_the_new_invite__rfc3261_9_1(make: Make) -> None:
    call = outbound(make(known()))
    checker = Checker(call.callee)
    call.dials()
    checker.challenges()
    call.callee.heard()
    call.caller.cancels()
    assert call.callee.heard() == []
    call.callee.says(100)
    assert call.callee.heard() == ["CANCEL"]
    call.callee.says(200, to="CANCEL")
    call.callee.says(487)
    assert call.callee.heard() == ["ACK"]


def guarded() -> Settings:
    """A trunk whose calls must prove who places them."""
    return settings(replace(known().trunks[0], authenticate=True))


def proves(caller: Peer, password: str, *, sequence: int) -> None:
    """The caller says its INVITE again, as an answer to our 401."""
    asked = caller.response(401)
    client = DigestClient(Credentials(USER, password))
    invite = Request("INVITE", caller.line.target, Headers([("CSeq", "7 INVITE"), ("Call-ID", "x")]))
    answer = client.challenged(asked, invite, sequence=sequence, via="unused", cnonce="c0ffee")
    assert isinstance(answer, Answer)
    line = caller.line
    caller.lines.remove(line)  # the same call, begun again
    caller.invites(
        call_id=line.call_id,
        sequence=sequence,
        headers=f"Authorization: {answer.request.headers.get('Authorization')}\r\n",
    )


def test_a_trunk_that_must_authenticate_is_challenged_before_anything_is_spent__rfc3261_22_2(
    make: Make,
) -> None:
    call = inbound(make(guarded()))
    call.caller.invites()
    assert call.caller.heard() == ["401"]
    assert call.callee.heard() == []
    proves(call.caller, PASSWORD, sequence=8)
    assert call.caller.heard() == ["100"]
    assert call.callee.heard() == ["INVITE"]
    call.callee.says(200, sdp=call.callee.sdp())
    call.caller.acks()
    call.ends()


def test_wrong_credentials_are_asked_again_and_told_to_the_operator(make: Make) -> None:
    call = inbound(make(guarded()))
    call.caller.invites()
    proves(call.caller, "wrong", sequence=8)
    assert call.caller.heard() == ["401", "401"]
    assert call.callee.heard() == []
    assert [fact.name for fact in call.world.facts] == ["trunk.authentication_failed"]


def test_health_checks_of_a_trunk_that_must_authenticate_are_answered(make: Make) -> None:
    call = inbound(make(guarded()))
    call.caller.asks("OPTIONS")
    assert call.caller.heard() == ["200 OPTIONS"]
