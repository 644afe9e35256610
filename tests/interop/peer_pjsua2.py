"""PJSIP as a stranger: a whole user agent of another family, run as a process of its own and told what to do.

PJSIP is under the GPL: this script alone imports it, and nothing imports this script.
"""

import os
from typing import Any

import pjsua2 as pj

from tests.interop.commands import begin, orders, tell

TURN_MS = 10
TRANSPORTS = {
    "udp": pj.PJSIP_TRANSPORT_UDP,
    "tcp": pj.PJSIP_TRANSPORT_TCP,
    "tls": pj.PJSIP_TRANSPORT_TLS,
}
RELIABLE = {
    "no": pj.PJSUA_100REL_NOT_USED,
    "optional": pj.PJSUA_100REL_OPTIONAL,
    "mandatory": pj.PJSUA_100REL_MANDATORY,
}
TIMER = {
    "no": pj.PJSUA_SIP_TIMER_INACTIVE,
    "optional": pj.PJSUA_SIP_TIMER_OPTIONAL,
    "mandatory": pj.PJSUA_SIP_TIMER_REQUIRED,
    "always": pj.PJSUA_SIP_TIMER_ALWAYS,
}
SRTP = {
    "no": pj.PJMEDIA_SRTP_DISABLED,
    "optional": pj.PJMEDIA_SRTP_OPTIONAL,
    "mandatory": pj.PJMEDIA_SRTP_MANDATORY,
}
MEDIA = {
    pj.PJSUA_CALL_MEDIA_NONE: "none",
    pj.PJSUA_CALL_MEDIA_ACTIVE: "active",
    pj.PJSUA_CALL_MEDIA_LOCAL_HOLD: "local hold",
    pj.PJSUA_CALL_MEDIA_REMOTE_HOLD: "remote hold",
    pj.PJSUA_CALL_MEDIA_ERROR: "error",
}
KEEP_MS = 60_000


class Call(pj.Call):
    """Tells of everything that happens to a call. `line` is the number that the test knows it by."""

    def __init__(self, phone: "Phone", line: int, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(phone.account, call_id)
        self.phone = phone
        self.line = line

    def onCallState(self, prm: Any) -> None:  # noqa: N802 -- its names
        info = self.getInfo()
        tell(
            "state",
            line=self.line,
            state=info.stateText,
            status=info.lastStatusCode,
            call_id=info.callIdString,
        )
        if info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.phone.gone.append(self.line)

    def onCallMediaState(self, prm: Any) -> None:  # noqa: N802
        info = self.getInfo()
        tell("media", line=self.line, state=MEDIA[info.media[0].status])
        for index, media in enumerate(info.media):
            if media.status in (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD):
                self.phone.tone.startTransmit(self.getAudioMedia(index))

    def onCallTsxState(self, prm: Any) -> None:  # noqa: N802
        event = prm.e.body.tsxState.tsx
        if event.statusCode >= 200:
            role = "client" if event.role == pj.PJSIP_ROLE_UAC else "server"
            tell("transaction", line=self.line, role=role, method=event.method, status=event.statusCode)

    def onDtmfDigit(self, prm: Any) -> None:  # noqa: N802
        tell("digit", line=self.line, digit=prm.digit)

    def onCallTransferRequest(self, prm: Any) -> None:  # noqa: N802
        line = self.phone.next_line()
        tell("asked to call", line=self.line, uri=prm.dstUri, new_line=line)
        call = Call(self.phone, line)
        self.phone.calls[line] = call
        prm.newCall = call

    def onCallTransferStatus(self, prm: Any) -> None:  # noqa: N802
        tell("transfer", line=self.line, status=prm.statusCode, final=bool(prm.finalNotify))

    def onCallReplaced(self, prm: Any) -> None:  # noqa: N802
        line = self.phone.next_line()
        call = Call(self.phone, line, prm.newCallId)
        self.phone.calls[line] = call
        prm.newCall = call
        tell("replaced", line=self.line, new_line=line)


class Account(pj.Account):
    """Takes calls."""

    phone: "Phone"

    def onIncomingCall(self, prm: Any) -> None:  # noqa: N802
        phone = self.phone
        line = phone.next_line()
        call = Call(phone, line, prm.callId)
        phone.calls[line] = call
        tell("incoming", line=line, message=prm.rdata.wholeMsg)
        for status in phone.set.get("answers", []):
            phone.do_answer(line, status)


class Phone:
    """The user agent, and what it can be told to do: each `do_NAME` is an order."""

    def __init__(self, set_: dict[str, Any]) -> None:
        self.set = set_
        self.calls: dict[int, Call] = {}
        self.gone: list[int] = []
        self._lines = 0
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        self.endpoint.libInit(self._endpoint_config())
        self.endpoint.audDevManager().setNullDev()
        self._transport()
        self.endpoint.libStart()
        for codec in self.endpoint.codecEnum2():
            self.endpoint.codecSetPriority(codec.codecId, 255 if codec.codecId in set_["codecs"] else 0)
        self.tone = pj.ToneGenerator()
        self.tone.createToneGenerator(8000, 1)
        self._play(set_.get("tone_hz", 440))
        self.account = Account()
        self.account.phone = self
        self.account.create(self._account_config())

    def next_line(self) -> int:
        """Number the next call."""
        self._lines += 1
        return self._lines

    def do_dial(self, uri: str, *, offer: bool = True) -> None:
        line = self.next_line()
        call = Call(self, line)
        self.calls[line] = call
        parameters = pj.CallOpParam(True)
        if not offer:
            parameters.opt.flag |= pj.PJSUA_CALL_NO_SDP_OFFER
        call.makeCall(uri, parameters)

    def do_answer(self, line: int, status: int) -> None:
        parameters = pj.CallOpParam()
        parameters.statusCode = status
        self.calls[line].answer(parameters)

    def do_hang_up(self, line: int, status: int = 0) -> None:
        parameters = pj.CallOpParam()
        parameters.statusCode = status
        self.calls[line].hangup(parameters)

    def do_hold(self, line: int) -> None:
        self.calls[line].setHold(pj.CallOpParam(True))

    def do_resume(self, line: int) -> None:
        parameters = pj.CallOpParam(True)
        parameters.opt.flag |= pj.PJSUA_CALL_UNHOLD
        self.calls[line].reinvite(parameters)

    def do_reinvite(self, line: int, *, offer: bool = True) -> None:
        parameters = pj.CallOpParam(True)
        if not offer:
            parameters.opt.flag |= pj.PJSUA_CALL_NO_SDP_OFFER
        self.calls[line].reinvite(parameters)

    def do_update(self, line: int, *, offer: bool = True) -> None:
        parameters = pj.CallOpParam(True)
        if not offer:
            parameters.opt.flag |= pj.PJSUA_CALL_NO_SDP_OFFER
        self.calls[line].update(parameters)

    def do_transfer(self, line: int, uri: str) -> None:
        self.calls[line].xfer(uri, pj.CallOpParam(True))

    def do_transfer_to(self, line: int, other: int) -> None:
        """Attended: connect the far ends of two calls."""
        self.calls[line].xferReplaces(self.calls[other], pj.CallOpParam(True))

    def do_dial_digits(self, line: int, digits: str) -> None:
        self.calls[line].dialDtmf(digits)

    def do_count(self, line: int) -> None:
        """Tell how much audio went past, and how much of it was lost."""
        stat = self.calls[line].getStreamStat(0).rtcp
        info = self.calls[line].getStreamInfo(0)
        tell(
            "count",
            line=line,
            received=stat.rxStat.pkt,
            lost=stat.rxStat.loss,
            sent=stat.txStat.pkt,
            codec=info.codecName,
        )

    def turn(self) -> None:
        """Let it work for a moment. A call that is gone must be dropped before the library is."""
        self.endpoint.libHandleEvents(TURN_MS)
        while self.gone:
            self.calls.pop(self.gone.pop(), None)

    def close(self) -> None:
        """End all calls and the library."""
        self.endpoint.hangupAllCalls()
        for _ in range(10):
            self.turn()
        self.calls.clear()
        self.account.shutdown()
        del self.account, self.tone
        self.endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)  # else it waits a second for strays

    def _play(self, frequency_hz: int) -> None:
        tone = pj.ToneDesc()
        tone.freq1, tone.freq2, tone.on_msec, tone.off_msec = frequency_hz, 0, KEEP_MS // 2, 0
        self.tone.play(pj.ToneDescVector([tone]), True)

    def _endpoint_config(self) -> Any:
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.userAgent = "PJSIP"
        config.logConfig.filename = "pjsip.log"
        config.logConfig.level = 5
        config.logConfig.consoleLevel = 0
        config.logConfig.msgLogging = 1
        config.medConfig.noVad = True
        config.medConfig.clockRate = 8000
        config.medConfig.sndClockRate = 8000
        config.medConfig.ecTailLen = 0
        return config

    def _transport(self) -> None:
        config = pj.TransportConfig()
        config.port = self.set["port"]
        config.boundAddress = self.set["host"]
        if papers := self.set.get("papers"):
            tls = config.tlsConfig
            tls.certFile, tls.privKeyFile, tls.CaListFile = papers
            tls.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_2
            tls.verifyServer = tls.verifyClient = tls.requireClientCert = True
        self.endpoint.transportCreate(TRANSPORTS[self.set["transport"]], config)

    def _account_config(self) -> Any:
        set_ = self.set
        suffix = "" if set_["transport"] == "udp" else f";transport={set_['transport']}"
        config = pj.AccountConfig()
        config.idUri = f"sip:{set_['user']}@{set_['host']}:{set_['port']}{suffix}"
        # Left to itself it asks the kernel, and that says 127.0.0.1 on loopback
        config.sipConfig.contactForced = f"<{config.idUri}>"
        config.callConfig.prackUse = RELIABLE[set_.get("reliable", "no")]
        config.callConfig.timerUse = TIMER[set_.get("timer", "no")]
        config.callConfig.timerMinSESec = set_.get("timer_min_s", 90)
        config.callConfig.timerSessExpiresSec = set_.get("timer_s", 1800)
        if set_.get("old_hold"):
            config.callConfig.holdType = pj.PJSUA_CALL_HOLD_TYPE_RFC2543
        media = config.mediaConfig
        media.transportConfig.boundAddress = set_["host"]
        media.transportConfig.publicAddress = set_["host"]
        media.transportConfig.port = set_.get("media_port", 6000)
        media.lockCodecEnabled = False
        media.srtpUse = SRTP[set_.get("srtp", "no")]
        media.srtpSecureSignaling = 0
        media.rtcpMuxEnabled = set_.get("rtcp_mux", False)
        if suites := set_.get("suites"):
            options = media.srtpOpt
            options.cryptos = pj.SrtpCryptoVector([_suite(name) for name in suites])
            options.keyings = pj.IntVector([pj.PJMEDIA_SRTP_KEYING_SDES])
            media.srtpOpt = options
        return config


def _suite(name: str) -> Any:
    crypto = pj.SrtpCrypto()
    crypto.name = name
    return crypto


def main() -> None:
    """Serve until told to quit."""
    phone = Phone(begin())
    os.set_blocking(0, False)
    tell("ready")
    while True:
        phone.turn()
        for order in orders():
            name = order.pop("do")
            if name == "quit":
                phone.close()
                return
            try:
                getattr(phone, f"do_{name.replace(' ', '_')}")(**order)
            except pj.Error as error:
                tell("refused", order=name, why=error.reason)


if __name__ == "__main__":
    main()
    os._exit(0)  # its destructors have been seen to abort after a good end
