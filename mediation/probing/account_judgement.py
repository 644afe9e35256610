"""What a trunk makes of our account: whether it registers us, and whether it asks who calls."""

from typing import Final

from mediation.probing.evidence import Evidence, Trial
from mediation.probing.finding import Advice, Finding, Verdict
from mediation.probing.judgement import said, untried
from mediation.probing.prober import REGISTER
from mediation.settings.registration import Registration
from mediation.sip.challenge import Asker, Challenge, unescaped
from mediation.sip.message import Request, Response
from mediation.sip.registration_answer import Grant, grant_of, longer_of
from mediation.sip.uri import SipUri

REGISTRATION, CREDENTIALS = "Registration", "Who calls is asked for (digest)"
USUAL: Final = Registration()
"""What holds without a word."""
_ASKS: Final = (401, 407)


def registration(evidence: Evidence) -> Finding:
    """REGISTER, and its removal (RFC 3261 section 10.2)."""
    trial = evidence.trial(REGISTER)
    if trial is None:
        return untried(REGISTER, REGISTRATION)
    granted = next((each for each in trial.finals("REGISTER") if each.status < 300), None)
    told = [_challenge(trial, "REGISTER")] if _challenged(trial, "REGISTER") else []
    if granted is None:
        return Finding(
            REGISTER,
            REGISTRATION,
            Verdict.NO,
            "; ".join((*told, said(trial.final("REGISTER")))),
            (REGISTER,),
        )
    grant = _grant(trial, granted)
    told.append(
        f"taken by {said(granted)}, " + (f"for {grant.expires_s} s" if grant else "without our Contact")
    )
    told += [
        f"{name}: {', '.join(granted.headers.get_all(name))}"
        for name in ("Service-Route", "P-Associated-URI", "Path")
        if granted.headers.has(name)
    ]
    removal = next((each for each in trial.requests("REGISTER") if _removes(each)), None)
    answer = None if removal is None else trial.answer_to(removal)
    if removal is not None:
        told.append(f"given back: {said(answer)}")
    whole = grant is not None and answer is not None and answer.status < 300
    verdict = Verdict.YES if whole else Verdict.PARTLY
    return Finding(REGISTER, REGISTRATION, verdict, "; ".join(told), (REGISTER,), _longer(trial))


def credentials(evidence: Evidence) -> Finding:
    """Whether calls are challenged, and whether our answer is taken (RFC 3261 section 22)."""
    trial = evidence.trial("call")
    if trial is None:
        return untried("digest", CREDENTIALS)
    if not _challenged(trial, "INVITE"):
        return Finding("digest", CREDENTIALS, Verdict.NO, "calls are not challenged", ("call",))
    proved = any(
        request.headers.has("Authorization") or request.headers.has("Proxy-Authorization")
        for request in trial.requests("INVITE")
    )
    final = trial.final("INVITE")
    if not proved:
        told, verdict = "not answered: username and password would be needed", Verdict.PARTLY
    elif final is not None and final.status in _ASKS:
        told, verdict = f"our answer was not taken: {said(final)}", Verdict.NO
    else:
        told, verdict = "our answer was taken", Verdict.YES
    return Finding("digest", CREDENTIALS, verdict, f"{_challenge(trial, 'INVITE')}; {told}", ("call",))


def _challenged(trial: Trial, method: str) -> bool:
    return any(each.status in _ASKS for each in trial.finals(method))


def _challenge(trial: Trial, method: str) -> str:
    """By which status, for which realms, by which algorithms."""
    response = next(each for each in trial.finals(method) if each.status in _ASKS)
    asker = Asker.USER_AGENT if response.status == 401 else Asker.PROXY
    found = [
        f"{challenge.algorithm or 'MD5'} for {unescaped(challenge.realm)}"
        for line in response.headers.get_all(asker.challenge_header)
        for challenge in Challenge.read_all(line)
    ]
    return f"asked by {said(response)}" + (f" ({', '.join(found)})" if found else "")


def _grant(trial: Trial, granted: Response) -> Grant | None:
    """What a 2xx grants to the Contact that its request has named."""
    request = next(
        (each for each in trial.requests("REGISTER") if each.cseq.number == granted.cseq.number), None
    )
    contact = None if request is None else next(iter(request.contacts), None)
    if contact is None or not isinstance(contact.uri, SipUri):
        return None
    return grant_of(granted, contact.uri, 0)


def _removes(request: Request) -> bool:
    return request.headers.get("Expires") == "0"


def _longer(trial: Trial) -> tuple[Advice, ...]:
    """A registrar that wants a longer time is asked for it at once (section 10.2.8)."""
    wanted = [
        longer
        for each in trial.finals("REGISTER")
        if each.status == 423 and (longer := longer_of(each, USUAL.expires_s))
    ]
    why = "the registrar has said that the time asked for is too short (423)"
    return tuple(Advice("registration.expires_s", longer, why) for longer in wanted[:1])
