"""A secret is named in the file and read from elsewhere; nothing prints it."""

from pathlib import Path

import pytest

from mediation.settings.model import Settings
from mediation.settings.read import SettingsError, read
from mediation.settings.secret import MAX_SECRET_LENGTH, parse_secret
from mediation.settings.words import UnfitError

BEFORE = """[internal]
listen = ["udp:127.0.0.10:5060"]
targets = ["sip:127.0.0.20"]
[gateway]
listen = ["udp:127.0.0.11:5060"]
[[trunk]]
name = "itsp-a"
targets = ["sip:127.0.0.30"]
"""


def of(trunk: str) -> Settings:
    return read(BEFORE + trunk, "m.toml")


def problems(trunk: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        of(trunk)
    return [f"{problem.line}:{problem.path}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_holds_one_line(tmp_path: Path, end: str) -> None:
    place = tmp_path / "itsp.secret"
    place.write_bytes(f"pass wörd{end}".encode())
    assert parse_secret(f"file:{place}").text == "pass wörd"


def test_the_environment_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITSP_A", "s3cret")
    assert parse_secret("env:ITSP_A").text == "s3cret"


def test_systemd_hands_it_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "itsp-a").write_text("s3cret\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert parse_secret("credential:itsp-a").text == "s3cret"


def test_nothing_shows_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITSP_A", "s3cret")
    settings = of('username = "us"\npassword = "env:ITSP_A"\n')
    assert settings.trunks[0].password.text == "s3cret"
    assert "s3cret" not in repr(settings)
    assert str(settings.trunks[0].password) == "env:ITSP_A"


@pytest.mark.parametrize(
    "text", ["s3cret", "file:", "env:", "vault:x", "env:NOT_THERE_AT_ALL", "credential:x"]
)
def test_what_names_no_secret_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(UnfitError):
        parse_secret(text)


@pytest.mark.parametrize(
    "octets", [b"", b"\n", b"\xff\xfe", b"two\nlines", b"tab\there", b"x" * (MAX_SECRET_LENGTH + 1), None]
)
def test_a_file_that_holds_no_secret_is_refused_and_the_message_holds_none_of_it(
    tmp_path: Path, octets: bytes | None
) -> None:
    place = tmp_path / "itsp.secret"
    if octets is not None:
        place.write_bytes(octets)
    with pytest.raises(UnfitError) as caught:
        parse_secret(f"file:{place}")
    assert "xxx" not in caught.value.message
    assert "lines" not in caught.value.message


def test_a_plain_password_is_refused_at_its_place_without_being_shown_as_good_advice() -> None:
    assert problems('username = "us"\npassword = "hunter2"\n') == [
        "10:trunk.itsp-a.password: a secret does not stand in the configuration"
    ]


def test_user_name_and_password_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ITSP_A", "s3cret")
    assert problems('username = "us"\n') == ["9:trunk.itsp-a.username: a user name without a password"]
    assert problems('password = "env:ITSP_A"\n') == [
        "9:trunk.itsp-a.password: a password without a user name"
    ]
    assert problems("authenticate = true\n") == [
        "9:trunk.itsp-a.authenticate: nothing to check its calls against"
    ]
