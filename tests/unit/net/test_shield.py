"""TLS without I/O: two shields facing each other, octets carried by hand."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from mediation.net.tls import CredentialsError, Shield, load_contexts
from mediation.routing.certificates import Expected
from mediation.settings.tls import Tls, TlsVersion
from tests.wire.authority import Authority, Papers

ANYBODY = Expected(anybody=True)


def named(*names: str) -> Expected:
    return Expected(frozenset(names))


class Table:
    """Everything on it: an authority and papers for two."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.us = self.tls(self.authority.signs("us", "us.example"))
        self.them = self.tls(self.authority.signs("them", "them.example"))

    def tls(self, papers: Papers, authority: Authority | None = None) -> Tls:
        return Tls(
            certificate=str(papers.certificate),
            private_key=str(papers.private_key),
            authorities=str((authority or self.authority).file),
        )


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path)


def pair(
    client: Tls, server: Tls, *, wanted: Expected = ANYBODY, admitted: Expected | None = ANYBODY
) -> tuple[Shield, Shield]:
    calling = Shield(load_contexts(client).client, calling=True, expected=wanted)
    called = Shield(load_contexts(server).server, calling=False, expected=admitted)
    calling.begin()
    shake(calling, called)
    return calling, called


def shake(calling: Shield, called: Shield) -> bytes:
    """Carry octets until nobody has any; returns what the called one was told."""
    said = b""
    for _ in range(10):
        said += called.take(calling.pending())
        calling.take(called.pending())
    return said


@pytest.mark.parametrize("version", list(TlsVersion))
def test_two_that_trust_each_other_can_speak(table: Table, version: TlsVersion) -> None:
    calling, called = pair(table.us, replace(table.them, minimum_version=version))
    assert calling.established
    assert called.established
    assert called.version == "TLSv1.3"
    calling.put(b"hello" * 30_000)
    assert shake(calling, called) == b"hello" * 30_000
    calling.end()
    called.take(calling.pending())
    assert called.ended
    assert not called.fault


def test_octets_may_come_one_by_one(table: Table) -> None:
    calling = Shield(load_contexts(table.us).client, calling=True, expected=named("them.example"))
    called = Shield(load_contexts(table.them).server, calling=False, expected=named("us.example"))
    calling.begin()
    for _ in range(4):
        for octet in calling.pending():
            called.take(bytes([octet]))
        for octet in called.pending():
            calling.take(bytes([octet]))
    assert calling.established
    assert called.established


def test_a_stranger_to_the_authority_is_told_so_by_an_alert(table: Table, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    calling, called = pair(table.tls(other.signs("stranger", "us.example")), table.them)
    assert called.fault == "its certificate is not good: unable to get local issuer certificate"
    assert not called.established
    assert calling.fault == "it does not know the authority of our certificate"


def test_a_server_of_another_authority_is_not_spoken_to(table: Table, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    calling, called = pair(table.us, table.tls(other.signs("stranger", "them.example")))
    assert calling.fault == "its certificate is not good: unable to get local issuer certificate"
    assert not called.established


def test_a_name_that_is_not_meant_ends_it_before_a_word_is_said(table: Table) -> None:
    calling, called = pair(table.us, table.them, wanted=named("fe.example"))
    assert calling.fault == "its certificate names them.example, and not fe.example"
    assert not calling.established
    calling, called = pair(table.us, table.them, admitted=named("fe.example"))
    assert called.fault == "its certificate names us.example, and not fe.example"
    assert called.take(b"whatever comes") == b""


def test_versions_that_do_not_meet_are_named(table: Table) -> None:
    contexts = load_contexts(table.us)
    contexts.client.maximum_version = ssl.TLSVersion.TLSv1_2
    calling = Shield(contexts.client, calling=True, expected=ANYBODY)
    only_new = replace(table.them, minimum_version=TlsVersion.TLS_1_3)
    called = Shield(load_contexts(only_new).server, calling=False, expected=ANYBODY)
    calling.begin()
    shake(calling, called)
    assert called.fault == "it offers only versions of TLS below minimum_version"
    assert calling.fault == "it refuses our versions of TLS"


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        (b"OPTIONS sip:x SIP/2.0\r\n", "it does not speak TLS"),
        (b"GET / HTTP/1.1\r\n\r\n", "it speaks HTTP, not TLS"),
        (b"\x16\x03\x01\x00\x05hello", "TLS has failed: "),
    ],
)
def test_what_is_no_tls_is_named_and_nothing_after_it_is_read(
    table: Table, octets: bytes, fault: str
) -> None:
    called = Shield(load_contexts(table.them).server, calling=False, expected=ANYBODY)
    assert called.take(octets) == b""
    assert called.fault.startswith(fault)
    assert called.take(octets) == b""


def test_files_that_do_not_belong_together_are_told_apart(table: Table, tmp_path: Path) -> None:
    mixed = replace(table.us, private_key=table.them.private_key)
    with pytest.raises(CredentialsError, match="private_key: this key does not belong"):
        load_contexts(mixed)
    with pytest.raises(CredentialsError, match="certificate: no such file"):
        load_contexts(replace(table.us, certificate=str(tmp_path / "none.pem")))
    with pytest.raises(CredentialsError, match="authorities: it holds no certificate"):
        load_contexts(replace(table.us, authorities=table.us.private_key))
    secret = table.tls(table.authority.signs("secret", "us.example", password=b"x"))
    with pytest.raises(CredentialsError, match="key not encrypted"):
        load_contexts(secret)
