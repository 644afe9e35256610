"""mediation.b2bua.agreement"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.agreement import SECURITY_SERVER, is_agreed, is_demanded, proxy_require
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request


def options(*headers: tuple[str, str]) -> Request:
    return Request("OPTIONS", "sip:us", Headers(headers))


@pytest.mark.parametrize("name", ["Require", "Proxy-Require"])
def test_an_agreement_is_demanded_by_either_header__rfc3329_2_3_1(name: str) -> None:
    assert is_demanded(options((name, "100rel, Sec-Agree")))
    assert is_demanded(options((name, "100rel"), (name, "sec-agree")))
    assert not is_demanded(options((name, "100rel")))
    assert not is_demanded(options(("Supported", "sec-agree")))


def test_our_own_words_over_tls_are_an_agreement__rfc3329_2_3_1() -> None:
    assert is_agreed(options(("Security-Verify", SECURITY_SERVER)), secure=True)
    assert is_agreed(options(("Security-Verify", " TLS ; Q = 1 ")), secure=True)
    assert not is_agreed(options(("Security-Verify", SECURITY_SERVER)), secure=False)


@pytest.mark.parametrize(
    "values",
    [(), ("",), ("tls",), ("tls;q=0.1",), ("digest;q=1",), ("tls;q=1, digest;q=0.1",), ("tls;q=1", "digest"),
     ("tls;q=1;x",), ("digest, tls;q=1",)],
)  # fmt: skip
def test_a_list_that_is_not_ours_was_changed_on_the_way__rfc3329_2_3_1(values: tuple[str, ...]) -> None:
    assert not is_agreed(options(*(("Security-Verify", value) for value in values)), secure=True)


def test_a_proxy_require_is_a_list_over_lines__rfc3261_20_29() -> None:
    assert proxy_require(options(("Proxy-Require", "a, b"), ("Proxy-Require", ",c"))) == ("a", "b", "c")
    assert proxy_require(options()) == ()


@given(
    st.lists(
        st.text(max_size=12) | st.sampled_from(["tls;q=1", ";", '"', "<", ",", "tls;", "q="]), max_size=4
    )
)
def test_any_text_is_an_agreement_or_none_or_400(values: list[str]) -> None:
    request = options(*(("Security-Verify", value) for value in values))
    try:
        agreed = is_agreed(request, secure=True)
    except RemoteSipError as error:
        assert error.status == 400  # noqa: PT017 - it may also succeed
    else:
        assert not agreed or "tls" in "".join(values).lower()
