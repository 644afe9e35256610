"""Calls with products as they speak: nothing crosses but what policy names, and that octet for octet."""

import re
from base64 import b64decode, b64encode

import pytest

from mediation.b2bua.content import CONTENT_HEADERS
from mediation.b2bua.parts import luggage_of
from mediation.b2bua.passage import addresses_of
from mediation.b2bua.plan import Stream
from mediation.b2bua.policy import On, called_uri, crossing_response, invited
from mediation.routing.numbers import number_of
from mediation.sdp.crypto import SrtpMode, Suite
from mediation.settings.peer_media import PeerMedia
from mediation.settings.peer_terms import RedirectMode, Redirects
from mediation.settings.peers import Side
from mediation.sip.agent import hostport
from mediation.sip.headers import Headers, header_key
from mediation.sip.message import Request
from mediation.sip.uri import SipUri
from tests.flows.peers import CALLED, CALLING
from tests.products.crossing import OURS, leaks, named, parsed, rows, wanted
from tests.products.scene import Scene, ours, scene, whole_call_of_product, whole_call_to_product
from tests.products.script import SCRIPTS, Audio, Script, lines_of, message

PRODUCTS = pytest.mark.parametrize("script", SCRIPTS, ids=str)
TALKING = pytest.mark.parametrize("script", [each for each in SCRIPTS if each.law], ids=str)
SIDES = pytest.mark.parametrize("side", list(Side), ids=str)
MESSAGES = pytest.mark.parametrize(
    ("script", "name"),
    [pytest.param(each, name, id=f"{each}-{name}") for each in SCRIPTS for name in each.messages],
)
FAILURES = pytest.mark.parametrize(
    ("script", "status"),
    [pytest.param(each, name, id=f"{each}-{name}") for each in SCRIPTS if each.law for name in each.failures],
)
REFERRING = pytest.mark.parametrize("script", [s for s in SCRIPTS if s.law and s.has("REFER")], ids=str)
REDIRECTING = pytest.mark.parametrize("script", [each for each in SCRIPTS if each.has("302")], ids=str)
HEARD_AS = {"302": "480", "401": "403", "407": "403", "408": "503"}
"""What a caller hears where only we could have acted on a refusal, or where no target is left."""
GAPS = {
    name: f"x-{name.replace('_', '-')}"
    for name in ("branch", "tag", "local_tag", "call_id", "host", "us", "called", "calling")
} | {
    "our_port": "5060", "port": "5060", "seq": "7", "cseq": "7 INVITE", "rack": "1 7 INVITE", "target": "sip:x@x-host",
    "via": "SIP/2.0/UDP x-host;branch=z9hG4bKx", "local": "<sip:x@x-host>;tag=1", "remote": "<sip:y@x-host>;tag=2",
    "from": "<sip:x@x-host>;tag=1", "to_bare": "<sip:y@x-host>", "to": "<sip:y@x-host>;tag=2",
}  # fmt: skip


def heard_audio(stream: Stream) -> Audio:
    return Audio(stream.remote, stream.payload_type, stream.event_payload_type, stream.ptime_ms)


def expect_audio(play: Scene, name: str, *, caller: bool) -> None:
    """What media was told of the product is what its description means."""
    plan = play.world.media.plan
    assert heard_audio(plan.caller if caller else plan.callee) == play.script.audio(name)


def expect_ours(play: Scene, name: str, body: bytes) -> None:
    """A description of ours is what this product must get, line by line."""
    assert ours(body) == play.script.ours(name, {"audio": play.port, "key": play.key})


def expect_invite(play: Scene) -> None:
    """The INVITE on the other side holds what policy names of the product's, octet for octet, and no other header."""
    said = parsed(play.product.said[0])
    invite = play.plain.request("INVITE")
    assert isinstance(said, Request)
    identity, expected = invited(said, play.way)
    content_id = (invite.headers.get("Geolocation") or "").removeprefix("<cid:").removesuffix(">")
    luggage = luggage_of(said, play.way, expected, lambda: content_id)
    named = [pair for pair in invite.headers.items() if header_key(pair[0]) not in OURS]
    assert named == [*expected, *luggage.headers]
    assert all(part.body in invite.body for part in luggage.parts)
    wire = set(lines_of(play.product.said[0]))
    copied = rows(On.INVITE, play.way)
    for name, value in expected:
        if header_key(name) in copied:
            assert (header_key(name), value.encode("utf-8", "surrogateescape")) in wire
    assert (invite.headers.get("From") or "").partition(";tag=")[0] == identity
    assert invite.request_uri == called_uri(said, hostport(play.plain.flow.remote))
    caller = "anonymous" if play.hidden else play.script.head.get("caller", CALLING)
    for uri, user in ((invite.uri, play.script.head.get("called", CALLED)), (invite.from_.uri, caller)):
        assert isinstance(uri, SipUri)
        assert uri.user == user


def expect_name(play: Scene) -> None:
    """The name that is displayed to the called party, octet for octet."""
    from_ = dict(lines_of(play.product.said[0]))["from"]
    name = b'"Anonymous"' if play.hidden else from_.partition(b"<")[0].strip() if b"<" in from_ else b""
    told = play.plain.request("INVITE").headers.get("From") or ""
    assert told.encode("utf-8", "surrogateescape").partition(b"<")[0].strip() == name


def elsewhere(script: Script) -> SipUri:
    """Whom a product says to call instead."""
    uri = addresses_of(parsed(message(script.sections["302"], GAPS)).headers, "Contact")[0].uri
    assert isinstance(uri, SipUri)
    return uri


def expect_no_leak(play: Scene) -> None:
    """Nothing else of what the product has said was told to the other side."""
    assert leaks(play.product.said, play.told, play.way, play.plain.spoken) == set()


@SIDES
@TALKING
def test_a_product_calls_changes_and_hangs_up(script: Script, side: Side) -> None:
    with scene(script, side) as play:
        play.product_calls()
        expect_invite(play)
        expect_name(play)
        play.plain_answers()
        expect_audio(play, "offers", caller=True)
        expect_ours(
            play,
            "offer" if script.has("our offer") else "answer",
            next(m.body for m in play.product.received if m.body),
        )
        held = play.product_changes("INVITE hold")
        expect_ours(play, "answer to hold", held.body)
        assert not play.world.media.plan.caller.takes
        resumed = play.product_changes("INVITE resume")
        expect_audio(play, "offers", caller=True)
        assert play.world.media.plan.caller.takes
        if not script.has("our offer"):
            expect_ours(play, "answer", resumed.body)
        if script.has("UPDATE"):
            play.product_changes("UPDATE")
        play.product_hangs_up()
        expect_no_leak(play)


@SIDES
@TALKING
def test_a_product_is_called_answers_is_held_and_holds(script: Script, side: Side) -> None:
    with scene(script, side) as play:
        play.plain_calls()
        play.product_answers()
        expect_audio(play, "answers", caller=False)
        play.plain_changes("sendonly", "200 hold")
        assert not play.world.media.plan.callee.sends or not play.world.media.plan.caller.takes
        play.plain_changes("sendrecv", "200")
        expect_audio(play, "answers", caller=False)
        play.product_changes("INVITE hold")
        assert not play.world.media.plan.callee.takes
        play.product_changes("INVITE resume")
        assert play.world.media.plan.callee.takes
        play.plain_hangs_up()
        expect_no_leak(play)


@SIDES
@TALKING
def test_a_product_gives_a_call_up(script: Script, side: Side) -> None:
    with scene(script, side) as play:
        play.product_calls()
        play.plain.says(180)
        play.product.plays("CANCEL")
        assert play.product.heard()[-2:] == ["200 CANCEL", "487"]
        play.product.plays("ACK")
        assert play.plain.heard() == ["CANCEL"]
        play.plain.says(200, to="CANCEL")
        play.plain.says(487)
        expect_no_leak(play)


@SIDES
@TALKING
def test_a_call_to_a_product_is_given_up(script: Script, side: Side) -> None:
    with scene(script, side) as play:
        play.plain_calls()
        play.product.plays("180")
        if play.product.heard() == ["PRACK"]:
            play.product.plays("200 PRACK")
        play.plain.cancels()
        assert play.product.heard() == ["CANCEL"]
        play.product.plays("200 CANCEL")
        play.product.plays("487")
        assert play.product.heard() == ["ACK"]
        assert play.plain.heard() == ["180", "200 CANCEL", "487"]
        expect_no_leak(play)


@SIDES
@FAILURES
def test_a_refusal_of_a_product_is_told_by_its_status_alone(script: Script, side: Side, status: str) -> None:
    with scene(script, side) as play:
        play.plain_calls()
        play.product.plays(status)
        assert play.product.heard() == ["ACK"]
        assert play.plain.heard() == [HEARD_AS.get(status, status)]
        refusal = parsed(play.product.said[-1])
        may = {header_key(name) for name, _ in crossing_response(int(status), refusal.headers, play.way)}
        assert named(play.plain.response(int(HEARD_AS.get(status, status)))) <= may
        expect_no_leak(play)


@SIDES
@PRODUCTS
def test_a_product_asks_whether_we_live(script: Script, side: Side) -> None:
    with scene(script, side) as play:
        play.product.plays("OPTIONS")
        assert play.product.heard() == ["200 OPTIONS"]
        assert play.told == []


@SIDES
@REFERRING
@pytest.mark.parametrize("called", [False, True], ids=["that it made", "that it took"])
def test_a_product_transfers_a_call__rfc5589_6(script: Script, side: Side, *, called: bool) -> None:
    with scene(script, side) as play:
        if called:
            play.plain_calls()
            play.product_answers()
        else:
            play.product_calls()
            play.plain_answers()
        play.product_transfers()
        refer, invite = (
            next(m for m in map(parsed, play.product.said) if m.cseq.method == "REFER"),
            play.plain.request("INVITE"),
        )
        assert isinstance(refer, Request)
        assert invite.request_uri == called_uri(wanted(refer), hostport(play.plain.flow.remote))
        _, expected = invited(wanted(refer), play.way)
        assert invite.headers.get_all("Referred-By") == tuple(v for n, v in expected if n == "Referred-By")
        assert named(invite) <= {"referred-by", "p-asserted-identity", "privacy"}
        play.plain.hangs_up()
        assert play.plain.heard()[-2:] == ["200 BYE", "BYE"]
        expect_no_leak(play)


@SIDES
@pytest.mark.parametrize("script", [each for each in SCRIPTS if each.has("REFER attended")], ids=str)
def test_a_dialog_that_we_do_not_know_is_replaced_by_nobody__rfc3891_3(script: Script, side: Side) -> None:
    with scene(script, side) as play:
        play.product_calls()
        play.plain_answers()
        play.product.plays("REFER attended")
        assert play.product.heard() == ["603 REFER"]
        assert play.plain.heard() == []
        play.product_hangs_up()
        expect_no_leak(play)


@SIDES
@REDIRECTING
def test_where_a_product_sends_a_call_on_it_goes__rfc3261_8_1_3_4(script: Script, side: Side) -> None:
    follow = Redirects(mode=RedirectMode.FOLLOW, hosts=(elsewhere(script).host,))
    with scene(script, side, redirect=follow) as play:
        play.plain_calls()
        play.product.plays("302")
        assert play.product.heard() == ["ACK", "INVITE"]
        assert number_of(play.product.request("INVITE").uri) == number_of(elsewhere(script))
        assert play.plain.heard() == []
        play.product.turns()
        play.product_answers()
        expect_audio(play, "answers", caller=False)
        play.plain_hangs_up()
        expect_no_leak(play)


@SIDES
@REDIRECTING
def test_where_a_product_sends_a_call_on_the_caller_may_be_told_the_number__rfc3261_21_3(
    script: Script, side: Side
) -> None:
    with scene(script, side, redirect=Redirects(mode=RedirectMode.PASS)) as play:
        play.plain_calls()
        play.product.plays("302")
        assert play.plain.heard() == ["302"]
        place = hostport(play.plain.flow.local)
        assert (
            play.plain.response(302).headers.get("Contact") == f"<sip:{number_of(elsewhere(script))}@{place}>"
        )
        expect_no_leak(play)


@SIDES
@pytest.mark.parametrize("script", [each for each in SCRIPTS if each.has("INFO")], ids=str)
def test_what_a_product_says_by_info_crosses_whole__rfc6086(script: Script, side: Side) -> None:
    with scene(script, side) as play:
        play.product_calls()
        play.plain_answers()
        play.product.plays("INFO")
        play.plain.says(200, to="INFO")
        assert play.product.heard() == ["200 INFO"]
        said, told = parsed(play.product.said[-1]), play.plain.request("INFO")
        assert told.body == said.body
        for name in CONTENT_HEADERS:
            assert told.headers.get_all(name) == said.headers.get_all(name)
        assert named(told) <= {"session-id"}
        assert play.plain.heard() == ["INFO"]
        play.product_hangs_up()
        expect_no_leak(play)


@MESSAGES
def test_every_message_is_read_and_printed_with_every_value_kept(script: Script, name: str) -> None:
    octets = message(script.sections[name], GAPS)
    read = parsed(octets)
    kept = [(header_key(n), v.encode("utf-8", "surrogateescape")) for n, v in read.headers.items()]
    assert kept == lines_of(octets)
    again = parsed(bytes(read))
    assert again.body == read.body == octets.partition(b"\r\n\r\n")[2]
    assert [pair for pair in again.headers.items() if header_key(pair[0]) != "content-length"] == [
        pair for pair in read.headers.items() if header_key(pair[0]) != "content-length"
    ]
    assert isinstance(again.headers, Headers)
    if isinstance(read, Request):
        assert isinstance(again, Request)
        assert again.request_uri == read.request_uri


@SIDES
@TALKING
def test_the_whole_calls_that_other_tests_alter_are_good(script: Script, side: Side) -> None:
    with scene(script, side) as play:
        whole_call_of_product(play)
    with scene(script, side) as play:
        whole_call_to_product(play)


@SIDES
@pytest.mark.parametrize("name", ["skype-for-business", "direct-routing", "lync-client"])
@pytest.mark.parametrize("mode", [SrtpMode.OPTIONAL, SrtpMode.REQUIRED])
def test_what_a_product_would_encrypt_is_encrypted_and_its_mki_answered(
    name: str, side: Side, mode: SrtpMode
) -> None:
    """Twins of Skype for Business, RTP/AVP with a key of its clients, RTP/SAVP alone of Direct Routing."""
    script = next(each for each in SCRIPTS if each.name == name)
    with scene(script, side, media=PeerMedia(srtp=mode)) as play:
        play.product_calls()
        play.plain_answers()
        keys = play.world.media.plan.caller.srtp
        assert keys is not None
        assert keys.suite is Suite.AES_CM_128_HMAC_SHA1_80
        assert keys.receiving.octets == b64decode(KEY_SAID.findall(play.product.said[0])[-1])
        assert keys.sending.mki == keys.receiving.mki
        assert play.key.partition("|")[0] == b64encode(keys.sending.octets).decode()
        play.product_hangs_up()


@SIDES
def test_what_is_encrypted_and_nothing_else_is_refused_where_srtp_is_off(side: Side) -> None:
    script = next(each for each in SCRIPTS if each.name == "direct-routing")
    with scene(script, side, media=PeerMedia()) as play:
        play.product.invites()
        assert play.product.heard() == ["100", "488"]
        assert play.plain.heard() == []


KEY_SAID = re.compile(rb"a=crypto:.*inline:([A-Za-z0-9+/=]+)")
