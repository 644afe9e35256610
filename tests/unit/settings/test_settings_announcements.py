"""Announcements: which sounds there are, and which refusals a rule speaks of."""

import pytest

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause
from mediation.settings.announcements import OUR_REASONS, Announcement, check_reason, check_sound
from mediation.settings.words import UnfitError


@pytest.mark.parametrize(
    "sound", ["file:/etc/mediation/busy.wav", "file:busy.wav", "tone:busy:de", "tone:congestion:us"]
)
def test_a_sound_is_a_file_or_a_tone_of_a_country(sound: str) -> None:
    check_sound(sound)


@pytest.mark.parametrize(
    ("sound", "says"),
    [
        ("", "no sound"),
        ("/busy.wav", "no sound"),
        ("file:", "no sound"),
        ("file:sounds/", "directory"),
        ("busy:de", "no sound"),
        ("tone:engaged:gb", "no sound"),
        ("tone:busy", "not known"),
        ("tone:busy:DE", "not known"),
        ("tone:busy:xx", "not known"),
    ],
)
def test_anything_else_is_none(sound: str, says: str) -> None:
    with pytest.raises(UnfitError, match=says):
        check_sound(sound)


def test_a_reason_is_one_that_a_call_record_may_have() -> None:
    said = {value.reason for value in vars(causes).values() if isinstance(value, Cause)} | {
        "refused-by-policy"
    }
    assert set(OUR_REASONS) <= said
    for reason in ("", *OUR_REASONS):
        check_reason(reason)
    with pytest.raises(UnfitError, match="no reason of ours"):
        check_reason("no-rout")


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({}, True),
        ({"status": 486}, True),
        ({"status": 480}, False),
        ({"cause": 17}, True),
        ({"cause": 0}, False),
        ({"reason": "no-route"}, False),
        ({"status": 486, "cause": 17}, True),
        ({"status": 486, "cause": 21}, False),
    ],
)
def test_a_rule_speaks_of_what_has_all_that_it_names(rule: dict[str, object], fits: bool) -> None:
    announcement = Announcement(sound="tone:busy:de", **rule)  # type: ignore[arg-type]  # as the table has them
    assert announcement.fits(486, 17, "busy") is fits
