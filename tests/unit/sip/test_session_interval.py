"""mediation.sip.session_interval"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request
from mediation.sip.session_interval import (
    MinSE,
    Refresher,
    SessionExpires,
    demands_timer,
    min_se_of,
    session_expires_of,
    supports_timer,
)


def invite(*headers: tuple[str, str]) -> Request:
    return Request("INVITE", "sip:a", Headers(headers))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1800", SessionExpires(1800)),
        ("0090 ; Refresher = UAC", SessionExpires(90, Refresher.UAC)),
        ('4294967295;x="a;b";refresher=uas;y', SessionExpires(2**32 - 1, Refresher.UAS)),
    ],
)
def test_session_expires__rfc4028_4(text: str, expected: SessionExpires) -> None:
    assert SessionExpires.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "-1", "1.5", "1_0", "4294967296", "9" * 5000, "٣", "90 91", "90;", ";refresher=uac", "90;refresher",
        "90;refresher=proxy", "90;refresher=uac;refresher=uas", "90,91",
    ],
)  # fmt: skip
def test_what_is_no_session_expires_earns_400(text: str) -> None:
    with pytest.raises(RemoteSipError) as caught:
        SessionExpires.parse(text)
    assert caught.value.status == 400


def test_min_se_leaves_its_parameters_out__rfc4028_5() -> None:
    assert MinSE.parse("120;x=y") == MinSE(120)
    for text in ("", "a", "90;", "-90"):
        with pytest.raises(RemoteSipError):
            MinSE.parse(text)


def test_a_message_says_what_it_holds__rfc4028_5() -> None:
    assert session_expires_of(invite()) is None
    assert session_expires_of(invite(("x", "600"))) == SessionExpires(600)
    assert min_se_of(invite()) == 90
    assert min_se_of(invite(("Min-SE", "10"))) == 90
    assert min_se_of(invite(("Min-SE", "300"))) == 300


@pytest.mark.parametrize("name", ["Supported", "k", "Require"])
def test_option_tags_are_found_in_any_case_and_place__rfc3261_7_3_1(name: str) -> None:
    assert supports_timer(invite((name, "100rel, Timer")))
    assert supports_timer(invite((name, "100rel"), (name, "timer")))
    assert not supports_timer(invite((name, "timers")))
    assert demands_timer(invite((name, "timer"))) is (name == "Require")


@given(st.builds(SessionExpires, st.integers(0, 2**32 - 1), st.none() | st.sampled_from(Refresher)))
def test_a_printed_session_expires_reads_as_the_same(value: SessionExpires) -> None:
    assert SessionExpires.parse(str(value)) == value


@given(st.builds(MinSE, st.integers(0, 2**32 - 1)))
def test_a_printed_min_se_reads_as_the_same(value: MinSE) -> None:
    assert MinSE.parse(str(value)) == value
