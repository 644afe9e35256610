"""mediation.sip.refer_reports"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.refer_reports import (
    LONGEST_FRAGMENT,
    EventType,
    StatusFragment,
    SubscriptionState,
    refer_event,
)


def test_an_event_names_its_subscription__rfc3515_2_4_6() -> None:
    assert EventType.parse("refer") == EventType("refer")
    assert EventType.parse("refer ; ID = 93809824;x") == EventType("refer", "93809824")
    assert EventType.parse("Refer") != EventType("refer")
    assert refer_event(7, first=True) == EventType("refer")
    assert str(refer_event(8, first=False)) == "refer;id=8"


def test_a_subscription_state_says_how_it_stands__rfc6665_4_1_3() -> None:
    assert SubscriptionState.parse("Active;expires=60") == SubscriptionState("active", 60)
    over = SubscriptionState.parse("terminated;reason=NoResource;retry-after=5;x=y")
    assert over == SubscriptionState("terminated", None, "noresource", 5)
    assert over.is_over
    assert not SubscriptionState.parse("waiting").is_over


@pytest.mark.parametrize(
    "text", ["", ";id=1", "refer;id", "refer;id=1;id=2", 'refer;id="1"', "refer, presence", "a b"]
)
def test_what_is_no_event_earns_400(text: str) -> None:
    with pytest.raises(RemoteSipError) as caught:
        EventType.parse(text)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "text",
    ["", ";expires=1", "active;expires", "active;expires=x", "active;expires=4294967296", 'active;reason="x"',
     "active;retry-after=-1", "active, active"],
)  # fmt: skip
def test_what_is_no_subscription_state_earns_400(text: str) -> None:
    with pytest.raises(RemoteSipError) as caught:
        SubscriptionState.parse(text)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"SIP/2.0 100 Trying\r\n", 100),
        (b"SIP/2.0 200 OK", 200),
        (b"sip/2.0 503\r\n\r\n", 503),
        (b"SIP/2.0 486 \xff\xfe\nContact: <sip:secret@inside>\n\nbody", 486),
    ],
)
def test_a_fragment_tells_a_status_and_nothing_else__rfc3420_2(octets: bytes, status: int) -> None:
    fragment = StatusFragment.parse(octets)
    assert fragment == StatusFragment(status)
    assert fragment.is_final is (status >= 200)
    assert b"secret" not in bytes(fragment)
    assert bytes(fragment).count(b"\n") == 1


@pytest.mark.parametrize(
    "octets",
    [
        b"", b"\r\nSIP/2.0 200 OK\r\n", b"SIP/2.0 2000 OK", b"SIP/2.0 700 OK", b"SIP/2.0 099 X", b"SIP/3.0 200 OK",
        b"INVITE sip:a SIP/2.0\r\n", b"Contact: <sip:a>\r\n", b"SIP/2.0 200 O\rK",
        b"SIP/2.0 200" + b" " * LONGEST_FRAGMENT,
    ],
)  # fmt: skip
def test_a_fragment_without_a_status_earns_400__rfc3515_2_4_5(octets: bytes) -> None:
    with pytest.raises(RemoteSipError) as caught:
        StatusFragment.parse(octets)
    assert caught.value.status == 400


def test_a_fragment_of_ours_is_a_status_line__rfc3515_2_4_5() -> None:
    assert bytes(StatusFragment(100)) == b"SIP/2.0 100 Trying\r\n"
    assert bytes(StatusFragment(503)) == b"SIP/2.0 503 Service Unavailable\r\n"
    for status in (99, 700):
        with pytest.raises(LocalSipError):
            StatusFragment(status)


TOKENS = st.text("abc019-.!%*_+`'~", min_size=1, max_size=8)
SECONDS = st.none() | st.integers(0, 2**32 - 1)


@given(st.builds(EventType, TOKENS, st.none() | TOKENS))
def test_a_printed_event_reads_as_the_same(value: EventType) -> None:
    assert EventType.parse(str(value)) == value


@given(st.builds(SubscriptionState, TOKENS, SECONDS, st.none() | TOKENS, SECONDS))
def test_a_printed_subscription_state_reads_as_the_same(value: SubscriptionState) -> None:
    assert SubscriptionState.parse(str(value)) == value


def test_a_printed_fragment_reads_as_the_same() -> None:
    for status in range(100, 700):
        assert StatusFragment.parse(bytes(StatusFragment(status))) == StatusFragment(status)
