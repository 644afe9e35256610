"""Files of certificates as check-config sees them: each fault at its place in the configuration."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mediation.net.credentials import faulty_credentials, lifetime, stamp
from mediation.settings.draft import Draft
from mediation.settings.problems import Severity
from mediation.settings.read import SettingsError, inspect
from mediation.settings.tls import Tls
from tests.wire.authority import Authority, Papers

REST = """
[gateway]
listen = ["udp:127.0.0.11"]
[[trunk]]
name = "north"
targets = ["sip:127.0.0.30"]
"""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def told(
    certificate: object, key: object, authorities: object, *, days_on: float = 0, name: str = ""
) -> list[str]:
    text = f"""\
[internal]
listen = ["tls:127.0.0.10{name}"]
targets = ["sip:127.0.0.20;transport=tls"]
[internal.tls]
certificate = "{certificate}"
private_key = "{key}"
authorities = "{authorities}"
{REST}"""
    moment = datetime.now(UTC) + timedelta(days=days_on)
    try:
        reading = inspect(text, "m", lambda draft: faulty_credentials(draft, moment))
    except SettingsError as error:
        return [str(problem) for problem in error.problems]
    assert all(problem.severity is Severity.WARNING for problem in reading.warnings)
    return [str(problem) for problem in reading.warnings]


def told_of(papers: Papers, authority: Authority, days_on: float = 0) -> list[str]:
    return told(papers.certificate, papers.private_key, authority.file, days_on=days_on)


def test_good_papers_have_nothing_to_be_told(authority: Authority) -> None:
    assert told_of(authority.signs("good", "a.example"), authority) == []


def test_a_file_that_is_not_there_or_not_what_it_should_be_is_told_at_its_place(
    authority: Authority, tmp_path: Path
) -> None:
    papers = authority.signs("good", "a.example")
    absent = tmp_path / "absent.pem"
    assert told(absent, papers.private_key, tmp_path) == [
        "m:5:15: internal.tls.certificate: there is no such file; give the path of a file that the server may read",
        "m:7:15: internal.tls.authorities: this is a directory; give the path of a file that the server may read",
    ]
    [said] = told(papers.private_key, papers.private_key, authority.file)
    assert said.startswith("m:5:15: internal.tls.certificate: it holds no certificate in PEM")
    papers.certificate.chmod(0o600)
    [said] = told(papers.certificate, papers.certificate, authority.file)
    assert said.startswith("m:6:15: internal.tls.private_key: certificate and key cannot be used")
    [said] = told(papers.certificate, papers.private_key, papers.private_key)
    assert said.startswith("m:7:15: internal.tls.authorities: it holds no certificate in PEM")


def test_a_key_that_belongs_to_another_certificate_names_both_places(authority: Authority) -> None:
    one, other = authority.signs("one", "a.example"), authority.signs("other", "a.example")
    [said] = told(one.certificate, other.private_key, authority.file)
    assert said == (
        "m:6:15: internal.tls.private_key: this key does not belong to the certificate "
        "(see internal.tls.certificate at 5:15); give the file that belongs here"
    )


def test_an_encrypted_key_asks_nobody(authority: Authority) -> None:
    [said] = told_of(authority.signs("secret", "a.example", password=b"x"), authority)
    assert "internal.tls.private_key: the key is encrypted" in said


def test_a_certificate_that_ends_soon_is_a_warning_and_one_that_has_ended_an_error(
    authority: Authority,
) -> None:
    papers = authority.signs("short", "a.example", days=40)
    assert told_of(papers, authority) == []
    [said] = told_of(papers, authority, days_on=11)
    assert "m:5:15: warning: internal.tls.certificate: the certificate expires on" in said
    assert "in 28 days" in said
    [said] = told_of(papers, authority, days_on=41)
    assert "m:5:15: internal.tls.certificate: the certificate expired on" in said
    [said] = told_of(authority.signs("future", "a.example", age_days=-2), authority)
    assert "warning: internal.tls.certificate: the certificate is not good before" in said


def test_a_key_that_everybody_can_read_is_a_warning(authority: Authority) -> None:
    papers = authority.signs("open", "a.example")
    papers.private_key.chmod(0o644)
    [said] = told_of(papers, authority)
    assert said == (
        "m:6:15: warning: internal.tls.private_key: everybody on this machine can read the key; "
        f"chmod o-rwx {papers.private_key}"
    )
    papers.private_key.chmod(0o640)
    assert told_of(papers, authority) == []


def test_what_the_file_of_settings_has_wrong_is_not_looked_at() -> None:
    assert list(faulty_credentials(Draft({"internal": {"tls": {"certificate": "x"}}}))) == []
    faulty = frozenset({("internal", "tls", "certificate")})
    assert list(faulty_credentials(Draft({"internal": {"tls": {"private_key": "x"}}}, faulty))) == []


def test_the_stamp_differs_when_a_file_has_changed_or_gone(authority: Authority) -> None:
    papers = authority.signs("good", "a.example")
    tls = Tls(certificate=str(papers.certificate), private_key=str(papers.private_key))
    before = stamp(tls)
    assert stamp(tls) == before
    papers.replace_by(authority.signs("other", "a.example"))
    after = stamp(tls)
    assert after != before
    papers.certificate.unlink()
    assert stamp(tls) != after


def test_a_lifetime_is_that_of_the_first_certificate(authority: Authority) -> None:
    papers = authority.signs("good", "a.example", days=90)
    papers.certificate.write_bytes(papers.certificate.read_bytes() + authority.file.read_bytes())
    assert lifetime(str(papers.certificate)).days_left(datetime.now(UTC)) == 89


@pytest.mark.parametrize("name", ["ms.example", "MS.example:5062", "a.wild.example", "127.0.0.99"])
def test_a_name_that_the_certificate_bears_may_be_advertised__rfc5922(
    authority: Authority, name: str
) -> None:
    papers = authority.signs("good", "ms.example", "*.wild.example", "192.0.2.1")
    assert told(papers.certificate, papers.private_key, authority.file, name=f" as {name}") == []


@pytest.mark.parametrize("name", ["other.example", "a.b.wild.example", "wild.example"])
def test_a_name_that_the_certificate_does_not_bear_is_doubtful__rfc5922(
    authority: Authority, name: str
) -> None:
    papers = authority.signs("good", "ms.example", "*.wild.example")
    [said] = told(papers.certificate, papers.private_key, authority.file, name=f" as {name}")
    assert f"names *.wild.example, ms.example, and not {name} (see internal.tls.certificate" in said
    bare = authority.signs("bare")
    [said] = told(bare.certificate, bare.private_key, authority.file, name=f" as {name}")
    assert f"names nobody, and not {name}" in said
