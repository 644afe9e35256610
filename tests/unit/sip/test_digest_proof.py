"""mediation.sip.digest: the worked examples of the RFCs"""

import pytest

from mediation.sip.digest import Algorithm, name_hash, proof

DRAFT_BODY = (
    b"v=0\r\n"
    b"o=bob 2890844526 2890844526 IN IP4 media.biloxi.com\r\n"
    b"s=-\r\n"
    b"c=IN IP4 media.biloxi.com\r\n"
    b"t=0 0\r\n"
    b"m=audio 49170 RTP/AVP 0\r\n"
    b"a=rtpmap:0 PCMU/8000\r\n"
    b"m=video 51372 RTP/AVP 31\r\n"
    b"a=rtpmap:31 H261/90000\r\n"
    b"m=video 53000 RTP/AVP 32\r\n"
    b"a=rtpmap:32 MPV/90000\r\n"
)


def test_the_example_of_rfc2617_3_5() -> None:
    response = proof(
        Algorithm.MD5,
        username="Mufasa",
        password="Circle Of Life",
        realm="testrealm@host.com",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        method="GET",
        uri="/dir/index.html",
        qop="auth",
        count="00000001",
        cnonce="0a4f113b",
    )
    assert response == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (Algorithm.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm.SHA_256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc7616_3_9_1(algorithm: Algorithm, response: str) -> None:
    assert response == proof(
        algorithm,
        username="Mufasa",
        password="Circle of Life",
        realm="http-auth@example.org",
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        method="GET",
        uri="/dir/index.html",
        qop="auth",
        count="00000001",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )


def test_the_example_of_rfc7616_3_9_2_as_put_right_by_erratum_4897() -> None:
    name, realm = "J\u00e4s\u00f8n Doe", "api@example.org"
    assert name_hash(Algorithm.SHA_512_256, name, realm) == (
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    )
    response = proof(
        Algorithm.SHA_512_256,
        username=name,
        password="Secret, or not?",
        realm=realm,
        nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK",
        method="GET",
        uri="/doe.json",
        qop="auth",
        count="00000001",
        cnonce="NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v",
    )
    assert response == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"


@pytest.mark.parametrize(
    ("algorithm", "qop", "response"),
    [
        (Algorithm.MD5, "", "bf57e4e0d0bffc0fbaedce64d59add5e"),
        (Algorithm.MD5, "auth", "89eb0059246c02b2f6ee02c7961d5ea3"),
        (Algorithm.MD5_SESS, "auth", "e4e4ea61d186d07a92c9e1f6919902e9"),
        (Algorithm.MD5, "auth-int", "bdbeebb2da6adb6bca02599c2239e192"),
        (Algorithm.MD5_SESS, "auth-int", "91984da2d8663716e91554859c22ca70"),
    ],
)
def test_the_examples_of_draft_smith_sipping_auth_examples(
    algorithm: Algorithm, qop: str, response: str
) -> None:
    assert response == proof(
        algorithm,
        username="bob",
        password="zanzibar",
        realm="biloxi.com",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        method="INVITE",
        uri="sip:bob@biloxi.com",
        qop=qop,
        count="00000001" if qop else "",
        cnonce="0a4f113b" if qop else "",
        body=DRAFT_BODY,
    )


def test_an_algorithm_is_known_by_its_name_in_any_case__rfc7616_3_3() -> None:
    assert Algorithm.named("") is Algorithm.MD5
    assert Algorithm.named("md5-SESS") is Algorithm.MD5_SESS
    assert Algorithm.named("sha-512-256") is Algorithm.SHA_512_256
    assert Algorithm.named("AKAv1-MD5") is None
    assert [Algorithm.named(str(algorithm)) for algorithm in Algorithm] == list(Algorithm)


def test_algorithms_stand_in_order_of_strength__rfc8760() -> None:
    strengths = [algorithm.strength for algorithm in Algorithm]
    assert strengths == sorted(strengths, reverse=True)
    assert Algorithm.MD5.strength == Algorithm.MD5_SESS.strength < Algorithm.SHA_256_SESS.strength
