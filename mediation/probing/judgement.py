"""What the answers of a trunk mean: one function for each capability of its signalling.

Each looks at the evidence alone and says one finding; where a trial is missing, it says so rather than guess.
"""

from math import ceil
from typing import Final

from mediation.probing.evidence import Evidence, Trial
from mediation.probing.finding import Advice, Finding, Verdict
from mediation.settings.trunks import TrunkTerms
from mediation.sip.errors import RemoteSipError
from mediation.sip.message import Response
from mediation.sip.session_interval import min_se_of, session_expires_of

USUAL: Final = TrunkTerms()
"""What holds without a word: advice is given only where the evidence wants something else."""
LATE_S: Final = 8.0
"""A first sign of life that comes later leaves too little of no_progress_s."""
HIGHEST_NO_PROGRESS_S: Final = 32


def said(response: Response | None) -> str:
    """A response as people write it: `486 Busy Here`."""
    return "no answer" if response is None else f"{response.status} {response.reason}".strip()


def options(evidence: Evidence) -> Finding:
    """OPTIONS outside of calls (RFC 3261 section 11)."""
    trial = evidence.trial("options")
    if trial is None:
        return untried("options", "OPTIONS")
    answer = trial.final("OPTIONS")
    if answer is None:
        return Finding(
            "options",
            "OPTIONS",
            Verdict.NO,
            "not answered",
            ("options",),
            (
                Advice(
                    "health.options",
                    value=False,
                    why="OPTIONS is not answered: only calls tell whether it lives",
                ),
            ),
        )
    bad = answer.status in USUAL.health.bad_codes
    lines = [said(answer)] + [
        f"{name}: {', '.join(answer.headers.get_all(name))}"
        for name in ("Allow", "Supported", "Accept", "Server", "User-Agent")
        if answer.headers.get(name)
    ]
    advice = (
        Advice(
            "health.bad_codes",
            [code for code in USUAL.health.bad_codes if code != answer.status],
            f"OPTIONS is answered by {said(answer)} although calls are taken",
        ),
    )
    answered = evidence.trial("call")
    lives = answered is not None and answered.answered is not None
    verdict = Verdict.YES if answer.status < 300 else Verdict.PARTLY
    return Finding(
        "options", "OPTIONS", verdict, "; ".join(lines), ("options",), advice if bad and lives else ()
    )


def call(evidence: Evidence) -> Finding:
    """Whether the number is reached at all: everything else hangs on it."""
    trial = evidence.trial("call")
    if trial is None:
        return untried("call", "A call")
    if trial.answered is None:
        return Finding(
            "call", "A call", Verdict.NO, f"{said(trial.final('INVITE'))}: nothing more was tried", ("call",)
        )
    return Finding("call", "A call", Verdict.YES, f"answered by {said(trial.answered)}", ("call",))


def post_dial_delay(evidence: Evidence) -> Finding:
    """How long it takes until anything but 100 is heard, and until the answer."""
    trial = evidence.trial("call")
    first = None if trial is None else trial.after_s()
    if trial is None or first is None:
        return untried("delay", "Post-dial delay")
    answered = trial.after_s(200)
    told = f"first sign of life after {first:.2f} s" + (
        f", answer after {answered:.2f} s" if answered else ""
    )
    fitting = min(HIGHEST_NO_PROGRESS_S, ceil(2 * first))
    late = first > LATE_S and fitting > USUAL.no_progress_s
    advice = (
        (Advice("no_progress_s", fitting, f"nothing but 100 was heard for {first:.1f} s"),) if late else ()
    )
    return Finding(
        "delay", "Post-dial delay", Verdict.PARTLY if late else Verdict.YES, told, ("call",), advice
    )


def prack(evidence: Evidence) -> Finding:
    """Reliable provisional responses (RFC 3262)."""
    title = "Reliable provisional responses (100rel)"
    main, demanded = evidence.trial("call"), evidence.trial("100rel")
    for trial in (main, demanded):
        if trial is None or not any(each.headers.get("RSeq") for each in trial.responses("INVITE")):
            continue
        answer = trial.final("PRACK")
        how = "as it likes" if trial is main else "where they are demanded"
        if answer is not None and answer.status < 300:
            return Finding("prack", title, Verdict.YES, f"sent {how}; PRACK: {said(answer)}", (trial.name,))
        why = f"reliable responses are sent, but PRACK gets {said(answer)}"
        return Finding(
            "prack", title, Verdict.PARTLY, why, (trial.name,), (Advice("early_media.reliable", "off", why),)
        )
    if demanded is None:
        return untried("prack", title)
    final = demanded.final("INVITE")
    if final is not None and final.status < 300:
        ignored = [each for each in demanded.responses("INVITE") if 100 < each.status < 200]
        if ignored:  # RFC 3262 section 3: all but 100 would have to be reliable
            told = f"Require: 100rel is ignored: {said(ignored[0])} comes without RSeq"
            return Finding("prack", title, Verdict.NO, told, ("100rel",))
        told = "Require: 100rel is taken; nothing had to be sent so"
        return Finding("prack", title, Verdict.YES, told, ("100rel",))
    if final is not None and final.status == 420:
        return Finding("prack", title, Verdict.NO, "Require: 100rel is refused with 420", ("100rel",))
    told = f"Require: 100rel gets {said(final)}"
    return Finding("prack", title, Verdict.NO if final else Verdict.UNKNOWN, told, ("100rel",))


def update(evidence: Evidence) -> Finding:
    """UPDATE (RFC 3311)."""
    trial = evidence.trial("call")
    if trial is None or trial.answered is None:
        return untried("update", "UPDATE")
    if not trial.requests("UPDATE"):
        told = (
            "not in Allow of the answer" if not _allows(trial, "UPDATE") else "not tried: the call was over"
        )
        verdict = Verdict.UNKNOWN if _allows(trial, "UPDATE") else Verdict.NO
        return Finding("update", "UPDATE", verdict, told, ("call",))
    answer = trial.final("UPDATE")
    good = answer is not None and answer.status < 300
    told = f"in Allow; within the call: {said(answer)}"
    return Finding("update", "UPDATE", Verdict.YES if good else Verdict.PARTLY, told, ("call",))


def session_timer(evidence: Evidence) -> Finding:
    """Session timers, and the shortest interval that is taken (RFC 4028)."""
    title = "Session timers"
    trial = evidence.trial("timer")
    if trial is None:
        return untried("timer", title)
    refusals = [each for each in trial.finals("INVITE") if each.status == 422]
    least = max((_min_se(each) for each in refusals), default=0)
    final = trial.final("INVITE")
    if final is not None and final.status == 420:
        why = "Supported: timer is refused with 420"
        return Finding(
            "timer", title, Verdict.NO, why, ("timer",), (Advice("session_timer.mode", "off", why),)
        )
    floor = (
        f"422 with Min-SE: {least}" if least else "422 without Min-SE" if refusals else "no Min-SE above 90"
    )
    advice = (
        (Advice("session_timer.expires_s", least, f"the trunk takes no shorter interval (Min-SE: {least})"),)
        if least > USUAL.session_timer.expires_s
        else ()
    )
    if final is None or final.status >= 300:
        return Finding("timer", title, Verdict.UNKNOWN, f"{floor}; then {said(final)}", ("timer",), advice)
    try:
        agreed = session_expires_of(final)
    except RemoteSipError:
        agreed = None
    if agreed is None:
        told = f"{floor}; the answer agrees on no interval"
        return Finding("timer", title, Verdict.PARTLY if refusals else Verdict.NO, told, ("timer",), advice)
    return Finding(
        "timer", title, Verdict.YES, f"{floor}; agreed: Session-Expires: {agreed}", ("timer",), advice
    )


def transfer(evidence: Evidence) -> Finding:
    """REFER (RFC 3515)."""
    main, tried = evidence.trial("call"), evidence.trial("refer")
    if main is None or main.answered is None:
        return untried("refer", "Transfer (REFER)")
    listed = "in Allow" if _allows(main, "REFER") else "not in Allow"
    if tried is None:
        verdict = Verdict.UNKNOWN if _allows(main, "REFER") else Verdict.NO
        told = f"{listed}; not tried: give --refer-to a number to transfer to"
        return Finding("refer", "Transfer (REFER)", verdict, told, ("call",))
    answer = tried.final("REFER")
    if answer is None or answer.status >= 300:
        return Finding(
            "refer", "Transfer (REFER)", Verdict.NO, f"{listed}; REFER: {said(answer)}", ("refer",)
        )
    reports = tried.requests("NOTIFY", sent=False)
    first = reports[0].body.decode("ascii", "replace").partition("\r\n")[0] if reports else "nothing"
    why = f"REFER: {said(answer)}, reported: {first}"
    return Finding(
        "refer",
        "Transfer (REFER)",
        Verdict.YES,
        f"{listed}; {why}",
        ("refer",),
        (Advice("transfer.mode", "refer", f"{why}: transferred calls need not stay with us"),),
    )


def identity(evidence: Evidence) -> Finding:
    """P-Asserted-Identity and Privacy (RFC 3325, RFC 3323)."""
    title = "P-Asserted-Identity and Privacy"
    trial = evidence.trial("identity")
    if trial is None:
        return untried("identity", title)
    final = trial.final("INVITE")
    if final is None or final.status >= 300:
        return Finding("identity", title, Verdict.NO, f"refused: {said(final)}", ("identity",))
    told = "a call with both is taken; whether the called party sees the number, its screen tells"
    return Finding("identity", title, Verdict.YES, told, ("identity",))


def failing(evidence: Evidence, name: str, title: str, option: str) -> Finding:
    """With what a number fails that must; a code that would try the next trunk in vain is taken out of those."""
    trial = evidence.trial(name)
    if trial is None:
        return Finding(name, title, Verdict.UNKNOWN, f"not tried: no {option} was given")
    final = trial.final("INVITE")
    if final is None:
        return Finding(name, title, Verdict.UNKNOWN, "no final answer", (name,))
    if final.status < 300:
        return Finding(name, title, Verdict.NO, f"the call was answered: {said(final)}", (name,))
    reason = final.headers.get("Reason")
    told = said(final) + (f"; Reason: {reason}" if reason else "")
    if final.status not in USUAL.failover_codes:
        return Finding(name, title, Verdict.YES, told, (name,))
    left = [code for code in USUAL.failover_codes if code != final.status]
    why = (
        f"{final.status} is how it answers {title[0].lower()}{title[1:]}: the next target would say the same"
    )
    return Finding(name, title, Verdict.PARTLY, told, (name,), (Advice("failover_codes", left, why),))


def sizes(evidence: Evidence) -> Finding:
    """Which datagrams get through (RFC 3261 section 18.1.1), and whether there is TCP for longer ones."""
    title = "Message size over UDP"
    trial = evidence.trial("sizes")
    tcp = "its port takes TCP" if evidence.tcp else "its port takes no TCP"
    if trial is None:
        return Finding("sizes", title, Verdict.UNKNOWN, f"not tried: the trunk speaks {evidence.transport}")
    through, lost = 0, 0
    for each in trial.spoken:
        if each.sent and not isinstance(each.message, Response):
            answer = trial.answer_to(each.message)
            if answer is not None and answer.status != 513:
                through = max(through, each.octets)
            else:
                lost = lost or each.octets
    told = (f"up to {through} octets answered" if through else "not answered") + (
        f", {lost} not" if lost else ", the largest tried"
    )
    advice: tuple[Advice, ...] = ()
    if not evidence.tcp and through > 1300:
        why = f"{tcp}, and datagrams of {through} octets get through"
        advice = (Advice("large_requests", "udp", why),)
    verdict = Verdict.YES if not lost else Verdict.PARTLY if through else Verdict.UNKNOWN
    return Finding("sizes", title, verdict, f"{told}; {tcp}", ("sizes",), advice)


def tls(evidence: Evidence) -> Finding:
    """TLS at the trunk's port, or at 5061 beside it."""
    seen = evidence.tls
    if seen.problem:
        return Finding("tls", "TLS", Verdict.NO, f"port {seen.port}: {seen.problem}")
    told = (
        f"port {seen.port}: {', '.join(seen.versions)}; certificate of {seen.subject or 'nobody'}"
        f" for {', '.join(seen.names) or 'no name'}, until {seen.ends}, "
        + ("vouched for" if seen.trusted else "not vouched for by our authorities")
    )
    return Finding("tls", "TLS", Verdict.YES if seen.trusted else Verdict.PARTLY, told)


def _min_se(response: Response) -> int:
    try:
        return min_se_of(response) if response.headers.get("Min-SE") else 0
    except RemoteSipError:
        return 0


def _allows(trial: Trial, method: str) -> bool:
    answer = trial.answered
    return answer is not None and method in answer.allow


def untried(name: str, title: str) -> Finding:
    """What is said where a trial is missing."""
    return Finding(name, title, Verdict.UNKNOWN, "not tried")
