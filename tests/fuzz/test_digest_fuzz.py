"""Whatever a challenge or an Authorization holds, the outcome is a value or our own error; and in time."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.sip.challenge import Authorization, Challenge
from mediation.sip.digest_client import MOST_SPACES, Answer, Credentials, DigestClient, GiveUp
from mediation.sip.digest_server import Authenticated, DigestServer, Refusal
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response

SECRET = bytes(32)
CHALLENGES = [
    'Digest realm="a", nonce="n", opaque="", stale=FALSE, algorithm=MD5, qop="auth,auth-int", domain="sip:x"',
    'Digest realm="a", nonce="n", algorithm=SHA-256-sess, userhash=true, charset=UTF-8',
    'NTLM realm="a", targetname="b", version=4, Digest realm=a,nonce=n, Negotiate YII/+==',
]
ANSWERS = [
    'Digest username="alice", realm="a", nonce="0.t.00", uri="sip:a", response="0123456789abcdef", qop=auth, nc=1',
    'Digest username="al\\"ice", realm=a, nonce="n", uri="sip:a", response="00"',
]
SPITEFUL = [
    '"', "\\", ",", "=", " ", "\t", ";", "Digest", "Digest ", ", Digest ", 'realm="', "nonce=", "nonce=n", "qop=",
    "algorithm=", "nc=", "nc=1_0", "nc=\u0661", "nc=-1", "stale=true", "username*=", "\x00", "\x0b", "\x85", "\xa0",
    "\u2028", "\udcff", "\u017f", "9" * 5000, '"' * 50, "\\" * 50, "a=" * 50,
]  # fmt: skip

Mutation = Callable[[str], str]


def spliced(at: float, cut: int, piece: str) -> Mutation:
    """Put `piece` in the place of `cut` characters, at that fraction of the length."""

    def mutate(text: str) -> str:
        begin = int(at * len(text))
        return text[:begin] + piece + text[begin + cut :]

    return mutate


OCTETS = st.binary(max_size=30).map(lambda octets: octets.decode("utf-8", "surrogateescape"))


@st.composite
def mutated(draw: st.DrawFn, texts: list[str]) -> str:
    text = draw(st.sampled_from(texts))
    for mutate in draw(
        st.lists(
            st.builds(spliced, st.floats(0, 1), st.integers(0, 30), st.sampled_from(SPITEFUL) | OCTETS),
            max_size=5,
        )
    ):
        text = mutate(text)
    return text


def request(*values: str) -> Request:
    pairs = [("Via", "SIP/2.0/UDP a"), ("Call-ID", "c"), ("CSeq", "1 INVITE")]
    return Request(
        "INVITE", "sip:a", Headers([*pairs, *(("Authorization", value) for value in values)]), b"x"
    )


@settings(max_examples=400)
@given(mutated(CHALLENGES + ANSWERS) | OCTETS)
def test_any_text_is_a_challenge_or_our_error(text: str) -> None:
    for challenge in Challenge.read_all(text):
        assert Challenge.parse(str(challenge)) == challenge
    try:
        assert Challenge.read_all(text) == (Challenge.parse(text),)
    except RemoteSipError as error:
        assert error.status == 400  # noqa: PT017 - it may also succeed


@settings(max_examples=400)
@given(mutated(ANSWERS + CHALLENGES) | OCTETS)
def test_any_text_is_an_authorization_or_our_error(text: str) -> None:
    try:
        answer = Authorization.parse(text)
    except RemoteSipError as error:
        assert error.status == 400  # noqa: PT017 - it may also succeed
        assert Authorization.read(text) is None
    else:
        assert Authorization.parse(str(answer)) == answer


@settings(max_examples=300)
@given(st.lists(mutated(ANSWERS + CHALLENGES) | OCTETS, max_size=6))
def test_any_authorization_is_judged__cve_2023_28098(values: list[str]) -> None:
    ours = DigestServer("a", {"alice": "secret"}.get, SECRET)
    assert ours.verify(request(*values), now=1.0) in tuple(Refusal)


@settings(max_examples=300)
@given(st.lists(mutated(CHALLENGES + ANSWERS) | OCTETS, max_size=6), st.integers(0, 2))
def test_any_challenge_is_answered_or_given_up_in_a_few_rounds(values: list[str], proxies: int) -> None:
    client = DigestClient(Credentials("alice", "secret"))
    headers = Headers(
        [
            ("Proxy-Authenticate" if index < proxies else "WWW-Authenticate", value)
            for index, value in enumerate(values)
        ]
    )
    sent = request()
    for number in range(2, 5):
        outcome = client.challenged(Response(401, "", headers), sent, sequence=number, via="v", cnonce="c")
        if isinstance(outcome, GiveUp):
            break
        assert isinstance(outcome, Answer)
        sent = outcome.request
        assert sent.headers.get("CSeq") == f"{number} INVITE"
        answers = sent.headers.get_all("Authorization") + sent.headers.get_all("Proxy-Authorization")
        assert 1 <= len(answers) <= MOST_SPACES
        assert all(Authorization.parse(value) for value in answers)
        assert "secret" not in str(answers)
        assert bytes(sent).count(b"\r\n\r\n") == 1
    else:
        pytest.fail("the same challenge was answered thrice")


@settings(max_examples=200)
@given(st.floats(0, 1), st.integers(0, 3), st.sampled_from(SPITEFUL) | OCTETS)
def test_a_good_answer_that_was_touched_proves_nobody_else(at: float, cut: int, piece: str) -> None:
    ours = DigestServer("a", {"alice": "secret", "bob": "other"}.get, SECRET)
    client = DigestClient(Credentials("alice", "secret"))
    challenge = Headers(ours.challenge(Refusal.NO_CREDENTIALS, now=0.0, token="t"))
    outcome = client.challenged(Response(401, "", challenge), request(), sequence=2, via="v", cnonce="c")
    assert isinstance(outcome, Answer)
    touched = spliced(at, cut, piece)(outcome.request.headers.get("Authorization") or "")
    assert ours.verify(request(touched), now=1.0) in (Authenticated("alice"), *Refusal)


@pytest.mark.parametrize(
    "piece", ['"', "a", "a ", "a=", 'a="', 'a="b" ', "\\", '"\\', ",", " ", "=", "Digest ", 'Digest a="b", ']
)
def test_hostile_length_costs_time_in_proportion(piece: str) -> None:
    """A whole message of one piece, as header value; a parser of higher order would take minutes."""
    text = "Digest realm=a, nonce=b, " + piece * (65_000 // len(piece))
    begin = time.perf_counter()
    for value in (text, text + '"', text + "\x00"):
        Challenge.read_all(value)
        Authorization.read(value)
    assert time.perf_counter() - begin < 5.0
