"""mediation.sip.digest_client"""

from itertools import product

import pytest

from mediation.sip.challenge import Asker, Authorization, Challenge
from mediation.sip.digest import Algorithm, proof
from mediation.sip.digest_client import (
    MOST_ANSWERS,
    MOST_CHAINS,
    MOST_SPACES,
    Answer,
    Credentials,
    DigestClient,
    GiveUp,
    Reason,
    credentials_of,
)
from mediation.sip.errors import LocalSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response

TRUNK = Credentials("alice", "secret", "itsp.example")
ANYWHERE = Credentials("alice", "secret")
WWW = "WWW-Authenticate"
PROXY = "Proxy-Authenticate"


def request(method: str = "INVITE", sequence: int = 1, body: bytes = b"v=0\r\n") -> Request:
    return Request(
        method,
        "sip:+4930123@itsp.example",
        Headers(
            [
                ("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1"),
                ("Route", "<sip:sbc.itsp.example;lr>"),
                ("From", "<sip:+4989@us.example>;tag=f"),
                ("To", "<sip:+4930123@itsp.example>"),
                ("Call-ID", "call"),
                ("CSeq", f"{sequence} {method}"),
            ]
        ),
        body,
    )


def refusal(*values: str, status: int = 401, header: str = WWW) -> Response:
    return Response(status, "", Headers([(header, value) for value in values]))


def digest(nonce: str, realm: str = "itsp.example", extra: str = "") -> str:
    return f'Digest realm="{realm}", nonce="{nonce}"{extra}'


def challenge(client: DigestClient, sent: Request, *values: str, header: str = WWW) -> Answer | GiveUp:
    """The client's verdict on a refusal of what was sent; everything that it needs is derived from the number."""
    number = sent.cseq.number + 1
    return client.challenged(
        refusal(*values, header=header), sent, sequence=number, via=f"via {number}", cnonce=f"c{number}"
    )


def answered(outcome: Answer | GiveUp) -> Request:
    assert isinstance(outcome, Answer), outcome
    return outcome.request


def answer_in(sent: Request, header: str = "Authorization") -> Authorization:
    (value,) = sent.headers.get_all(header)
    return Authorization.parse(value)


def test_a_challenged_request_is_repeated_with_credentials__rfc3261_22_2() -> None:
    first = request()
    outcome = challenge(DigestClient(TRUNK), first, digest("n", extra=', opaque="o", algorithm=MD5'))
    assert isinstance(outcome, Answer)
    assert outcome.realms == ("itsp.example",)
    again = outcome.request
    assert again.cseq.number == 2
    assert again.headers.get_all("Via") == ("via 2",)
    for kept in ("Route", "From", "To", "Call-ID"):
        assert again.headers.get(kept) == first.headers.get(kept)
    assert (again.method, again.request_uri, again.body) == ("INVITE", first.request_uri, first.body)
    expected = proof(
        Algorithm.MD5,
        username="alice",
        password="secret",
        realm="itsp.example",
        nonce="n",
        method="INVITE",
        uri=first.request_uri,
    )
    assert again.headers.get("Authorization") == (
        'Digest username="alice", realm="itsp.example", nonce="n", uri="sip:+4930123@itsp.example", '
        f'response="{expected}", algorithm=MD5, opaque="o"'
    )


def test_a_proxy_is_answered_in_its_own_header__rfc3261_22_3() -> None:
    again = answered(challenge(DigestClient(TRUNK), request(), digest("n"), header=PROXY))
    assert not again.headers.has("Authorization")
    assert answer_in(again, "Proxy-Authorization").nonce == "n"


def test_only_what_was_asked_for_is_sent__rfc2069() -> None:
    answer = answer_in(answered(challenge(DigestClient(TRUNK), request(), digest("n"))))
    assert (answer.algorithm, answer.qop, answer.count, answer.cnonce, answer.opaque) == (
        "",
        "",
        "",
        None,
        None,
    )


def test_auth_is_preferred_and_auth_int_covers_the_body__rfc7616_3_4_3() -> None:
    both = answer_in(
        answered(challenge(DigestClient(TRUNK), request(), digest("n", extra=', qop="auth-int,auth"')))
    )
    assert (both.qop, both.count, both.cnonce) == ("auth", "00000001", "c2")
    with_body, without = (
        answer_in(
            answered(
                challenge(DigestClient(TRUNK), request(body=body), digest("n", extra=", qop=auth-int, x=y"))
            )
        )
        for body in (b"v=0\r\n", b"")
    )
    assert with_body.qop == without.qop == "auth-int"
    assert with_body.response != without.response


def test_a_session_algorithm_sends_its_cnonce_even_without_qop__rfc2617_erratum_1649() -> None:
    answer = answer_in(
        answered(challenge(DigestClient(TRUNK), request(), digest("n", extra=", algorithm=MD5-sess")))
    )
    assert (answer.cnonce, answer.count) == ("c2", "")


def test_a_user_name_is_hashed_where_the_server_wants_it__rfc7616_3_4_4() -> None:
    answer = answer_in(
        answered(challenge(DigestClient(TRUNK), request(), digest("n", extra=", userhash=true")))
    )
    assert answer.userhash
    assert answer.username == Algorithm.MD5.hash(b"alice:itsp.example")


def test_names_and_uris_are_escaped_and_hashed_as_they_are() -> None:
    client = DigestClient(Credentials('CORP\\al"ice', "secret"))
    sent = answered(challenge(client, request(), digest("n", realm='a \\"b\\"')))
    assert 'username="CORP\\\\al\\"ice", realm="a \\"b\\""' in (sent.headers.get("Authorization") or "")
    assert answer_in(sent).response == proof(
        Algorithm.MD5,
        username='CORP\\al"ice',
        password="secret",
        realm='a "b"',
        nonce="n",
        method="INVITE",
        uri=sent.request_uri,
    )


# which challenges


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_the_strongest_known_algorithm_is_answered_wherever_it_stands__rfc8760(
    order: tuple[int, ...],
) -> None:
    values = [
        digest("0"),
        digest("1", extra=", algorithm=SHA-256"),
        digest("2", extra=", algorithm=SHA-512-256"),
        digest("3", extra=", algorithm=SHA-1024"),
    ]
    again = answered(challenge(DigestClient(TRUNK), request(), *(values[index] for index in order)))
    assert answer_in(again).algorithm == "SHA-512-256"
    on_one_line = ", ".join(values[index] for index in order)
    again = answered(challenge(DigestClient(TRUNK), request(), on_one_line))
    assert answer_in(again).nonce == "2"


def test_of_equally_strong_challenges_the_topmost_is_answered__rfc8760() -> None:
    values = [digest("1", extra=", algorithm=MD5-sess"), digest("2", extra=", algorithm=MD5")]
    assert answer_in(answered(challenge(DigestClient(TRUNK), request(), *values))).nonce == "1"


def test_each_realm_is_answered_once__rfc3261_22_3() -> None:
    client = DigestClient(Credentials("u", "p", "a"), Credentials("v", "q", "b"))
    response = Response(
        407,
        "",
        Headers(
            [
                (WWW, digest("1", "a")),
                (PROXY, digest("2", "a")),
                (PROXY, digest("3", "b")),
                (PROXY, digest("4", "a", ", algorithm=SHA-256")),
                (PROXY, digest("5", "c")),
            ]
        ),
    )
    outcome = client.challenged(response, request(), sequence=2, via="v", cnonce="c")
    assert isinstance(outcome, Answer)
    assert outcome.realms == ("a", "a", "b")
    answers = [Authorization.parse(value) for value in outcome.request.headers.get_all("Proxy-Authorization")]
    assert [(answer.username, answer.nonce) for answer in answers] == [("u", "4"), ("v", "3")]
    assert answer_in(outcome.request).nonce == "1"


def test_credentials_of_the_realm_go_before_those_of_any_realm() -> None:
    for realm, username in (("a", "own"), ("A", "any")):
        client = DigestClient(Credentials("any", "p"), Credentials("own", "p", "a"))
        assert answer_in(answered(challenge(client, request(), digest("n", realm)))).username == username


def test_a_realm_that_is_not_ours_learns_nothing__cve_2021_41158() -> None:
    outcome = challenge(DigestClient(TRUNK), request(), digest("n", "evil"), digest("n", "evil2"))
    assert outcome == GiveUp(Reason.FOREIGN, "evil2")


def test_a_client_without_credentials_never_answers__cve_2021_41158() -> None:
    client = DigestClient()
    assert challenge(client, request("BYE"), digest("n")) == GiveUp(Reason.FOREIGN, "itsp.example")
    assert client.authorize(request("BYE", 2)) == request("BYE", 2)


@pytest.mark.parametrize(
    "values",
    [
        (),
        ('Basic realm="itsp.example"',),
        (digest("n", extra=", algorithm=SHA-1"), digest("n", extra=", qop=auth-conf")),
        ('Digest realm="itsp.example"', digest("n") + ', x="'),
    ],
)
def test_a_challenge_that_can_not_be_understood_ends_it(values: tuple[str, ...]) -> None:
    assert challenge(DigestClient(TRUNK), request(), *values) == GiveUp(Reason.UNREADABLE)


@pytest.mark.parametrize("method", ["ACK", "CANCEL"])
def test_ack_and_cancel_are_never_answered__rfc3261_22_1(method: str) -> None:
    client = DigestClient(TRUNK)
    assert challenge(client, request(method), digest("n")) == GiveUp(Reason.UNCHALLENGEABLE)
    answered(challenge(client, request(), digest("n")))
    assert client.authorize(request(method)) == request(method)


# how often


CARRIED = {"nothing": None, "the same nonce": "n", "another nonce": "old"}


@pytest.mark.parametrize(
    ("carried", "stale", "answers"), list(product(CARRIED, (False, True), (0, 1, 2))), ids=str
)
def test_every_case_of_the_table_is_decided__rfc3261_22_1(carried: str, stale: bool, answers: int) -> None:
    client = DigestClient(TRUNK)
    sent = request()
    for number in range(answers):
        sent = answered(challenge(client, sent, digest(f"before {number}")))
    sent = sent.replace(headers=sent.headers.without("Authorization"))
    nonce = CARRIED[carried]
    if nonce is not None:
        value = f'{digest(nonce)}, username="alice", uri="sip:x", response="00"'
        sent = sent.replace(headers=sent.headers.append("Authorization", value))
    outcome = challenge(client, sent, digest("n", extra=", stale=true" if stale else ""))
    if (carried == "the same nonce" and not stale) or answers == 2:
        assert outcome == GiveUp(Reason.REFUSED, "itsp.example")
    else:
        assert answer_in(answered(outcome)).nonce == "n"


def test_the_same_nonce_again_means_a_wrong_password__rfc3261_22_1() -> None:
    client = DigestClient(TRUNK)
    second = answered(challenge(client, request(), digest("n")))
    assert challenge(client, second, digest("n")) == GiveUp(Reason.REFUSED, "itsp.example")


def test_a_server_that_renews_its_nonce_each_time_is_tried_twice() -> None:
    client = DigestClient(TRUNK)
    second = answered(challenge(client, request(), digest("1")))
    third = answered(challenge(client, second, digest("2")))
    assert answer_in(third).nonce == "2"
    assert len(client._chains) == 1
    assert challenge(client, third, digest("3")) == GiveUp(Reason.REFUSED, "itsp.example")
    # and a later request begins anew
    later = client.authorize(request("BYE", 9))
    assert answer_in(answered(challenge(client, later, digest("4")))).nonce == "4"


def test_a_stale_nonce_that_is_offered_again_keeps_its_count__rfc7616_3_4() -> None:
    client = DigestClient(TRUNK)
    second = answered(challenge(client, request(), digest("n", extra=", qop=auth")))
    third = answered(challenge(client, second, digest("n", extra=", qop=auth, stale=TRUE")))
    assert (answer_in(third).count, answer_in(third).cnonce) == ("00000002", "c2")


def test_a_new_nonce_begins_a_count_of_its_own__rfc7616_3_4() -> None:
    client = DigestClient(TRUNK)
    second = answered(challenge(client, request(), digest("1", extra=", qop=auth")))
    third = answered(challenge(client, second, digest("2", extra=", qop=auth, stale=true")))
    assert (answer_in(third).count, answer_in(third).cnonce) == ("00000001", "c3")


def test_proxies_in_line_are_all_answered_in_the_end__rfc3261_22_3() -> None:
    client = DigestClient(Credentials("u", "p", "first"), Credentials("u", "p", "second"))
    second = answered(challenge(client, request(), digest("1", "first", ", qop=auth"), header=PROXY))
    third = answered(challenge(client, second, digest("2", "second", ", qop=auth"), header=PROXY))
    fourth = answered(challenge(client, third, digest("3", "first", ", qop=auth")))
    counts = [
        (answer.realm, answer.count)
        for answer in map(Authorization.parse, fourth.headers.get_all("Proxy-Authorization"))
    ]
    assert counts == [("first", "00000003"), ("second", "00000002")]
    assert answer_in(fourth).nonce == "3"


def test_a_peer_that_always_names_another_realm_is_left_in_the_end() -> None:
    client = DigestClient(ANYWHERE)
    sent = request()
    for number in range(MOST_ANSWERS):
        sent = answered(challenge(client, sent, digest("n", f"realm {number}")))
    assert challenge(client, sent, digest("n", "one more")) == GiveUp(Reason.ENDLESS, "one more")


def test_many_realms_at_once_are_not_all_answered() -> None:
    values = [digest("n", f"realm {number}") for number in range(50)]
    again = answered(challenge(DigestClient(ANYWHERE), request(), ", ".join(values)))
    assert len(again.headers.get_all("Authorization")) == MOST_SPACES


def test_requests_in_flight_at_once_do_not_use_up_each_others_tries() -> None:
    client = DigestClient(TRUNK)
    answered(challenge(client, request(), digest("0")))
    update, bye = client.authorize(request("UPDATE", 10)), client.authorize(request("BYE", 20))
    update = answered(challenge(client, update, digest("1", extra=", stale=true")))
    bye = answered(challenge(client, bye, digest("2", extra=", stale=true")))
    update = answered(challenge(client, update, digest("3", extra=", stale=true")))
    assert challenge(client, update, digest("4")) == GiveUp(Reason.REFUSED, "itsp.example")
    assert answer_in(answered(challenge(client, bye, digest("5")))).nonce == "5"


def test_what_is_remembered_has_an_end() -> None:
    client = DigestClient(ANYWHERE)
    for number in range(100):
        challenge(client, request(sequence=1000 * number + 1), digest("n", f"realm {number}"))
    assert len(client._chains) == MOST_CHAINS
    assert len(client._sessions) == MOST_SPACES
    assert len(client.authorize(request()).headers.get_all("Authorization")) == MOST_SPACES


# later requests


def test_later_requests_bring_credentials_along_with_rising_counts__rfc7616_3_6() -> None:
    client = DigestClient(TRUNK)
    assert client.authorize(request()) == request()
    answered(challenge(client, request(), digest("n", extra=", qop=auth")))
    for number, method in enumerate(("UPDATE", "INVITE", "BYE"), start=2):
        answer = answer_in(client.authorize(request(method, number)))
        assert answer.count == f"{number:08x}"
        assert answer.response == proof(
            Algorithm.MD5,
            username="alice",
            password="secret",
            realm="itsp.example",
            nonce="n",
            method=method,
            uri="sip:+4930123@itsp.example",
            qop="auth",
            count=answer.count,
            cnonce="c2",
        )


def test_credentials_that_have_aged_are_renewed_like_those_of_a_first_request() -> None:
    client = DigestClient(TRUNK)
    answered(challenge(client, request(), digest("1")))
    bye = client.authorize(request("BYE", 7))
    bye = answered(challenge(client, bye, digest("2")))
    assert answer_in(bye).nonce == "2"
    assert bye.headers.get("CSeq") == "8 BYE"
    assert answer_in(answered(challenge(client, bye, digest("3")))).nonce == "3"


def test_an_ack_repeats_the_credentials_of_its_invite__rfc3261_22_1() -> None:
    client = DigestClient(TRUNK)
    invite = answered(challenge(client, request(), digest("n")))
    invite = answered(challenge(client, invite, digest("n"), header=PROXY))
    assert credentials_of(invite) == (
        ("Authorization", invite.headers.get("Authorization")),
        ("Proxy-Authorization", invite.headers.get("Proxy-Authorization")),
    )
    assert credentials_of(request()) == ()


# secrets and mistakes of ours


def test_a_password_is_in_no_repr() -> None:
    client = DigestClient(TRUNK)
    outcome = challenge(client, request(), digest("n"))
    for shown in (TRUNK, client, outcome, client._sessions, client._credentials):
        assert "secret" not in repr(shown)
        assert "secret" not in str(shown)


@pytest.mark.parametrize(
    "arguments",
    [("", "p"), ("a\r\nb", "p"), ("a", "p\x00"), ("a", "\ud800"), ("a", "p", "r\n")],
)
def test_credentials_that_can_not_be_sent_are_a_mistake_of_ours(arguments: tuple[str, ...]) -> None:
    with pytest.raises(LocalSipError) as raised:
        Credentials(*arguments)
    assert "p" * 2 not in str(raised.value)


def test_only_401_and_407_with_a_higher_sequence_number_can_be_answered() -> None:
    client = DigestClient(TRUNK)
    for status, sequence in ((403, 2), (401, 1), (407, 0)):
        with pytest.raises(LocalSipError):
            client.challenged(
                refusal(digest("n"), status=status), request(), sequence=sequence, via="v", cnonce="c"
            )


def test_askers_and_their_headers_belong_together() -> None:
    assert [asker.answer_header for asker in Asker] == ["Authorization", "Proxy-Authorization"]
    assert Asker.PROXY.challenge_header == PROXY
    assert str(Challenge("r", "n")) == 'Digest realm="r", nonce="n"'
