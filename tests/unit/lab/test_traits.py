"""What a simulated SBC supports, by words."""

import pytest

from mediation.lab.traits import USUAL, WORDS, Hold, UnknownTrait, traits_of


def test_without_a_word_an_sbc_is_plain_and_says_nothing_of_itself() -> None:
    assert traits_of(()) == USUAL
    assert USUAL.headers == ()
    assert USUAL.allow == "INVITE, ACK, CANCEL, BYE, OPTIONS"


def test_words_add_up_and_show_in_allow_and_supported() -> None:
    traits = traits_of(("prack", "refer", "min-se=1800", "largest=1500", "hold-by-zero"))
    assert (traits.min_se_s, traits.largest_octets, traits.hold) == (1800, 1500, Hold.ZERO)
    assert dict(traits.headers) == {
        "Allow": "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, REFER",
        "Supported": "100rel, timer",
    }


@pytest.mark.parametrize("word", WORDS)
def test_every_word_changes_something(word: str) -> None:
    assert traits_of((word,)) != USUAL


@pytest.mark.parametrize("word", ["", "PRACK", "min-se=", "min-se=x", "largest=1e3", "min-se=1800 "])
def test_another_word_is_told_with_those_that_there_are(word: str) -> None:
    with pytest.raises(UnknownTrait, match="choose of prack"):
        traits_of((word,))
