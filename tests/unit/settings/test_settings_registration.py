"""[trunk.registration]: what may stand there, and what is doubted."""

import pytest

from mediation.settings.read import read
from mediation.settings.registration import Registration, check_address_of_record, check_registrar
from mediation.settings.words import UnfitError
from tests.unit.settings.test_settings_rules import GATEWAY, INTERNAL, TRUNK, only, told

KNOWN = 'username = "u"\npassword = "env:HOME"\n'
TABLE = "[trunk.registration]\n"
AOR = 'address_of_record = "sip:+4930@itsp.example"\n'


@pytest.mark.parametrize(
    "text", ["", "sip:+4930@itsp.example", "sip:a.b-c@192.0.2.1", "sip:a@[2001:db8::1]:5070"]
)
def test_an_address_of_record_is_user_and_domain(text: str) -> None:
    check_address_of_record(text)


@pytest.mark.parametrize(
    "text",
    ["itsp.example", "sip:itsp.example", "sip:@itsp.example", "sips:a@b.example", "tel:+4930", "sip:a@b;lr",
     "sip:a@b?x=y", "sip:a:secret@b", "<sip:a@b>", "sip:a@b\r\nX: y", "sip:ä@b"],
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(UnfitError):
        check_address_of_record(text)


@pytest.mark.parametrize(("text", "good"), [("sip:itsp.example", True), ("", True), ("sip:a@itsp.example", False),
                                            ("itsp.example", False), ("sip:itsp.example?a=b", False)])  # fmt: skip
def test_a_registrar_is_a_domain(text: str, good: bool) -> None:
    if good:
        check_registrar(text)
    else:
        with pytest.raises(UnfitError):
            check_registrar(text)


def test_it_is_off_by_default_and_on_with_an_address_of_record() -> None:
    assert not Registration().is_on
    assert Registration().contact_name == ""
    on = Registration(address_of_record="sip:+4930@itsp.example")
    assert on.is_on
    assert on.contact_name == "+4930"
    assert Registration(address_of_record="sip:a@b", contact_user="c").contact_name == "c"
    assert Registration(address_of_record="sip:a@b", bulk=True).contact_name == ""


def test_a_sound_table_has_nothing_to_be_told() -> None:
    assert told(INTERNAL, GATEWAY, TRUNK, KNOWN, TABLE, AOR) == []
    settings = read(f"{INTERNAL}{GATEWAY}{TRUNK}{KNOWN}{TABLE}{AOR}", "m")
    assert settings.trunks[0].registration == Registration(address_of_record="sip:+4930@itsp.example")


def test_a_contact_with_a_user_is_not_for_bulk_registration__rfc6140_5_2() -> None:
    problem = only(INTERNAL, GATEWAY, TRUNK, KNOWN, TABLE, AOR, 'contact_user = "a"\nbulk = true\n')
    assert "RFC 6140" in problem


def test_the_longest_rest_is_no_shorter_than_the_first() -> None:
    assert "max_retry_s: 20 is below retry_s" in only(
        INTERNAL, GATEWAY, TRUNK, KNOWN, TABLE, AOR, "max_retry_s = 20\n"
    )


def test_a_table_without_an_address_of_record_is_doubted() -> None:
    assert "does not register" in only(INTERNAL, GATEWAY, TRUNK, TABLE, "expires_s = 600\n")


def test_a_registration_without_credentials_is_doubted() -> None:
    assert "no username" in only(INTERNAL, GATEWAY, TRUNK, TABLE, AOR)


def test_a_table_that_is_said_for_all_trunks_makes_none_register() -> None:
    assert told(INTERNAL, GATEWAY, TRUNK, "[trunk_defaults.registration]\nexpires_s = 600\n") == []
