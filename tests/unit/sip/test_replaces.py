"""mediation.sip.replaces"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.sip.errors import LocalSipError, RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request
from mediation.sip.replaces import Replaces, replaces_of

TEXT = "425928@bobster.example.org;to-tag=7743;from-tag=6472"
VALUE = Replaces("425928@bobster.example.org", "7743", "6472")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT, VALUE),
        ("a@b ; From-Tag = 0 ; TO-TAG=1;early-only", Replaces("a@b", "1", "0", early_only=True)),
        (f'{TEXT};x="a;to-tag=2"', VALUE),
        ("(<x>)[1]:\\/?{}@[::1];to-tag=a;from-tag=b", Replaces("(<x>)[1]:\\/?{}@[::1]", "a", "b")),
    ],
)
def test_replaces_names_a_dialog__rfc3891_6_1(text: str, expected: Replaces) -> None:
    assert Replaces.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "a", ";to-tag=1;from-tag=2", "a;to-tag=1", "a;from-tag=1", "a;to-tag=1;to-tag=2;from-tag=3",
        "a;to-tag;from-tag=1", 'a;to-tag="1";from-tag=2', "a b;to-tag=1;from-tag=2", "a,b;to-tag=1;from-tag=2",
        "a\r\nX: y;to-tag=1;from-tag=2", "ä;to-tag=1;from-tag=2", f"{TEXT},{TEXT}", f"{TEXT};",
    ],
)  # fmt: skip
def test_what_names_no_dialog_earns_400__rfc3891_3(text: str) -> None:
    with pytest.raises(RemoteSipError) as caught:
        Replaces.parse(text)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "ids",
    [("a;early-only", "1", "2"), ("a", "1;x", "2"), ("a", "1", ""), ("a\r\nX: y", "1", "2"), ("", "1", "2")],
)
def test_ids_of_one_peer_cannot_write_parameters_to_another(ids: tuple[str, str, str]) -> None:
    with pytest.raises(LocalSipError):
        Replaces(*ids)


def test_replaces_belongs_into_an_invite_only__rfc3891_3() -> None:
    headers = Headers([("Replaces", TEXT)])
    assert replaces_of(Request("INVITE", "sip:a", headers)) == VALUE
    assert replaces_of(Request("INVITE", "sip:a", Headers())) is None
    with pytest.raises(RemoteSipError) as caught:
        replaces_of(Request("REFER", "sip:a", headers))
    assert caught.value.status == 400


TAGS = st.text("abcXYZ019-.!%*_+`'~", min_size=1, max_size=8)
CALL_IDS = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='",;'), min_size=1
)
REPLACES = st.builds(Replaces, CALL_IDS, TAGS, TAGS, st.booleans())


@given(REPLACES)
def test_a_printed_replaces_reads_as_the_same(value: Replaces) -> None:
    assert Replaces.parse(str(value)) == value
