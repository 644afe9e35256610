"""Names, patterns, headers, paths and response codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.settings.patterns import MAX_PATTERN_LENGTH, PatternError, compile_pattern
from mediation.settings.words import (
    UnfitError,
    check_failover_code,
    check_file,
    check_http_listen,
    check_match,
    check_name,
    check_user_agent,
    http_endpoint,
)


@pytest.mark.parametrize("name", ["itsp-a", "a", "0", "north-2-backup", "a" * 40])
def test_names_of_trunks_are_small_letters_digits_and_single_hyphens(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("ITSP A", '"itsp-a"'),
        ("itsp_a", '"itsp-a"'),
        ("itsp--a", '"itsp-a"'),
        ("-itsp", '"itsp"'),
        ("itsp.a", '"itsp-a"'),
        ("…", "hyphens"),
        ("", "itsp-a"),
        ("a" * 41, "40 characters"),
        ("itsp-a\n", '"itsp-a"'),
        ("itsp-٣", '"itsp"'),
    ],
)
def test_other_names_are_refused_with_one_that_would_do(name: str, remedy: str) -> None:
    with pytest.raises(UnfitError) as caught:
        check_name(name)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("pattern", "number", "found"),
    [
        (r"^\+?[0-9]+$", "+442071838750", True),
        (r"^\+?[0-9]+$", "+442071838750;ext=1", False),
        (r"^\+?[0-9]+$", "442071838750\n", False),
        (r"^\+?\d+$", "٤٤", False),
        ("", "anything", True),
        ("^", "", True),
        ("44", "+4420", True),
        ("^44", "+4420", False),
    ],
)
def test_a_pattern_is_searched_for_and_its_anchors_mean_what_they_say(
    pattern: str, number: str, found: bool
) -> None:
    assert compile_pattern(pattern).matches(number) is found


def test_octets_that_were_no_text_can_be_matched_against() -> None:
    assert not compile_pattern("^[0-9]+$").matches("12\udcff")
    assert compile_pattern("^12").matches("12\udcff")


@pytest.mark.parametrize(
    ("pattern", "remedy"),
    [
        ("+44", r"'^\+44'"),
        ("(", "closed"),
        (")", "closed"),
        ("[0-9", "closed"),
        ("(?=x)", "look-around"),
        ("a**", "backslash"),
        (r"(a)\1", "RE2 syntax"),
        ("x" * (MAX_PATTERN_LENGTH + 1), "several routes"),
        ("((x{100}){100}){100}", "1000 times"),
        ("\\pL{1000}", "several routes"),
    ],
)
def test_a_pattern_that_re2_refuses_is_refused_with_a_remedy(pattern: str, remedy: str) -> None:
    with pytest.raises(UnfitError) as caught:
        check_match(pattern)
    assert "pattern is not valid" in caught.value.message
    assert remedy in caught.value.remedy


def test_a_refused_pattern_writes_nothing_by_itself(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PatternError):
        compile_pattern("(?=refused in silence)")
    assert capfd.readouterr().err == ""


@given(st.text(max_size=30))
def test_any_text_is_a_pattern_or_a_pattern_error(text: str) -> None:
    try:
        compile_pattern(text).matches(text)
    except PatternError as error:
        assert error.reason  # noqa: PT017  # either outcome is right


@pytest.mark.parametrize(
    "text", ["", "Mediation-Server", "Mediation-Server/1.0", "A/1 B/2 (Vienna, 2nd floor)", "(comment)"]
)
def test_user_agent_takes_products_and_comments__rfc3261_20_41(text: str) -> None:
    check_user_agent(text)


@pytest.mark.parametrize(
    "text", ["a\r\nVia: x", "a\n", "ü", " a", "a ", "a  b", "(open", "a/b/c", "x" * 121, "a\0"]
)
def test_user_agent_refuses_what_could_break_a_message(text: str) -> None:
    with pytest.raises(UnfitError):
        check_user_agent(text)


def test_long_user_agents_are_judged_at_once() -> None:
    with pytest.raises(UnfitError):
        check_user_agent("a" * 119 + '"')


@pytest.mark.parametrize("code", [400, 401, 404, 408, 480, 488, 500, 503, 504, 599])
def test_a_trunk_that_could_not_may_be_left_for_another(code: int) -> None:
    check_failover_code(code)


@pytest.mark.parametrize("code", [486, 487, 600, 603, 604, 606, 607, 699])
def test_an_answer_of_the_called_person_is_never_asked_again__rfc3261_21_6(code: int) -> None:
    with pytest.raises(UnfitError) as caught:
        check_failover_code(code)
    assert caught.value.message.startswith(f"{code} never tries the next trunk: ")
    assert caught.value.remedy == f"remove {code}"


@pytest.mark.parametrize("path", ["", "cdr.jsonl", "/var/log/mediation/cdr.jsonl", "../up.jsonl"])
def test_a_path_of_a_file_stands(path: str) -> None:
    check_file(path)


@pytest.mark.parametrize("path", ["/var/log/", ".", "..", "a\0b", "a\nb"])
def test_a_directory_or_a_broken_path_does_not(path: str) -> None:
    with pytest.raises(UnfitError):
        check_file(path)


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:1", ("::1", 1)), ("0.0.0.0:65535", ("0.0.0.0", 65535))],
)
def test_where_figures_are_served(text: str, endpoint: tuple[str, int]) -> None:
    check_http_listen(text)
    assert http_endpoint(text) == endpoint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (":9464", "no address"),
        ("localhost:9464", "no address"),
        ("::1:9464", "in brackets"),
        ("[127.0.0.1]:9464", "in brackets"),
        ("127.0.0.1:", "no port"),
        ("127.0.0.1:0", "no port"),
        ("127.0.0.1:65536", "no port"),
        ("127.0.0.1:9_4", "no port"),
    ],
)
def test_where_figures_cannot_be_served(text: str, message: str) -> None:
    with pytest.raises(UnfitError, match=message):
        check_http_listen(text)


def test_figures_may_be_served_nowhere() -> None:
    check_http_listen("")
