"""[policy]: what may stand there, and what is doubted."""

import pytest

from mediation.settings.policy import Asks, OnFailure, PolicyHook
from mediation.settings.read import read
from mediation.settings.words import UnfitError, check_entry_point, check_policy_url
from tests.unit.settings.test_settings_rules import GATEWAY, INTERNAL, TRUNK, only, told

WHOLE = INTERNAL + GATEWAY + TRUNK + "[policy]\n"
URL = 'url = "https://policy.example.com/calls"\n'


@pytest.mark.parametrize(
    "text", ["", "http://127.0.0.1:8080", "https://a.example/b?c=d", "https://[::1]:8443/"]
)
def test_a_url_of_http_is_taken(text: str) -> None:
    check_policy_url(text)


@pytest.mark.parametrize(
    "text",
    ["policy.example.com", "ftp://a", "https://", "https://a:b@c", "https://u@c", "https://a#b", "https://a b",
     "https://ä.example", "https://a:99999", "https://a:x", "https://a:0", "https://[::1", "https://a/\n"],
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(UnfitError):
        check_policy_url(text)


@pytest.mark.parametrize(("text", "good"), [("", True), ("my-policy", True), ("a.b_c1", True), ("a b", False),
                                            ("a:b", False), ("-a", False), ("a" * 101, False)])  # fmt: skip
def test_an_entry_point_is_a_plain_name(text: str, good: bool) -> None:
    if good:
        check_entry_point(text)
    else:
        with pytest.raises(UnfitError):
            check_entry_point(text)


def test_nobody_is_asked_unless_somebody_is_named() -> None:
    assert not PolicyHook().is_on
    assert PolicyHook(url="https://a").is_on
    assert PolicyHook(python="a").is_on


def test_all_of_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_TOKEN", "open sesame")
    policy = read(
        f'{WHOLE}{URL}token = "env:POLICY_TOKEN"\nask = "trunks"\non_failure = "refuse"\ndeadline_ms = 300\n',
        "f",
    ).policy
    assert (policy.ask, policy.on_failure, policy.deadline_ms) == (Asks.TRUNKS, OnFailure.REFUSE, 300)
    assert (policy.token.text, "open sesame" in repr(policy)) == ("open sesame", False)


def test_one_policy_decides() -> None:
    assert " policy.python: one policy decides" in only(f'{WHOLE}{URL}python = "mine"\n')


def test_what_is_for_http_needs_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLICY_TOKEN", "open sesame")
    assert " policy.token: " in only(f'{WHOLE}python = "mine"\ntoken = "env:POLICY_TOKEN"\n')
    assert " policy.authorities: " in only(f'{WHOLE}python = "mine"\nauthorities = "a.pem"\n')


def test_authorities_are_for_https() -> None:
    fault = only(f'{WHOLE}url = "http://127.0.0.1"\nauthorities = "a.pem"\n')
    assert " policy.authorities: without https" in fault


@pytest.mark.parametrize(
    ("url", "doubted"),
    [("http://192.0.2.1/", True), ("http://policy.example", True), ("http://127.0.0.1:80/", False),
     ("http://localhost/", False), ("http://[::1]/", False), ("https://192.0.2.1/", False)],
)  # fmt: skip
def test_questions_in_the_clear_are_doubted(url: str, doubted: bool) -> None:
    assert any(" policy.url: " in each for each in told(f'{WHOLE}url = "{url}"\n')) is doubted
