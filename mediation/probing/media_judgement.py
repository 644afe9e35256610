"""What the answers of a trunk mean for audio: descriptions, packets, hold, keys."""

from collections import Counter

from mediation.probing.evidence import Evidence, Trial, description
from mediation.probing.finding import Advice, Finding, Verdict
from mediation.probing.judgement import USUAL, said, untried
from mediation.probing.scripts import suite_in
from mediation.rtp.packet import RtpError
from mediation.rtp.telephone_event import EventReceiver
from mediation.sdp.audio import TELEPHONE_EVENT, AudioStream, read_audio
from mediation.sdp.errors import NotAcceptable
from mediation.sip.message import Message, Request, Response

_LAWS = {"PCMA": 8, "PCMU": 0}
_HOLDS = ("sendonly", "inactive", "0.0.0.0")


def early_media(evidence: Evidence) -> Finding:
    """Audio before the answer: 18x with a description (RFC 3960)."""
    trial = evidence.trial("call")
    if trial is None:
        return untried("early-media", "Early media")
    provisional = [each for each in trial.responses("INVITE") if 100 < each.status < 200]
    if not provisional:
        told = "no provisional response but 100"
        return Finding("early-media", "Early media", Verdict.UNKNOWN, told, ("call",))
    described = [each for each in provisional if audio_in(each) is not None]
    if not described:
        told = f"{said(provisional[0])} without a description: ringing is ours to play"
        return Finding("early-media", "Early media", Verdict.NO, told, ("call",))
    before = _answered_at(trial)
    packets = sum(1 for each in trial.heard if before is None or each.at_s < before)
    told = f"{said(described[0])} with a description, {packets} packets before the answer"
    return Finding("early-media", "Early media", Verdict.YES if packets else Verdict.PARTLY, told, ("call",))


def laws(evidence: Evidence) -> Finding:
    """Which laws are taken."""
    main, other = evidence.trial("call"), evidence.trial("law")
    chosen = _laws(main.answered) if main else ()
    if main is None or not chosen:
        return untried("laws", "Laws")
    offered = [name for name in _offered(main) if name in _LAWS]
    taken = [chosen[0]]
    told = f"of {', '.join(offered)} it answers {' and '.join(chosen)}"
    shown: tuple[str, ...] = ("call",)
    alone = next(iter(_offered(other)), "") if other is not None else ""
    if other is not None and alone:
        final = other.final("INVITE")
        shown = ("call", "law")
        if other.answered is not None and alone in _laws(other.answered):
            taken.append(alone)
            told += f"; {alone} alone is taken too"
        else:
            answered = ", ".join(_laws(other.answered)) or said(final)
            told += f"; {alone} alone: {answered}"
    both = len(taken) > 1
    refused = bool(alone) and not both
    advice = (Advice("codecs", taken, f"the other law is refused: {told}"),) if refused else ()
    verdict = Verdict.YES if both else Verdict.PARTLY
    return Finding("laws", "Laws", verdict, told, shown, advice)


def ptime(evidence: Evidence) -> Finding:
    """Packet lengths: asked for, answered, and really sent."""
    title = "Packet length (ptime)"
    lines: list[str] = []
    kept: dict[int, bool] = {}
    shown: list[str] = []
    for ptime_ms, name in ((20, "call"), (30, "ptime-30"), (10, "ptime-10")):
        trial = evidence.trial(name)
        if trial is None:
            continue
        shown.append(name)
        stream = audio_in(trial.answered)
        if stream is None:
            lines.append(f"{ptime_ms} ms: {said(trial.final('INVITE'))}")
            kept[ptime_ms] = False
            continue
        answered = f"ptime:{stream.ptime_ms}" if stream.ptime_ms else "no ptime"
        sent = _sent_ms(trial)
        lines.append(f"{ptime_ms} ms: {answered}, " + (f"packets of {sent} ms" if sent else "no audio heard"))
        kept[ptime_ms] = (sent or stream.ptime_ms or 20) == ptime_ms
    main = evidence.trial("call")
    if main is None or main.answered is None:
        return untried("ptime", title)
    advice: tuple[Advice, ...] = ()
    own = _sent_ms(main)
    if own and own != USUAL.ptime_ms and own in (10, 20, 30, 40, 50, 60):
        advice = (Advice("ptime_ms", own, f"asked for 20 ms, it sends packets of {own} ms"),)
    verdict = Verdict.YES if all(kept.values()) else Verdict.PARTLY
    return Finding("ptime", title, verdict, "; ".join(lines), tuple(shown), advice)


def telephone_event(evidence: Evidence) -> Finding:
    """Keys as events (RFC 4733)."""
    trial = evidence.trial("call")
    stream = audio_in(trial.answered) if trial else None
    if trial is None or stream is None:
        return untried("telephone-event", "telephone-event")
    found = stream.find(TELEPHONE_EVENT)
    if found is None:
        why = "the answer has no telephone-event"
        advice = (Advice("telephone_event", value=False, why=why),)
        return Finding("telephone-event", "telephone-event", Verdict.NO, why, ("call",), advice)
    told = f"payload type {found.payload_type}, events {found.parameters or '0-15'}"
    return Finding("telephone-event", "telephone-event", Verdict.YES, told, ("call",))


def keys(evidence: Evidence) -> Finding:
    """Whether keys arrive: only the far end knows, unless it sends them back."""
    trial = evidence.trial("call")
    if trial is None or not trial.keys:
        return untried("dtmf", "DTMF")
    stream = audio_in(trial.answered)
    found = stream.find(TELEPHONE_EVENT) if stream else None
    offered = audio_in(next(iter(trial.requests("INVITE")), None))
    ours = offered.find(TELEPHONE_EVENT) if offered else None
    numbers = {each.payload_type for each in (found, ours) if each is not None}
    receiver, heard = EventReceiver(), ""
    for each in trial.heard:
        if each.payload_type in numbers:
            try:
                event = receiver.packet_arrived(0, each.payload)
            except RtpError:
                continue
            heard += (event.key or "") if event is not None else ""
    if trial.keys in heard:
        told = f"{trial.keys} was sent, and came back as {heard}"
        return Finding("dtmf", "DTMF", Verdict.YES, told, ("call",))
    told = f"{trial.keys} was sent; not verifiable, for the far end does not send it back"
    return Finding("dtmf", "DTMF", Verdict.UNKNOWN, told, ("call",))


def hold(evidence: Evidence) -> Finding:
    """Hold by re-INVITE, in each style (RFC 3264 section 8.4)."""
    trial = evidence.trial("call")
    if trial is None or trial.answered is None:
        return untried("hold", "Hold")
    lines: dict[str, str] = {}
    taken: list[str] = []
    for request in trial.requests("INVITE")[1:]:
        style = hold_style(request)
        if not style or style in lines:
            continue
        answer = trial.answer_to(request)
        if answer is not None and answer.status in (401, 407):
            continue  # asked again, with credentials
        stream = audio_in(answer)
        direction = f", {stream.direction}" if stream is not None else ""
        lines[style] = f"{style}: {said(answer)}{direction}"
        if answer is not None and answer.status < 300:
            taken.append(style)
    if not lines:
        return Finding("hold", "Hold", Verdict.UNKNOWN, "not tried: the call was over", ("call",))
    advice: tuple[Advice, ...] = ()
    if "sendonly" not in taken:
        why = lines.get("sendonly", "hold by sendonly was not tried")
        why += f"; of the other ways it takes {', '.join(taken)}" if taken else "; nor is there another way"
        advice = (Advice("mid_call.hold", "local", why),)
    verdict = Verdict.YES if len(taken) == len(_HOLDS) else Verdict.PARTLY if taken else Verdict.NO
    return Finding("hold", "Hold", verdict, "; ".join(lines.values()), ("call",), advice)


def audio_source(evidence: Evidence) -> Finding:
    """Whether audio comes from where its description says (symmetric RTP, RFC 4961)."""
    title = "Audio source"
    trial = evidence.trial("call")
    stream = audio_in(trial.answered) if trial else None
    if trial is None or stream is None:
        return untried("source", title)
    if not trial.heard:
        told = "no audio was heard, so its source is not known"
        return Finding("source", title, Verdict.UNKNOWN, told, ("call",))
    described = {
        each.remote for each in (audio_in(answer) for answer in trial.responses("INVITE")) if each is not None
    }
    sources = Counter(each.source for each in trial.heard)
    strange = [f"{host}:{port}" for (host, port) in sources if (host, port) not in described]
    if not strange:
        told = f"audio comes from the address in SDP, {stream.remote[0]}:{stream.remote[1]}"
        return Finding("source", title, Verdict.YES, told, ("call",))
    told = f"SDP says {stream.remote[0]}:{stream.remote[1]}, audio comes from {', '.join(strange)}: latching is needed"
    return Finding("source", title, Verdict.PARTLY, told, ("call",))


def srtp(evidence: Evidence) -> Finding:
    """SRTP with keys in SDP (RFC 4568), suite by suite."""
    taken = []
    shown = []
    last: Response | None = None
    for name in sorted(name for name in evidence.trials if name.startswith("srtp-")):
        trial = evidence.trials[name]
        shown.append(name)
        last = trial.final("INVITE")
        suite = suite_in(trial)
        if suite is not None:
            taken.append(str(suite))
    if not shown:
        return untried("srtp", "SRTP (SDES)")
    if not taken:
        told = f"RTP/SAVP: {said(last)}" + (", without a key that fits" if last and last.status < 300 else "")
        return Finding("srtp", "SRTP (SDES)", Verdict.NO, told, tuple(shown))
    told = f"takes {', '.join(taken)}"
    advice: list[Advice] = []
    if evidence.transport == "tls":
        main = evidence.trial("call")
        if main is not None and main.answered is None:
            why = f"a call in the clear is refused with {said(main.final('INVITE'))}, SRTP is taken"
            advice.append(Advice("media.srtp", "required", why))
        else:
            advice.append(Advice("media.srtp", "optional", f"SRTP is taken, and TLS hides its keys: {told}"))
        usual = [str(suite) for suite in USUAL.media.srtp_suites]
        if taken != usual:
            advice.append(
                Advice("media.srtp_suites", taken, "the suites that it takes, in the order of its choice")
            )
    else:
        told += f"; over {evidence.transport} its keys can be read on the way, so that it is not advised"
    return Finding("srtp", "SRTP (SDES)", Verdict.YES, told, tuple(shown), tuple(advice))


def hold_style(request: Request) -> str:
    """How an INVITE within a call holds: `sendonly`, `inactive`, `0.0.0.0`, or empty: not at all."""
    told = description(request)
    if told is None or not told.media:
        return ""
    media = told.media[0]
    place = told.connection_of(media)
    if place is not None and place.address in ("0.0.0.0", "::"):
        return "0.0.0.0"
    names = {name for name, _ in media.attributes}
    return next((name for name in ("sendonly", "inactive") if name in names), "")


def audio_in(message: Message | None) -> AudioStream | None:
    """The first audio that a message describes and that is not refused; None without."""
    told = description(message)
    for media in told.media if told is not None else ():
        if media.kind == "audio" and media.port:
            try:
                return read_audio(told, media) if told is not None else None
            except NotAcceptable:
                continue
    return None


def _laws(message: Message | None) -> tuple[str, ...]:
    stream = audio_in(message)
    return () if stream is None else tuple(each.name for each in stream.formats if each.name in _LAWS)


def _offered(trial: Trial) -> tuple[str, ...]:
    return _laws(next(iter(trial.requests("INVITE")), None))


def _answered_at(trial: Trial) -> float | None:
    return next(
        (
            each.at_s
            for each in trial.spoken
            if not each.sent
            and isinstance(each.message, Response)
            and each.message.cseq.method == "INVITE"
            and 200 <= each.message.status < 300
        ),
        None,
    )


def _sent_ms(trial: Trial) -> int | None:
    """How long most packets of audio were that came; None: none came."""
    lengths = Counter(len(each.payload) // 8 for each in trial.heard if each.payload_type in _LAWS.values())
    return lengths.most_common(1)[0][0] if lengths else None
