"""What answers mean: tables from what a trunk has said to what is concluded."""

import pytest

from mediation.probing import judgement, media_judgement
from mediation.probing.evidence import Evidence, Heard, Spoken, TlsSeen, Trial
from mediation.probing.finding import Finding, Verdict
from mediation.rtp.telephone_event import key_packets
from mediation.sip.headers import Headers
from mediation.sip.message import Message, Request, Response

YES, NO, PARTLY, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.PARTLY, Verdict.UNKNOWN
PLACE = ("192.0.2.30", 4000)
Pairs = tuple[tuple[str, str], ...]


def sdp(
    formats: str = "8 101",
    *,
    ptime: int = 20,
    direction: str = "sendrecv",
    host: str = PLACE[0],
    crypto: str = "",
    events: int = 101,
) -> bytes:
    profile = "RTP/SAVP" if crypto else "RTP/AVP"
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {PLACE[1]} {profile} {formats}",
    ]
    if str(events) in formats.split():
        lines += [f"a=rtpmap:{events} telephone-event/8000", f"a=fmtp:{events} 0-15"]
    if crypto:
        lines.append(f"a=crypto:1 {crypto} inline:{'A' * 40}")
    lines += [f"a=ptime:{ptime}", f"a={direction}"]
    return "".join(f"{line}\r\n" for line in lines).encode()


def headers(method: str, number: int, *more: tuple[str, str], body: bytes = b"") -> Headers:
    kind = (("Content-Type", "application/sdp"),) if body else ()
    return Headers([("Call-ID", "c"), ("CSeq", f"{number} {method}"), *more, *kind])


class Script:
    """A trial, written message by message, a second apart unless said otherwise."""

    def __init__(self, name: str = "call", keys: str = "") -> None:
        self.trial = Trial(name, name, "", keys=keys)
        self._at_s = 0.0

    def ask(self, method: str, number: int = 1, body: bytes = b"", octets: int = 500) -> "Script":
        request = Request(method, "sip:x", headers(method, number, body=body), body)
        return self._add(request, sent=True, octets=octets)

    def hear(
        self,
        status: int,
        method: str = "INVITE",
        number: int = 1,
        *more: tuple[str, str],
        body: bytes = b"",
        after_s: float = 1.0,
    ) -> "Script":
        self._at_s += after_s - 1.0
        return self._add(
            Response(status, "Word", headers(method, number, *more, body=body), body), sent=False
        )

    def be_asked(self, method: str, body: bytes) -> "Script":
        return self._add(Request(method, "sip:x", headers(method, 1), body), sent=False)

    def audio(self, payload_type: int, payloads: list[bytes], source: tuple[str, int] = PLACE) -> "Script":
        self.trial.heard += [Heard(self._at_s - 0.5, source, payload_type, payload) for payload in payloads]
        return self

    def _add(self, message: Message, *, sent: bool, octets: int = 500) -> "Script":
        self.trial.spoken.append(Spoken(self._at_s, sent, message, octets))
        self._at_s += 1.0
        return self


def evidence(
    *scripts: Script, transport: str = "udp", tls: TlsSeen | None = None, tcp: bool = True
) -> Evidence:
    trials = {each.trial.name: each.trial for each in scripts}
    return Evidence(trials, transport, tls or TlsSeen(5061, problem="the port takes no connections"), tcp)


def answered(*more: tuple[str, str], body: bytes = b"", offer: bytes = b"") -> Script:
    return (
        Script().ask("INVITE", body=offer or sdp("0 8 101")).hear(200, "INVITE", 1, *more, body=body or sdp())
    )


def advice(found: Finding) -> dict[str, object]:
    return {each.key: each.value for each in found.advice}


OPTIONS = [
    ((), None, NO, {"health.options": False}),
    ((200,), None, YES, {}),
    ((405,), None, PARTLY, {}),
    ((503,), 200, PARTLY, {"health.bad_codes": [408]}),
    ((503,), 486, PARTLY, {}),
]


@pytest.mark.parametrize(("heard", "called", "verdict", "advised"), OPTIONS)
def test_options_rfc3261_11(
    heard: tuple[int, ...], called: int | None, verdict: Verdict, advised: dict[str, object]
) -> None:
    asked = Script("options").ask("OPTIONS")
    for status in heard:
        asked.hear(status, "OPTIONS")
    scripts = [asked] if called is None else [asked, Script().ask("INVITE").hear(called)]
    found = judgement.options(evidence(*scripts))
    assert (found.verdict, advice(found)) == (verdict, advised)


RSEQ = ("RSeq", "1")


def numbered(status: int) -> Script:
    return Script().ask("INVITE").hear(183, "INVITE", 1, RSEQ).ask("PRACK", 2).hear(status, "PRACK", 2)


def demanded(status: int) -> Script:
    return Script("100rel").ask("INVITE").hear(status)


PRACK = [
    ("not seen", answered(), None, UNKNOWN),
    ("sent and acknowledged", numbered(200), None, YES),
    ("sent, PRACK refused", numbered(481), None, PARTLY),
    ("sent, PRACK lost", Script().ask("INVITE").hear(183, "INVITE", 1, RSEQ).ask("PRACK", 2), None, PARTLY),
    ("demanded: 420", answered(), demanded(420), NO),
    ("demanded: 488", answered(), demanded(488), NO),
    ("demanded: answered at once", answered(), demanded(200), YES),
    ("demanded: rung all the same", answered(), Script("100rel").ask("INVITE").hear(180).hear(200), NO),
    ("demanded: nothing", answered(), Script("100rel").ask("INVITE"), UNKNOWN),
    ("demanded and given", answered(),
     Script("100rel").ask("INVITE").hear(180, "INVITE", 1, RSEQ).ask("PRACK", 2).hear(200, "PRACK", 2), YES),
]  # fmt: skip


@pytest.mark.parametrize(
    ("main", "other", "verdict"), [each[1:] for each in PRACK], ids=[each[0] for each in PRACK]
)
def test_prack_rfc3262(main: Script, other: Script | None, verdict: Verdict) -> None:
    found = judgement.prack(evidence(main, *([other] if other else [])))
    assert found.verdict is verdict
    assert advice(found) == ({"early_media.reliable": "off"} if verdict is PARTLY else {})


@pytest.mark.parametrize(
    ("allow", "status", "verdict"),
    [
        ("INVITE", 0, NO),
        ("UPDATE", 0, UNKNOWN),
        ("UPDATE", 200, YES),
        ("UPDATE", 405, PARTLY),
        ("UPDATE", 501, PARTLY),
    ],
)
def test_update_rfc3311(allow: str, status: int, verdict: Verdict) -> None:
    script = answered(("Allow", allow))
    if status:
        script.ask("UPDATE", 2).hear(status, "UPDATE", 2)
    assert judgement.update(evidence(script)).verdict is verdict


TIMER = [
    ("none", ((200, ()),), NO, {}),
    ("agreed at once", ((200, (("Session-Expires", "90;refresher=uas"),)),), YES, {}),
    ("1800", ((422, (("Min-SE", "1800"),)), (200, (("Session-Expires", "1800;refresher=uac"),))), YES, {}),
    ("3600", ((422, (("Min-SE", "3600"),)), (200, (("Session-Expires", "3600;refresher=uac"),))), YES,
     {"session_timer.expires_s": 3600}),
    ("422 and then without", ((422, (("Min-SE", "600"),)), (200, ())), PARTLY, {}),
    ("422 without a number", ((422, ()), (200, ())), PARTLY, {}),
    ("422 with nonsense", ((422, (("Min-SE", "soon"),)), (200, ())), PARTLY, {}),
    ("420", ((420, ()),), NO, {"session_timer.mode": "off"}),
    ("486", ((486, ()),), UNKNOWN, {}),
    ("nonsense", ((200, (("Session-Expires", "soon"),)),), NO, {}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("heard", "verdict", "advised"), [each[1:] for each in TIMER], ids=[each[0] for each in TIMER]
)
def test_session_timer_rfc4028(
    heard: tuple[tuple[int, Pairs], ...], verdict: Verdict, advised: dict[str, object]
) -> None:
    script = Script("timer")
    for number, (status, more) in enumerate(heard, 1):
        script.ask("INVITE", number).hear(status, "INVITE", number, *more)
    found = judgement.session_timer(evidence(script))
    assert (found.verdict, advice(found)) == (verdict, advised)


@pytest.mark.parametrize(
    ("allow", "status", "notified", "verdict"),
    [("INVITE", None, False, NO), ("REFER", None, False, UNKNOWN), ("REFER", 202, True, YES),
     ("INVITE", 202, False, YES), ("REFER", 603, False, NO), ("REFER", 405, False, NO)],
)  # fmt: skip
def test_refer_rfc3515(allow: str, status: int | None, notified: bool, verdict: Verdict) -> None:
    scripts = [answered(("Allow", allow))]
    if status is not None:
        tried = Script("refer").ask("INVITE").hear(200).ask("REFER", 2).hear(status, "REFER", 2)
        if notified:
            tried.be_asked("NOTIFY", b"SIP/2.0 200 OK\r\n")
        scripts.append(tried)
    found = judgement.transfer(evidence(*scripts))
    assert found.verdict is verdict
    assert advice(found) == ({"transfer.mode": "refer"} if verdict is YES else {})


@pytest.mark.parametrize(
    ("status", "verdict", "left"),
    [(404, YES, None), (484, YES, None), (503, PARTLY, [408, 500, 502, 504]), (500, PARTLY, [408, 502, 503, 504]),
     (200, NO, None), (None, UNKNOWN, None)],
)  # fmt: skip
def test_failover_codes(status: int | None, verdict: Verdict, left: list[int] | None) -> None:
    script = Script("unallocated").ask("INVITE")
    if status is not None:
        script.hear(status, "INVITE", 1, ("Reason", "Q.850;cause=1"))
    found = judgement.failing(evidence(script), "unallocated", "An unallocated number", "--unallocated")
    assert found.verdict is verdict
    assert advice(found) == ({} if left is None else {"failover_codes": left})


@pytest.mark.parametrize(
    ("through", "lost", "tcp", "verdict", "advised"),
    [((1000, 1300, 1500, 8000), 0, True, YES, {}), ((1000, 1300), 1500, True, PARTLY, {}),
     ((1000, 1300, 1500), 2000, False, PARTLY, {"large_requests": "udp"}), ((1000,), 1300, False, PARTLY, {}),
     ((), 1000, True, UNKNOWN, {})],
)  # fmt: skip
def test_message_size_rfc3261_18_1_1(
    through: tuple[int, ...], lost: int, tcp: bool, verdict: Verdict, advised: dict[str, object]
) -> None:
    script = Script("sizes")
    for number, octets in enumerate(through, 1):
        script.ask("OPTIONS", number, octets=octets).hear(200, "OPTIONS", number)
    if lost:
        script.ask("OPTIONS", 99, octets=lost)
    found = judgement.sizes(evidence(script, tcp=tcp))
    assert (found.verdict, advice(found)) == (verdict, advised)


def test_a_late_sign_of_life_asks_for_more_patience() -> None:
    slow = Script().ask("INVITE").hear(100).hear(180, after_s=9.5).hear(200, after_s=3.0)
    found = judgement.post_dial_delay(evidence(slow))
    assert found.verdict is PARTLY
    assert advice(found) == {"no_progress_s": 21}
    quick = Script().ask("INVITE").hear(180).hear(200)
    assert judgement.post_dial_delay(evidence(quick)).verdict is YES


EARLY = [
    ((100,), 0, UNKNOWN), ((180,), 0, NO), ((183,), 0, PARTLY), ((183,), 3, YES),
]  # fmt: skip


@pytest.mark.parametrize(("heard", "packets", "verdict"), EARLY)
def test_early_media_rfc3960(heard: tuple[int, ...], packets: int, verdict: Verdict) -> None:
    script = Script().ask("INVITE", body=sdp("0 8 101"))
    for status in heard:
        script.hear(status, body=sdp() if status == 183 else b"")
    script.audio(8, [b"x" * 160] * packets).hear(200, body=sdp())
    assert media_judgement.early_media(evidence(script)).verdict is verdict


LAWS = [
    ("one, the other refused", "8", 488, b"", PARTLY, {"codecs": ["PCMA"]}),
    ("one, the other taken too", "8", 200, sdp("0"), YES, {}),
    ("one, the other answered by the first", "8", 200, sdp("8"), PARTLY, {"codecs": ["PCMA"]}),
    ("one, the other not tried", "0", None, b"", PARTLY, {}),
]


@pytest.mark.parametrize(
    ("formats", "other", "body", "verdict", "advised"),
    [each[1:] for each in LAWS],
    ids=[each[0] for each in LAWS],
)
def test_laws(
    formats: str, other: int | None, body: bytes, verdict: Verdict, advised: dict[str, object]
) -> None:
    scripts = [answered(body=sdp(formats))]
    if other is not None:
        scripts.append(Script("law").ask("INVITE", body=sdp("0")).hear(other, body=body))
    found = media_judgement.laws(evidence(*scripts))
    assert (found.verdict, advice(found)) == (verdict, advised)


@pytest.mark.parametrize(
    ("octets", "answered_30", "verdict", "advised"),
    [(160, 240, YES, {}), (160, 160, PARTLY, {}), (240, 240, PARTLY, {"ptime_ms": 30}), (0, 240, YES, {})],
)
def test_ptime(octets: int, answered_30: int, verdict: Verdict, advised: dict[str, object]) -> None:
    main = answered()
    if octets:
        main.audio(8, [b"x" * octets] * 5)
    other = Script("ptime-30").ask("INVITE").hear(200, body=sdp(ptime=30)).audio(8, [b"x" * answered_30] * 5)
    found = media_judgement.ptime(evidence(main, other))
    assert (found.verdict, advice(found)) == (verdict, advised)


def test_telephone_event_and_its_number_rfc4733() -> None:
    found = media_judgement.telephone_event(evidence(answered(body=sdp("8 96", events=96))))
    assert (found.verdict, found.told) == (YES, "payload type 96, events 0-15")
    without = media_judgement.telephone_event(evidence(answered(body=sdp("8"))))
    assert (without.verdict, advice(without)) == (NO, {"telephone_event": False})


def test_a_key_is_verified_only_where_it_comes_back_rfc4733() -> None:
    def called() -> Script:
        script = answered()
        script.trial.keys = "5"
        return script

    assert media_judgement.keys(evidence(called())).verdict is UNKNOWN
    echo = called().audio(101, [each.payload for each in key_packets("5", 800)])
    assert media_judgement.keys(evidence(echo)).verdict is YES
    other = called().audio(101, [each.payload for each in key_packets("6", 800)] + [b"?"])
    assert media_judgement.keys(evidence(other)).verdict is UNKNOWN


HOLD = [
    ((200, 200, 200), YES, {}), ((200, 200, 488), PARTLY, {}), ((488, 488, 200), PARTLY, {"mid_call.hold": "local"}),
    ((488, 488, 488), NO, {"mid_call.hold": "local"}), ((200, 488, 488), PARTLY, {}), ((), UNKNOWN, {}),
]  # fmt: skip


@pytest.mark.parametrize(("statuses", "verdict", "advised"), HOLD)
def test_hold_rfc3264_8_4(statuses: tuple[int, ...], verdict: Verdict, advised: dict[str, object]) -> None:
    offers = (sdp(direction="sendonly"), sdp(direction="inactive"), sdp(host="0.0.0.0"))
    script = answered()
    for number, (offer, status) in enumerate(zip(offers, statuses, strict=False), 2):
        script.ask("INVITE", number, body=offer).hear(
            status, "INVITE", number, body=sdp() if status == 200 else b""
        )
    found = media_judgement.hold(evidence(script))
    assert (found.verdict, advice(found)) == (verdict, advised)


def test_a_hold_that_nobody_answers_is_met_on_our_side() -> None:
    script = answered().ask("INVITE", 2, body=sdp(direction="sendonly"))
    found = media_judgement.hold(evidence(script))
    assert (found.verdict, found.told) == (NO, "sendonly: no answer")
    assert advice(found) == {"mid_call.hold": "local"}


@pytest.mark.parametrize(
    ("source", "verdict"),
    [(PLACE, YES), (("192.0.2.30", 5000), PARTLY), (("198.51.100.1", 4000), PARTLY), (None, UNKNOWN)],
)
def test_audio_from_elsewhere_needs_latching_rfc4961(
    source: tuple[str, int] | None, verdict: Verdict
) -> None:
    script = answered()
    if source is not None:
        script.audio(8, [b"x" * 160], source)
    assert media_judgement.audio_source(evidence(script)).verdict is verdict


def test_srtp_is_advised_only_behind_tls_rfc4568() -> None:
    def rounds() -> list[Script]:
        taken = Script("srtp-1").ask("INVITE").hear(200, body=sdp("8", crypto="AES_CM_128_HMAC_SHA1_80"))
        return [taken, Script("srtp-2").ask("INVITE").hear(488)]

    open_air = media_judgement.srtp(evidence(*rounds()))
    assert (open_air.verdict, advice(open_air)) == (YES, {})
    hidden = media_judgement.srtp(evidence(*rounds(), transport="tls"))
    assert advice(hidden) == {"media.srtp": "optional", "media.srtp_suites": ["AES_CM_128_HMAC_SHA1_80"]}
    for refusal in (
        Script("srtp-1").ask("INVITE").hear(488),
        Script("srtp-1").ask("INVITE").hear(200, body=sdp()),
    ):
        assert media_judgement.srtp(evidence(refusal)).verdict is NO


@pytest.mark.parametrize(("status", "verdict"), [(200, YES), (403, NO), (420, NO), (None, NO)])
def test_asserted_identity_rfc3325(status: int | None, verdict: Verdict) -> None:
    script = Script("identity").ask("INVITE")
    if status is not None:
        script.hear(status)
    assert judgement.identity(evidence(script)).verdict is verdict


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [(TlsSeen(5061, problem="no handshake"), NO),
     (TlsSeen(5061, ("TLSv1.3",), "CN=x", ("x",), "2030-01-31", trusted=True), YES),
     (TlsSeen(5061, ("TLSv1.2",), "", (), "2030-01-31"), PARTLY)],
)  # fmt: skip
def test_tls(seen: TlsSeen, verdict: Verdict) -> None:
    assert judgement.tls(evidence(tls=seen)).verdict is verdict
