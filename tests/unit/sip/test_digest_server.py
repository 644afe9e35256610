"""mediation.sip.digest_server and mediation.sip.nonces; and client and server together"""

import hmac
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.sip.challenge import Asker, Authorization, Challenge, escaped
from mediation.sip.digest import Algorithm, proof
from mediation.sip.digest_client import Answer, Credentials, DigestClient, GiveUp, Reason
from mediation.sip.digest_server import Authenticated, DigestServer, Refusal
from mediation.sip.errors import LocalSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response
from mediation.sip.nonces import MOST_NONCES, WINDOW, Nonces

SECRET = bytes(range(32))
USERS = {"alice": "secret", "bob": ""}


def server(secret: bytes = SECRET, **options: object) -> DigestServer:
    return DigestServer("sip.example", USERS.get, secret, **options)  # type: ignore[arg-type]  # as each test says


def request(method: str = "INVITE", *values: str, body: bytes = b"") -> Request:
    pairs = [("Call-ID", "call"), ("CSeq", f"1 {method}"), ("Via", "SIP/2.0/UDP a")]
    return Request(
        method,
        "sip:+49@sip.example",
        Headers([*pairs, *(("Authorization", value) for value in values)]),
        body,
    )


def nonce_of(ours: DigestServer, now: float = 0.0, token: str = "t") -> str:
    return Challenge.parse(ours.challenge(Refusal.NO_CREDENTIALS, now=now, token=token)[0][1]).nonce


def answer_to(
    nonce: str,
    *,
    username: str = "alice",
    password: str = "secret",
    algorithm: Algorithm = Algorithm.SHA_256,
    qop: str = "auth",
    count: int = 1,
) -> Authorization:
    """What a right client sends, made without ours."""
    counted = f"{count:08x}" if qop else ""
    response = proof(
        algorithm,
        username=username,
        password=password,
        realm="sip.example",
        nonce=nonce,
        method="INVITE",
        uri="sip:x",
        qop=qop,
        count=counted,
        cnonce="c",
    )
    return Authorization(
        escaped(username), "sip.example", nonce, "sip:x", response, str(algorithm), "c", None, qop, counted
    )


def test_a_challenge_names_all_algorithms_the_strongest_on_top__rfc8760() -> None:
    ours = server(algorithms=(Algorithm.MD5, Algorithm.SHA_512_256, Algorithm.SHA_256))
    fields = ours.challenge(Refusal.NO_CREDENTIALS, now=1.0, token="t")
    assert {name for name, _ in fields} == {"WWW-Authenticate"}
    challenges = [Challenge.parse(value) for _, value in fields]
    assert [challenge.algorithm for challenge in challenges] == ["SHA-512-256", "SHA-256", "MD5"]
    assert {(c.realm, c.qop, c.stale) for c in challenges} == {("sip.example", ("auth",), False)}
    assert ours.status == 401


def test_only_an_aged_nonce_is_called_stale__rfc7616_3_3() -> None:
    for refusal in Refusal:
        _, value = server().challenge(refusal, now=1.0, token="t")[0]
        assert Challenge.parse(value).stale is (refusal is Refusal.STALE)


def test_a_right_answer_tells_who_it_is() -> None:
    ours = server()
    assert ours.verify(request("INVITE", str(answer_to(nonce_of(ours)))), now=1.0) == Authenticated("alice")


def test_nothing_for_our_realm_is_no_credentials() -> None:
    ours = server()
    good = str(answer_to(nonce_of(ours)))
    for values in (
        (),
        ("Basic YWxpY2U6c2VjcmV0",),
        (good.replace("sip.example", "other.example"),),
        (good.replace('username="alice"', 'user="alice"'),),
        (f'{good}, x="',),
        (f"{good}, nc=00000002",),
        (f"{good}, {good}",),
    ):
        assert ours.verify(request("INVITE", *values), now=1.0) is Refusal.NO_CREDENTIALS


@pytest.mark.parametrize(
    "change",
    [
        {"response": "0" * 64},
        {"response": "0"},
        {"username": "bob"},
        {"username": "nobody"},
        {"uri": "sip:y"},
        {"cnonce": "d"},
        {"cnonce": None},
        {"count": "00000002"},
        {"count": "1"},
        {"count": ""},
        {"qop": "auth-int"},
        {"qop": ""},
        {"algorithm": "SHA-512-256"},
        {"algorithm": "SHA-256-sess"},
        {"algorithm": "SHA-1"},
        {"algorithm": ""},
        {"userhash": True},
        {"nonce": "another"},
    ],
    ids=str,
)
def test_whatever_is_changed_in_an_answer_makes_it_wrong(change: dict[str, str]) -> None:
    ours = server()
    changed = replace(answer_to(nonce_of(ours)), **change)  # type: ignore[arg-type]  # one of the fields
    assert ours.verify(request("INVITE", str(changed)), now=1.0) is Refusal.WRONG


def test_what_was_not_offered_is_wrong_even_with_the_right_password__rfc7616_3_4() -> None:
    ours = server(algorithms=(Algorithm.SHA_256,))
    nonce = nonce_of(ours)
    uncounted = proof(
        Algorithm.SHA_256,
        username="alice",
        password="secret",
        realm="sip.example",
        nonce=nonce,
        method="INVITE",
        uri="sip:x",
        qop="auth",
        cnonce="c",
    )
    for answer in (
        answer_to(nonce, algorithm=Algorithm.MD5),
        answer_to(nonce, algorithm=Algorithm.SHA_512_256),
        answer_to(nonce, algorithm=Algorithm.SHA_256_SESS),
        answer_to(nonce, qop="auth-int"),
        answer_to(nonce, qop="auth-conf"),
        replace(answer_to(nonce), response=uncounted, count=""),
    ):
        assert ours.verify(request("INVITE", str(answer)), now=1.0) is Refusal.WRONG
    assert ours.verify(request("INVITE", str(answer_to(nonce))), now=1.0) == Authenticated("alice")


def test_a_stale_answer_weighs_more_than_a_wrong_one() -> None:
    ours = server()
    stale = answer_to("old")
    wrong = replace(stale, response="00")
    for answers in ((stale, wrong), (wrong, stale)):
        assert ours.verify(request("INVITE", *map(str, answers)), now=1.0) is Refusal.STALE


def test_an_answer_is_good_for_its_method_only__rfc7616_3_4_3() -> None:
    ours = server()
    assert ours.verify(request("BYE", str(answer_to(nonce_of(ours)))), now=1.0) is Refusal.WRONG


def test_an_unknown_user_is_refused_even_with_the_empty_password() -> None:
    ours = server()
    nonce = nonce_of(ours)
    unknown = answer_to(nonce, username="nobody", password="")
    assert ours.verify(request("INVITE", str(unknown)), now=1.0) is Refusal.WRONG
    known = answer_to(nonce, username="bob", password="")
    assert ours.verify(request("INVITE", str(known)), now=1.0) == Authenticated("bob")


def test_a_good_answer_counts_wherever_it_stands() -> None:
    ours = server()
    good = answer_to(nonce_of(ours))
    wrong = replace(good, response="00")
    elsewhere = replace(good, realm="other")
    values = (str(elsewhere), "Digest broken", str(wrong), str(good))
    assert ours.verify(request("INVITE", *values), now=1.0) == Authenticated("alice")
    many = [str(wrong)] * 50
    assert ours.verify(request("INVITE", *many, str(answer_to(nonce_of(ours)))), now=1.0) is Refusal.WRONG


def test_an_aged_nonce_is_stale_only_for_who_knows_the_password__rfc7616_3_3() -> None:
    ours = server(lifetime_s=60.0)
    nonce = nonce_of(ours, now=100.0)
    right = request("INVITE", str(answer_to(nonce)))
    assert ours.verify(right, now=160.1) is Refusal.STALE
    assert ours.verify(right, now=99.9) is Refusal.STALE  # a clock that was set back
    wrong = request("INVITE", str(answer_to(nonce, password="guess")))
    assert ours.verify(wrong, now=160.1) is Refusal.WRONG
    assert ours.verify(right, now=160.0) == Authenticated("alice")


@pytest.mark.parametrize("nonce", ["x", "..", "0.t.", "-1.t.00", "\udc80", "0.t." + "0" * 32])
def test_a_nonce_of_somebody_else_is_stale(nonce: str) -> None:
    ours = server()
    assert ours.verify(request("INVITE", str(answer_to(nonce))), now=0.0) is Refusal.STALE
    assert len(ours._nonces) == 0


def test_a_nonce_is_signed_for_its_realm_and_secret() -> None:
    nonce = nonce_of(server(secret=b"another secret of ours"))
    assert server().verify(request("INVITE", str(answer_to(nonce))), now=0.0) is Refusal.STALE
    assert not Nonces("b", SECRET, 60.0).take(Nonces("a", SECRET, 60.0).issue(0.0, "t"), 1, 0.0)


def test_nonces_of_one_moment_differ_by_their_token() -> None:
    issuer = Nonces("r", SECRET, 60.0)
    assert issuer.issue(1.0, "a") != issuer.issue(1.0, "b")
    assert issuer.issue(1.0, "a") != issuer.issue(1.001, "a")


def test_a_count_is_taken_once_and_may_be_overtaken__rfc7616_5_4() -> None:
    ours = server()
    nonce = nonce_of(ours)

    def sends(count: int) -> Authenticated | Refusal:
        return ours.verify(request("INVITE", str(answer_to(nonce, count=count))), now=1.0)

    alice = Authenticated("alice")
    assert [sends(count) for count in (1, 1, 3, 2, 2, 3)] == [
        alice,
        Refusal.STALE,
        alice,
        alice,
        Refusal.STALE,
        Refusal.STALE,
    ]
    assert sends(0xFFFFFFFF) == alice
    assert sends(0xFFFFFFFF - WINDOW) is Refusal.STALE
    assert sends(0xFFFFFFFF - WINDOW + 1) == alice
    assert len(ours._nonces) == 1


@given(st.lists(st.integers(0, 200), max_size=120))
def test_no_count_is_ever_taken_twice(counts: list[int]) -> None:
    issuer = Nonces("r", SECRET, 60.0)
    nonce = issuer.issue(0.0, "t")
    taken = [count for count in counts if issuer.take(nonce, count, 1.0)]
    assert len(taken) == len(set(taken))
    assert counts == [] or taken[0] == counts[0]
    rising = [count for index, count in enumerate(counts) if count > max(counts[:index], default=-1)]
    assert set(rising) <= set(taken)


def test_a_client_that_does_not_count_uses_each_nonce_once__rfc2069() -> None:
    ours = server(algorithms=(Algorithm.MD5,))
    nonce = nonce_of(ours)
    old = replace(answer_to(nonce, algorithm=Algorithm.MD5, qop=""), algorithm="", cnonce=None)
    assert ours.verify(request("INVITE", str(old)), now=1.0) == Authenticated("alice")
    assert ours.verify(request("INVITE", str(old)), now=1.0) is Refusal.STALE
    counted = answer_to(nonce, algorithm=Algorithm.MD5)
    assert ours.verify(request("INVITE", str(counted)), now=1.0) is Refusal.STALE


def test_strangers_leave_nothing_behind() -> None:
    ours = server()
    for number in range(50):
        nonce = nonce_of(ours, token=f"t{number}")
        ours.verify(request("INVITE", str(answer_to(nonce, password="guess"))), now=1.0)
    assert len(ours._nonces) == 0


def test_a_full_memory_forgets_the_older_half_and_takes_nothing_of_it_again() -> None:
    issuer = Nonces("r", SECRET, 600.0)
    issued = [issuer.issue(number / 1000, "t") for number in range(MOST_NONCES)]
    assert all(issuer.take(nonce, 1, 10.0) for nonce in issued)
    one_more = issuer.issue(10.0, "t")
    assert issuer.take(one_more, 1, 10.0)
    assert len(issuer) == MOST_NONCES // 2 + 1
    assert not any(issuer.take(nonce, 2, 10.0) for nonce in issued[: MOST_NONCES // 2])
    assert all(issuer.take(nonce, 2, 10.0) for nonce in issued[MOST_NONCES // 2 :])
    assert not any(issuer.take(nonce, 2, 10.0) for nonce in issued)


def test_aged_nonces_make_room_first() -> None:
    issuer = Nonces("r", SECRET, 60.0)
    for number in range(MOST_NONCES):
        issuer.take(issuer.issue(0.0, f"t{number}"), 1, 0.0)
    young = issuer.issue(0.0, "young")
    assert issuer.take(issuer.issue(60.001, "t"), 1, 60.001)
    assert len(issuer) == 1
    assert issuer.take(young, 1, 60.0)


def test_answers_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    plain = hmac.compare_digest

    def watched(left: Any, right: Any) -> bool:
        compared.append(len(left))
        return plain(left, right)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    ours = server()
    ours.verify(request("INVITE", str(answer_to(nonce_of(ours)))), now=1.0)
    ours.verify(request("INVITE", str(answer_to(nonce_of(ours), username="nobody"))), now=1.0)
    assert compared == [64, 32, 64]


@pytest.mark.parametrize(
    "options",
    [{"secret": b"short"}, {"algorithms": ()}, {"qop": ()}],
    ids=str,
)
def test_a_server_that_could_not_work_is_a_mistake_of_ours(options: dict[str, object]) -> None:
    with pytest.raises(LocalSipError):
        server(**options)  # type: ignore[arg-type]  # as each case says


@pytest.mark.parametrize("realm", ['a"b', "a\\b", "a\nb", "ä"])
def test_a_realm_that_two_could_read_differently_is_a_mistake_of_ours(realm: str) -> None:
    with pytest.raises(LocalSipError):
        DigestServer(realm, USERS.get, SECRET)


def test_a_token_that_is_none_is_a_mistake_of_ours() -> None:
    with pytest.raises(LocalSipError):
        server().challenge(Refusal.WRONG, now=0.0, token='"')


# client and server together

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12)
NAMES = TEXTS.filter(bool)


def exchange(client: DigestClient, ours: DigestServer, sent: Request, now: float) -> tuple[Request, object]:
    """One refusal of `sent` and the client's answer to it, judged."""
    refusal = ours.verify(sent, now=now)
    assert isinstance(refusal, Refusal)
    number = sent.cseq.number + 1
    response = Response(
        ours.status, "", Headers(ours.challenge(refusal, now=now, token=f"t{number}{int(now)}"))
    )
    outcome = client.challenged(response, sent, sequence=number, via="SIP/2.0/UDP a", cnonce=f"c{number}")
    if isinstance(outcome, GiveUp):
        return sent, outcome
    assert isinstance(outcome, Answer)
    return outcome.request, ours.verify(outcome.request, now=now)


@settings(max_examples=60)
@given(
    username=NAMES,
    password=TEXTS,
    algorithms=st.lists(st.sampled_from(Algorithm), min_size=1, unique=True).map(tuple),
    qop=st.sampled_from([("auth",), ("auth-int",), ("auth", "auth-int")]),
    asker=st.sampled_from(Asker),
    body=st.binary(max_size=30),
)
def test_client_and_server_agree_whatever_the_algorithm_and_protection(
    username: str,
    password: str,
    algorithms: tuple[Algorithm, ...],
    qop: tuple[str, ...],
    asker: Asker,
    body: bytes,
) -> None:
    ours = DigestServer(
        "sip.example",
        {username: password}.get,
        SECRET,
        algorithms=algorithms,
        qop=qop,
        asker=asker,
        lifetime_s=60.0,
    )
    client = DigestClient(Credentials(username, password))
    sent, verdict = exchange(client, ours, request(body=body), 0.0)
    assert verdict == Authenticated(username)
    used = Authorization.parse(sent.headers.get(asker.answer_header) or "")
    strongest = max(algorithm.strength for algorithm in algorithms)
    assert Algorithm(used.algorithm).strength == strongest
    # octets that were changed on the way are noticed where the body is protected
    touched = client.authorize(request(body=body)).replace(body=body + b"x")
    noticed = ours.verify(touched, now=1.0) is Refusal.WRONG
    assert noticed is ("auth" not in qop)
    # later requests are good at once, until the nonce is stale; then one more round helps
    for method in ("UPDATE", "BYE"):
        assert ours.verify(client.authorize(request(method)), now=2.0) == Authenticated(username)
    late = client.authorize(request("INFO", body=body))
    assert ours.verify(late, now=61.0) is Refusal.STALE
    assert exchange(client, ours, late, 61.0)[1] == Authenticated(username)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_wrong_password_is_noticed_by_both(algorithm: Algorithm) -> None:
    ours = server(algorithms=(algorithm,))
    client = DigestClient(Credentials("alice", "guess"))
    sent, verdict = exchange(client, ours, request(), 0.0)
    assert verdict is Refusal.WRONG
    sent, verdict = exchange(client, ours, sent, 1.0)  # the nonce has changed: once more
    assert verdict is Refusal.WRONG
    _, verdict = exchange(client, ours, sent, 2.0)
    assert verdict == GiveUp(Reason.REFUSED, "sip.example")


def test_what_was_overheard_can_not_be_sent_again__rfc7616_5_4() -> None:
    ours = server()
    client = DigestClient(Credentials("alice", "secret"))
    sent, verdict = exchange(client, ours, request(), 0.0)
    assert verdict == Authenticated("alice")
    assert ours.verify(sent, now=1.0) is Refusal.STALE
