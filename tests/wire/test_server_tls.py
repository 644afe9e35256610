"""The whole server over TLS: who is let in, who is believed, what happens to calls when connections do not last."""

import asyncio
import json
import signal
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from mediation.sip.flow import Transport
from mediation.sip.message import Request, Response
from mediation_codecs.law import Law
from tests.interop.scene import Scene
from tests.wire.authority import Authority
from tests.wire.peers import PATIENCE_S, TcpPeer, UdpPeer, invite, reply, request, spell, turned_away
from tests.wire.phones import Phone, left_in, nothing_left_in, serving, until
from tests.wire.tls_scene import FRONT_END_NAME, Secured

NUMBER = "+493012345678"
UDP, TCP, TLS = Transport.UDP, Transport.TCP, Transport.TLS


@pytest.fixture
def secured(scene: Scene) -> Secured:
    return Secured(scene)


@pytest.fixture
def log() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as lines:
        yield lines


def told(log: list[Any], event: str) -> list[dict[str, Any]]:
    return [line for line in log if line["event"] == event]


def records(scene: Scene) -> list[dict[str, Any]]:
    file = scene.folder / "cdr.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


async def answered(peer: TcpPeer, secured: Secured) -> Response:
    peer.send(request("OPTIONS", peer.at, secured.internal, transport="TLS"))
    return await peer.response()


# calls


@pytest.mark.parametrize(("inside", "outside"), [(TLS, UDP), (UDP, TLS), (TLS, TLS), (TLS, TCP)])
async def test_a_call_goes_through_over_tls_on_either_side_and_leaves_nothing(
    secured: Secured, inside: Transport, outside: Transport
) -> None:
    to_sbc = secured.to_sbc if outside is TLS else f"sip:{spell(secured.scene.sbc)};transport={outside}"
    async with (
        serving(secured.configuration(targets=(to_sbc,)), quick=True) as server,
        secured.phone("front-end") as front_end,
        secured.phone("sbc", law=Law.PCMA) as sbc,
    ):
        front_end.calls(
            NUMBER, secured.internal if inside is TLS else secured.scene.internal, transport=inside
        )
        await front_end.notes_that("hears 200")
        sbc.hangs_up()
        await front_end.notes_that("is hung up on")
        await nothing_left_in(server, "calls", "transactions", "dialogs", "deadlines")
        invited = next(m for m in sbc.seen if isinstance(m, Request))
        assert invited.top_via.transport == outside.upper()
        accepted = next(m for m in front_end.seen if isinstance(m, Response) and m.status == 200)
        assert accepted.headers.get("Contact") == (
            f"<sip:{spell(secured.internal)};transport=tls>"
            if inside is TLS
            else f"<sip:{spell(secured.scene.internal)}>"
        )
        if outside is TLS:
            assert invited.headers.get("Contact") == f"<sip:{spell(secured.gateway)};transport=tls>"
            assert invited.request_uri.endswith(";transport=tls")
        bye = next(m for m in front_end.seen if isinstance(m, Request) and m.method == "BYE")
        assert bye.top_via.transport == inside.upper()
    [record] = records(secured.scene)
    assert (record["verdict"], record["called"]) == ("success", NUMBER)


async def test_a_call_comes_in_from_the_trunk_over_tls_to_a_front_end_over_tls(secured: Secured) -> None:
    async with (
        serving(secured.configuration(front_end=secured.to_front_end, targets=(secured.to_sbc,))) as server,
        secured.phone("front-end") as front_end,
        secured.phone("sbc", law=Law.PCMA) as sbc,
    ):
        sbc.calls(NUMBER, secured.gateway, transport=TLS)
        await sbc.notes_that("hears 200")
        front_end.hangs_up()
        await sbc.notes_that("is hung up on")
        await nothing_left_in(server, "calls", "dialogs")


async def test_one_connection_serves_many_calls_and_both_directions(secured: Secured) -> None:
    configuration = secured.configuration(front_end=secured.to_front_end, targets=(secured.to_sbc,))
    async with (
        serving(configuration) as server,
        secured.phone("front-end") as front_end,
        secured.phone("sbc", law=Law.PCMA) as sbc,
    ):
        for done in range(1, 4):
            front_end.calls(NUMBER, secured.internal, transport=TLS)
            await front_end.notes_that("hears 200", done)
            sbc.hangs_up()
            await front_end.notes_that("is hung up on", done)
        connections = server._driver.flows._connections.values()
        assert sorted((c.local, c.ours) for c in connections) == [
            (secured.internal, False),
            (secured.gateway, True),
        ]


# who is let in


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_strangers_implementation_is_answered_in_both_versions(
    secured: Secured, version: ssl.TLSVersion
) -> None:
    async with serving(secured.configuration()):
        peer = await secured.comes(secured.front_end, version=version)
        assert (await answered(peer, secured)).status == 200
        tls = peer.writer.get_extra_info("ssl_object")
        assert tls.version() == version.name.replace("_", ".")
        peer.send(b"\r\n\r\n")
        async with asyncio.timeout(PATIENCE_S):
            assert await peer.reader.readexactly(2) == b"\r\n"
        await peer.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("who", "alert", "reason"),
    [
        ("nobody", "REQUIRED|HANDSHAKE_FAILURE", "it shows no certificate"),
        ("another authority's", "UNKNOWN_CA", "unable to get local issuer certificate"),
        ("expired", "CERTIFICATE_EXPIRED", "certificate has expired"),
    ],
)
async def test_who_has_no_good_certificate_gets_the_alert_and_is_told_once_a_minute(
    secured: Secured, version: ssl.TLSVersion, who: str, alert: str, reason: str, log: list[Any]
) -> None:
    papers = {
        "nobody": None,
        "another authority's": Authority(secured.scene.folder, "other").signs("bad", FRONT_END_NAME),
        "expired": secured.authority.signs("old", FRONT_END_NAME, days=-1, age_days=10),
    }[who]
    async with serving(secured.configuration()) as server:
        good = await secured.comes(secured.front_end)
        for _ in range(3):
            error = await secured.is_refused(papers, version=version)
            assert any(word in str(error.reason) for word in alert.split("|")), error
        assert (await answered(good, secured)).status == 200, "others are not affected"
        [line] = told(log, "tls.peer_refused")
        assert line["peer"] == secured.scene.front_end[0]
        assert reason in line["reason"]
        assert not line["called"]
        await good.close()
        await nothing_left_in(server)
        assert not len(server._security.handshakes)


@pytest.mark.parametrize(
    ("names", "good"),
    [
        ((FRONT_END_NAME,), True),
        (("FE.CORP.example",), True),
        ((f"sip:{FRONT_END_NAME}",), True),
        ((f"sip:{FRONT_END_NAME}", "other.example"), True),
        (("sip:other.example", FRONT_END_NAME), False),
        (("*.corp.example",), False),
        (("corp.example",), False),
        (("other.example",), False),
        ((f"sip:somebody@{FRONT_END_NAME}",), False),
        ((f"sips:{FRONT_END_NAME}",), False),
        ((), False),
    ],
)
async def test_a_certificate_must_bear_a_name_of_the_configuration__rfc5922_7(
    secured: Secured, names: tuple[str, ...], good: bool, log: list[Any]
) -> None:
    async with serving(secured.configuration()):
        peer = await secured.comes(secured.authority.signs("some", *names))
        if good:
            assert (await answered(peer, secured)).status == 200
        else:
            peer.send(request("OPTIONS", peer.at, secured.internal, transport="TLS"))
            assert await peer.rest() == b""
            [line] = told(log, "tls.peer_refused")
            assert f"and not {FRONT_END_NAME}" in line["reason"]
        await peer.close()


async def test_without_names_any_certificate_of_the_authorities_is_good_and_still_no_stranger_is(
    secured: Secured,
) -> None:
    async with serving(secured.configuration(internal="")) as server:
        peer = await secured.comes(secured.authority.signs("some", "whoever.example"))
        assert (await answered(peer, secured)).status == 200
        await peer.close()
        await turned_away(secured.scene.stranger[0], secured.internal, b"\x16\x03\x01")
        with pytest.raises(OSError):  # however the system puts it
            await secured.comes(secured.front_end, host=secured.scene.stranger[0])
        assert server._driver.flows.refused == 2


async def test_where_no_certificate_is_demanded_none_is_needed(secured: Secured) -> None:
    async with serving(secured.configuration(internal="verify = false")):
        peer = await secured.comes(None)
        assert (await answered(peer, secured)).status == 200
        await peer.close()


async def test_tls_1_1_is_refused_and_1_2_where_1_3_is_demanded(secured: Secured, log: list[Any]) -> None:
    async with serving(secured.configuration(internal='minimum_version = "1.3"')):
        error = await secured.is_refused(secured.front_end, version=ssl.TLSVersion.TLSv1_2)
        assert "PROTOCOL_VERSION" in error.reason
        [line] = told(log, "tls.peer_refused")
        assert "below minimum_version" in line["reason"]
    async with serving(secured.configuration()):
        # a ClientHello of TLS 1.1, by hand: the library of this machine will not make one
        hello = bytes.fromhex("0302") + bytes(32) + b"\0" + bytes.fromhex("0002c013") + bytes.fromhex("0100")
        handshake = b"\x01" + len(hello).to_bytes(3, "big") + hello
        peer = await TcpPeer.connected(secured.scene.front_end[0], secured.internal)
        peer.send(b"\x16\x03\x01" + len(handshake).to_bytes(2, "big") + handshake)
        assert (await peer.rest())[-2:] == bytes([2, 70]), "fatal alert: protocol_version"
        await peer.close()


@pytest.mark.parametrize(
    "octets", [b"OPTIONS sip:x SIP/2.0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"\0" * 600]
)
async def test_plain_text_at_a_tls_port_is_no_message_and_ends_the_connection(
    secured: Secured, octets: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediation.net.tcp.HANDSHAKE_LIMIT_S", 0.3)
    async with serving(secured.configuration()) as server:
        peer = await TcpPeer.connected(secured.scene.front_end[0], secured.internal)
        peer.send(octets)
        assert b"SIP/2.0" not in await peer.rest()
        await peer.close()
        await nothing_left_in(server)
        assert not len(server._security.handshakes)


async def test_a_handshake_that_does_not_end_is_ended_and_others_find_room_meanwhile(
    secured: Secured, monkeypatch: pytest.MonkeyPatch, log: list[Any]
) -> None:
    monkeypatch.setattr("mediation.net.tcp.HANDSHAKE_LIMIT_S", 0.5)
    monkeypatch.setattr("mediation.net.handshakes.MOST_OF_ONE", 3)
    async with serving(secured.configuration()) as server:
        good = await secured.comes(secured.front_end)
        half_open = [await TcpPeer.connected(secured.scene.front_end[0], secured.internal) for _ in range(3)]
        for peer in half_open:
            peer.send(b"\x16\x03\x01\x02\x00")
        await until(lambda: len(server._security.handshakes) == 3)
        await turned_away(secured.scene.front_end[0], secured.internal)
        assert (await answered(good, secured)).status == 200
        for peer in half_open:
            assert await peer.rest() == b""
            await peer.close()
        assert not len(server._security.handshakes)
        late = await secured.comes(secured.front_end)
        assert (await answered(late, secured)).status == 200
        for peer in (good, late):
            await peer.close()
        [line] = told(log, "tls.peer_refused")
        assert line["reason"] == "too many handshakes at a time"


async def test_a_server_that_stops_waits_for_no_handshake(secured: Secured) -> None:
    async with serving(secured.configuration()) as server:
        peer = await TcpPeer.connected(secured.scene.front_end[0], secured.internal)
        peer.send(b"\x16\x03\x01\x02\x00")
        await until(lambda: len(server._security.handshakes) == 1)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 1
    assert await peer.rest() == b""
    assert not server._driver.flows._secured
    await peer.close()


# whom we connect to


async def test_our_client_says_whom_it_wants_and_shows_its_certificate(secured: Secured) -> None:
    asked: list[str | None] = []
    context = secured.authority.context(secured.sbc, server=True)
    context.sni_callback = lambda tls, name, own: asked.append(name)
    got: asyncio.Future[tuple[Any, bytes]] = asyncio.get_running_loop().create_future()

    async def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.set_result((writer.get_extra_info("peercert"), await reader.readuntil(b"\r\n\r\n")))
        writer.close()

    sbc = await asyncio.start_server(taken, *secured.sbc_at, ssl=context)
    async with (
        serving(secured.configuration(targets=(secured.to_sbc,))),
        secured.phone("front-end") as front_end,
    ):
        front_end.calls(NUMBER, secured.internal, transport=TLS)
        certificate, octets = await asyncio.wait_for(got, PATIENCE_S)
        assert octets.startswith(b"INVITE ")
        assert ("DNS", "ms.corp.example") in certificate["subjectAltName"]
        assert asked == ["sbc.itsp.example"]
        # it has ended the connection without a word: nobody waits for it
        await front_end.notes_that("hears 503")
    sbc.close()
    await sbc.wait_closed()


@pytest.mark.parametrize(
    ("trunk", "gateway", "names", "good"),
    [
        ("", "", ("ADDRESS",), True),
        ("", "", ("sbc.itsp.example",), False),
        ("", 'peers = ["sbc.itsp.example"]', ("sbc.itsp.example",), True),
        ('tls_name = "sbc.itsp.example"', "", ("sbc.itsp.example",), True),
        ('tls_name = "sbc.itsp.example"', "", ("ADDRESS",), False),
        ('tls_name = "sbc.itsp.example"', 'peers = ["other.example"]', ("other.example",), False),
        ('tls_name = "sbc.itsp.example"', "verify = false", ("other.example",), False),
    ],
)
async def test_a_target_must_bear_its_name_or_its_address_and_is_left_when_it_does_not(
    secured: Secured, trunk: str, gateway: str, names: tuple[str, ...], good: bool, log: list[Any]
) -> None:
    host = secured.sbc_at[0]
    secured.sbc = secured.authority.signs("sbc", *(host if name == "ADDRESS" else name for name in names))
    targets = (secured.to_sbc, f"sip:{spell(secured.scene.second_sbc)}")
    async with (
        serving(secured.configuration(trunk=trunk, gateway=gateway, targets=targets)),
        secured.phone("front-end") as front_end,
        secured.phone("sbc", law=Law.PCMA),
        Phone.plugged_in(secured.scene.second_sbc, law=Law.PCMA),
    ):
        front_end.calls(NUMBER, secured.internal, transport=TLS)
        await front_end.notes_that("hears 200")
        front_end.hangs_up()
        await front_end.is_done()
    [record] = records(secured.scene)
    assert len(record["attempts"]) == (1 if good else 2)
    lines = told(log, "tls.peer_refused")
    assert [line["called"] for line in lines] == ([] if good else [True])


async def test_a_target_that_takes_no_certificate_of_ours_is_left_for_the_next_at_once(
    secured: Secured, log: list[Any]
) -> None:
    """In TLS 1.3 it says so only after our side of the handshake is complete, and the INVITE is on its way."""
    other = Authority(secured.scene.folder, "other")
    context = other.context(secured.sbc, server=True, version=ssl.TLSVersion.TLSv1_3)
    sbc = await asyncio.start_server(lambda reader, writer: None, *secured.sbc_at, ssl=context)
    targets = (secured.to_sbc, f"sip:{spell(secured.scene.second_sbc)}")
    async with (
        serving(secured.configuration(targets=targets)),
        secured.phone("front-end") as front_end,
        Phone.plugged_in(secured.scene.second_sbc, law=Law.PCMA),
    ):
        began = asyncio.get_running_loop().time()
        front_end.calls(NUMBER, secured.internal, transport=TLS)
        await front_end.notes_that("hears 200")
        assert asyncio.get_running_loop().time() - began < 5
        front_end.hangs_up()
        await front_end.is_done()
    [line] = told(log, "tls.peer_refused")
    assert "before it had said anything" in line["reason"], "asyncio's TLS sends no alert"
    sbc.close()
    await sbc.wait_closed()


async def test_a_target_that_refuses_is_not_hammered(secured: Secured) -> None:
    """After the first failure the calls of the next moment do not even try, and fail over at once."""
    tried = 0

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tried
        tried += 1
        writer.transport.abort()

    sbc = await asyncio.start_server(refuse, *secured.sbc_at)
    targets = (secured.to_sbc, f"sip:{spell(secured.scene.second_sbc)}")
    async with (
        serving(secured.configuration(targets=targets)) as server,
        secured.phone("front-end") as front_end,
        Phone.plugged_in(secured.scene.second_sbc, law=Law.PCMA),
    ):
        [rests] = [server._driver.flows._openings._rests]
        for done in range(1, 11):
            front_end.calls(NUMBER, secured.internal, transport=TLS)
            await front_end.notes_that("hears 200", done)
        assert len(rests) == 1
        assert 1 <= tried <= 3
        front_end.hangs_up()
        await front_end.is_done(10)
    sbc.close()
    await sbc.wait_closed()


# connections that do not last


@pytest.mark.parametrize("transport", [TLS, TCP])
async def test_a_caller_whose_connection_is_lost_before_the_answer_has_gone_and_the_trunk_is_cancelled__flow_1(
    secured: Secured, transport: Transport
) -> None:
    targets = (f"sip:{spell(secured.scene.sbc)};transport=tcp",)
    async with (
        serving(secured.configuration(targets=targets, trunk=""), quick=True) as server,
        Phone.plugged_in(secured.scene.sbc, "never-answer", Law.PCMA) as sbc,
    ):
        at = secured.internal if transport is TLS else secured.scene.internal
        if transport is TLS:
            caller = await secured.comes(secured.front_end)
        else:
            caller = await TcpPeer.connected(secured.scene.front_end[0], at)
        caller.send(invite((secured.scene.front_end[0], 9), at, transport=str(transport).upper()))
        while (message := await caller.message()) and isinstance(message, Response) and message.status != 180:
            pass
        caller.reset()
        await caller.close()
        await sbc.notes_that("is cancelled")
        await nothing_left_in(server, "calls", "transactions", "dialogs", "deadlines")
        assert left_in(server)["connections"] == 1, "the one to the SBC"
    [record] = records(secured.scene)
    assert (record["verdict"], record["hung_up_by"]) == ("caller", "caller")


@pytest.mark.parametrize("behaviour", ["answer", "never-answer"])
async def test_fifty_invites_over_tls_whose_connections_are_reset_leave_nothing_behind(
    secured: Secured, behaviour: str
) -> None:
    configuration = secured.configuration(
        targets=(secured.to_sbc,), more="[sip]\nring_limit_s = 5\nsetup_limit_s = 5\n"
    )
    async with serving(configuration, quick=True) as server, secured.phone("sbc", behaviour, law=Law.PCMA):
        for _ in range(50):
            caller = await secured.comes(secured.front_end)
            caller.send(invite((secured.scene.front_end[0], 9), secured.internal, transport="TLS"))
            await caller.writer.drain()
            caller.reset()
            await caller.close()
        await nothing_left_in(server, "calls", "transactions", "dialogs", "deadlines")
        assert left_in(server)["connections"] <= 1, "the one to the SBC may stay"
        assert not server._media.engine.open, "media of a call that is over"  # type: ignore[attr-defined]  # InstantMedia
        assert not len(server._security.handshakes)


async def test_a_target_whose_connection_is_lost_before_it_has_said_anything_is_left_for_the_next(
    secured: Secured,
) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    sbc = await asyncio.start_server(hang_up, *secured.scene.sbc)
    targets = (f"sip:{spell(secured.scene.sbc)};transport=tcp", f"sip:{spell(secured.scene.second_sbc)}")
    async with (
        serving(secured.configuration(targets=targets, trunk="")),
        Phone.plugged_in(secured.scene.front_end) as front_end,
        Phone.plugged_in(secured.scene.second_sbc, law=Law.PCMA),
    ):
        began = asyncio.get_running_loop().time()
        front_end.calls(NUMBER, secured.scene.internal)
        await front_end.notes_that("hears 200")
        assert asyncio.get_running_loop().time() - began < 5
        front_end.hangs_up()
        await front_end.is_done()
    [record] = records(secured.scene)
    assert [attempt["reason"] for attempt in record["attempts"]] == ["unreachable", None]
    sbc.close()
    await sbc.wait_closed()


async def test_large_messages_come_whole_however_they_are_cut(secured: Secured) -> None:
    async with serving(secured.configuration()):
        peer = await secured.comes(secured.front_end)
        octets = request("OPTIONS", peer.at, secured.internal, transport="TLS", body="b" * 60_000)
        for begin in range(0, len(octets), 7_001):
            peer.send(octets[begin : begin + 7_001])
            await peer.writer.drain()
        assert (await peer.response()).status == 200
        small = request("OPTIONS", peer.at, secured.internal, transport="TLS")
        for begin in range(0, len(small), 11):  # a TLS record for each piece
            peer.send(small[begin : begin + 11])
        assert (await peer.response()).status == 200
        await peer.close()


async def test_a_goodbye_is_answered_and_the_connection_forgotten(secured: Secured) -> None:
    async with serving(secured.configuration()) as server:
        peer = await secured.comes(secured.front_end)
        assert (await answered(peer, secured)).status == 200
        assert left_in(server)["connections"] == 1
        async with asyncio.timeout(PATIENCE_S):
            await peer.close()
        await nothing_left_in(server)


# certificates that change


async def test_new_certificates_are_taken_up_while_a_call_is_up_and_bad_ones_are_not(
    secured: Secured, log: list[Any]
) -> None:
    async with (
        serving(secured.configuration(targets=(secured.to_sbc,)), quick=True) as server,
        secured.phone("front-end") as front_end,
        secured.phone("sbc", law=Law.PCMA) as sbc,
    ):
        front_end.calls(NUMBER, secured.internal, transport=TLS)
        await front_end.notes_that("hears 200")

        async def shown() -> int:
            peer = await secured.comes(secured.front_end)
            serial = int(peer.writer.get_extra_info("peercert")["serialNumber"], 16)
            await peer.close()
            return serial

        first = await shown()
        server._security.refresh()
        assert not told(log, "tls.certificate_taken"), "nothing has changed"
        secured.server.replace_by(secured.authority.signs("renewed", "ms.corp.example", days=10.5))
        server._security.refresh()
        second = await shown()
        assert second != first
        assert [line["side"] for line in told(log, "tls.certificate_taken")] == ["front-end", "gateway"]
        assert {line["days_left"] for line in told(log, "tls.certificate_expires")} == {10}
        secured.server.certificate.write_bytes(secured.front_end.certificate.read_bytes())
        for _ in range(3):
            server._security.refresh()
        assert await shown() == second
        bad = told(log, "tls.certificate_rejected")
        assert [line["side"] for line in bad] == ["front-end", "gateway"], "told once for each change"
        assert all("does not belong" in line["reason"] for line in bad)
        server.reload()
        assert len(told(log, "tls.certificate_rejected")) == 4, "who asks is told again"
        assert await shown() == second
        sbc.hangs_up()
        await front_end.notes_that("is hung up on")
        await nothing_left_in(server, "calls", "dialogs")
    [record] = records(secured.scene)
    assert record["verdict"] == "success"


async def test_the_daemon_takes_up_a_renewed_certificate_on_sighup_and_the_call_goes_on(
    secured: Secured,
) -> None:
    configuration = secured.configuration(targets=(secured.to_sbc,))
    async with (
        secured.phone("front-end") as front_end,
        secured.phone("sbc", law=Law.PCMA) as sbc,
    ):
        with secured.scene.daemon(configuration, calls=1) as daemon:
            front_end.calls(NUMBER, secured.internal, transport=TLS)
            await front_end.notes_that("hears 200")
            secured.server.replace_by(secured.authority.signs("renewed", "ms.corp.example"))
            daemon.process.send_signal(signal.SIGHUP)
            await until(lambda: len(told(daemon.log(), "tls.certificate_taken")) == 2)
            peer = await secured.comes(secured.front_end)
            assert (await answered(peer, secured)).status == 200
            await peer.close()
            sbc.hangs_up()
            await front_end.notes_that("is hung up on")
    [record] = daemon.records()
    assert record["verdict"] == "success"


async def test_the_other_side_may_speak_udp_to_the_same_server(secured: Secured) -> None:
    async with serving(secured.configuration()):
        with UdpPeer(secured.scene.front_end[0]) as plain:
            assert (await plain.asks(secured.scene.internal)).status == 200


async def test_a_phone_that_answers_by_hand_over_tls_is_acknowledged_on_its_connection(
    secured: Secured,
) -> None:
    """What we open is used by both: the ACK and BYE go, and the peer's BYE comes, by the one connection."""
    context = secured.authority.context(secured.sbc, server=True)
    taken: asyncio.Queue[TcpPeer] = asyncio.Queue()
    sbc = await asyncio.start_server(
        lambda reader, writer: taken.put_nowait(TcpPeer(reader, writer)), *secured.sbc_at, ssl=context
    )
    async with (
        serving(secured.configuration(targets=(secured.to_sbc,))) as server,
        secured.phone("front-end") as front_end,
    ):
        front_end.calls(NUMBER, secured.internal, transport=TLS, cancel_after_s=0.5)
        peer = await asyncio.wait_for(taken.get(), PATIENCE_S)
        invited = await peer.message()
        assert isinstance(invited, Request)
        peer.send(reply(invited, 180))
        cancel = await peer.message()
        assert isinstance(cancel, Request)
        assert cancel.method == "CANCEL"
        peer.send(reply(cancel, 200))
        peer.send(reply(invited, 487))
        ack = await peer.message()
        assert isinstance(ack, Request)
        assert ack.method == "ACK"
        peer.send(request("OPTIONS", secured.sbc_at, secured.gateway, transport="TLS"))
        assert (await peer.response()).status == 200
        await nothing_left_in(server, "calls", "transactions", "dialogs")
        await peer.close()
    sbc.close()
    await sbc.wait_closed()
