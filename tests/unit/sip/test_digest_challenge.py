"""mediation.sip.challenge"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.challenge import LONGEST_VALUE, Authorization, Challenge, escaped, unescaped
from mediation.sip.errors import RemoteSipError

PLAIN = Challenge("atlanta.com", "84a4cc6f3082121f32b42a2187831a9e")

TOKENS = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)
BETWEEN_QUOTES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=20).map(escaped)
NONCES = BETWEEN_QUOTES.filter(bool)
CHALLENGES = st.builds(
    Challenge,
    realm=BETWEEN_QUOTES,
    nonce=NONCES,
    algorithm=st.just("") | TOKENS,
    qop=st.lists(TOKENS.map(str.lower), max_size=3).map(tuple),
    opaque=st.none() | BETWEEN_QUOTES,
    stale=st.booleans(),
    userhash=st.booleans(),
)
HEX = "0123456789abcdefABCDEF"
AUTHORIZATIONS = st.builds(
    Authorization,
    username=BETWEEN_QUOTES,
    realm=BETWEEN_QUOTES,
    nonce=NONCES,
    uri=NONCES,
    response=st.text(HEX, min_size=1, max_size=64),
    algorithm=st.just("") | TOKENS,
    cnonce=st.none() | BETWEEN_QUOTES,
    opaque=st.none() | BETWEEN_QUOTES,
    qop=st.just("") | TOKENS.map(str.lower),
    count=st.just("") | st.text(HEX, min_size=1, max_size=8),
    userhash=st.booleans(),
)


def test_the_challenge_of_the_rfc_gives_its_parts__rfc3261_20_44() -> None:
    value = (
        'Digest realm="atlanta.com", domain="sip:boxesbybob.com", qop="auth", '
        'nonce="f84f1cec41e6cbe5aea9c8e88d359", opaque="", stale=FALSE, algorithm=MD5'
    )
    assert Challenge.parse(value) == Challenge(
        "atlanta.com", "f84f1cec41e6cbe5aea9c8e88d359", "MD5", ("auth",), opaque=""
    )


def test_an_authorization_without_a_comma_as_in_the_call_flows_is_read__rfc3665_2_1() -> None:
    answer = Authorization.parse(
        'Digest username="bob", realm="atlanta.example.com" nonce="ea9c8e88df84f1cec4341ae6cbe5a359", opaque="", '
        'uri="sips:ss2.biloxi.example.com", response="dfe56131d1958046689d83306477ecc"'
    )
    assert answer.username == "bob"
    assert answer.nonce == "ea9c8e88df84f1cec4341ae6cbe5a359"
    assert answer.response == "dfe56131d1958046689d83306477ecc"


@pytest.mark.parametrize(
    "value",
    [
        'Digest realm="atlanta.com",nonce="84a4cc6f3082121f32b42a2187831a9e"',
        'digest nonce = "84a4cc6f3082121f32b42a2187831a9e" ,\t REALM\t=atlanta.com',
        "DIGEST realm=atlanta.com, nonce=84a4cc6f3082121f32b42a2187831a9e,",
        'Digest  realm="atlanta.com" nonce=84a4cc6f3082121f32b42a2187831a9e, algorithm=, qop=""',
        'Digest ,realm="atlanta.com",,nonce="84a4cc6f3082121f32b42a2187831a9e", stale=no, x-odd="a,\\"b"',
    ],
)
def test_any_order_case_quoting_and_spacing_reads_the_same(value: str) -> None:
    assert Challenge.parse(value) == PLAIN


def test_protections_are_a_list_in_any_spelling__rfc7616_3_3() -> None:
    for value in ('qop="auth,auth-int"', 'qop="auth, auth-int"', 'qop="AUTH auth-int,"'):
        assert Challenge.parse(f"Digest realm=a, nonce=b, {value}").qop == ("auth", "auth-int")
    assert Challenge.parse("Digest realm=a, qop=auth,auth-int, nonce=b").qop == ("auth",)


def test_parameters_may_be_quoted_that_should_not_be() -> None:
    challenge = Challenge.parse('Digest realm=a, nonce=b, algorithm="sha-256", stale="TRUE", userhash="true"')
    assert challenge == Challenge("a", "b", "sha-256", stale=True, userhash=True)
    answer = Authorization.parse(
        'Digest username=u, realm=a, nonce=b, uri="sip:x", response=AB12, qop="auth", nc="00000001", cnonce=c'
    )
    assert (answer.qop, answer.count, answer.cnonce) == ("auth", "00000001", "c")


def test_values_go_back_octet_for_octet_escapes_included() -> None:
    value = r'Digest realm="a \"b\" \c\\", nonce="n", opaque="x\\y"'
    challenge = Challenge.parse(value)
    assert str(challenge) == value
    assert unescaped(challenge.realm) == 'a "b" c\\'


def test_several_challenges_of_one_line_are_told_apart__rfc7235_4_1() -> None:
    value = (
        'Negotiate, NTLM realm="SIP, Service", version=4, Digest realm="a", nonce="1", algorithm=SHA-256, '
        'Kerberos YII/abc+==, Digest realm="a", nonce="2", Basic realm="c"'
    )
    assert Challenge.read_all(value) == (Challenge("a", "1", "SHA-256"), Challenge("a", "2"))


def test_a_broken_challenge_leaves_its_neighbours_good() -> None:
    value = (
        'Digest realm="no nonce", Digest realm="twice", nonce="1", nonce="2", Digest realm="good", nonce="3", '
        'Digest realm="a", nonce="4", algorithm="no token", Digest realm="junk", nonce="5", =, '
        f'Digest realm="long", nonce="{"6" * (LONGEST_VALUE + 1)}"'
    )
    assert Challenge.read_all(value) == (Challenge("good", "3"),)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Digest",
        'realm="a", nonce="b"',
        'Basic realm="a", nonce="b"',
        "Digest realm=a",
        "Digest nonce=b",
        'Digest realm="a", nonce=""',
        'Digest realm="a", nonce="b',
        'Digest realm="a\\", nonce="b"',
        'Digest realm="a", nonce=b"c"',
        "Digest realm=a, nonce=b, Digest realm=a, nonce=b",
        "Digest realm=a, realm=b, nonce=c",
        "Digest realm=a\\, nonce=b",
        "Digest realm=a\x00, nonce=b",
        "Digest realm=a, nonce=b, algorithm=MD5;x",
        "Digest realm=ä@, nonce=b, <x>",
    ],
)
def test_what_is_no_single_challenge_is_an_error(value: str) -> None:
    with pytest.raises(RemoteSipError) as raised:
        Challenge.parse(value)
    assert raised.value.status == 400


@pytest.mark.parametrize(
    "change",
    [
        ('username="u"', ""),
        ('username="u"', "username*=UTF-8''u"),
        ('uri="sip:x"', 'uri=""'),
        ('response="ab12"', 'response=""'),
        ('response="ab12"', 'response="ab12 "'),
        ('response="ab12"', 'response="xyz"'),
        ('response="ab12"', f'response="{"a" * 129}"'),
        ("nc=00000001", "nc=000000001"),
        ("nc=00000001", "nc="),
        ("nc=00000001", 'nc="+1"'),
        ("nc=00000001", 'nc="1_0"'),
        ("nc=00000001", 'nc="\u0661"'),
        ("qop=auth", 'qop="auth,auth-int"'),
    ],
)
def test_a_broken_authorization_is_an_error_and_no_credentials(change: tuple[str, str]) -> None:
    value = 'Digest username="u", realm="a", nonce="b", uri="sip:x", response="ab12", qop=auth, nc=00000001'
    assert Authorization.read(value) is not None
    broken = value.replace(*change)
    assert broken != value
    assert Authorization.read(broken) is None
    with pytest.raises(RemoteSipError):
        Authorization.parse(broken)


@given(CHALLENGES)
def test_a_challenge_that_is_printed_reads_the_same(challenge: Challenge) -> None:
    assert Challenge.parse(str(challenge)) == challenge
    assert Challenge.read_all(f"{challenge}, Basic x, {challenge}") == (challenge, challenge)


@given(AUTHORIZATIONS)
def test_an_authorization_that_is_printed_reads_the_same(answer: Authorization) -> None:
    assert Authorization.parse(str(answer)) == answer


@given(st.text())
def test_escaping_is_undone_by_unescaping__rfc3261_25_1(text: str) -> None:
    assert unescaped(escaped(text)) == text
