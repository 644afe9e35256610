"""The trials of a run, in their order: what is sent, and what is waited for. What it means is judged elsewhere."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from mediation.probing.evidence import Trial, description
from mediation.probing.plan import SIZES
from mediation.probing.probe_call import ProbeCall
from mediation.probing.prober import REGISTER, Prober, Script, Wait
from mediation.probing.question import Question
from mediation.sdp.crypto import KeyRing, Suite, read_crypto
from mediation.sdp.description import Connection, SessionDescription
from mediation.sip.flow import Transport
from mediation.sip.registration_events import Intent
from mediation.sip.session_timer import TimerMode, TimerPolicy

OPTIONS_S: Final = 4.0
REGISTER_S: Final = 10.0
CHANGE_S: Final = 8.0
"""How long an answer within a call may take."""
LISTEN_S: Final = 1.0
"""How long audio is listened to."""
OTHER_TERMS: Final = (415, 488, 606)
"""A call in the clear is refused so where audio must be encrypted."""
KEY: Final = "5"
SUPPORTED: Final = (("Supported", "100rel, timer, replaces"),)


def everything(prober: Prober) -> Script:
    """The whole run."""
    intent = prober.plan.registration
    if intent is not None:
        yield from registration(prober, intent)
        if prober.trials[REGISTER].left_out and prober.plan.must_register:
            return
    yield from options(prober)
    if prober.plan.target.transport is Transport.UDP:
        yield from sizes(prober)
    yield from main_call(prober)
    call = prober.trials["call"]
    if call.answered is None:
        refused = call.final("INVITE")
        if refused is not None and refused.status in OTHER_TERMS:
            yield from srtp(prober)
        return  # a number that is not answered tells nothing more, and is left in peace
    yield from reliable(prober)
    yield from session_timer(prober)
    yield from other_law(prober)
    for ptime_ms in (30, 10):
        yield from ptime(prober, ptime_ms)
    yield from srtp(prober)
    yield from identity(prober)
    yield from transfer(prober)
    plan = prober.plan
    for name, number in (("unallocated", plan.unallocated), ("busy", plan.busy)):
        if number:
            yield from failing(prober, name, number)


def registration(prober: Prober, intent: Intent) -> Script:
    """Register as the trunk would (RFC 3261 section 10.2); the prober gives it back."""
    trial = prober.trial(
        REGISTER,
        "Registration",
        f"REGISTER of {intent.address_of_record} at {intent.registrar} for {intent.expires_s} s, given back at the end",
    )
    registering = prober.register(intent)
    yield Wait(lambda: registering.is_settled, REGISTER_S)
    if registering.grant is None:
        why = registering.setback
        told = "nothing was answered" if why is None else f"{why.status or 'no answer'}, {why.reason}"
        then = "no call was placed" if prober.plan.must_register else "the calls are placed without it"
        trial.left_out = f"it is not registered ({told}): {then}"


def options(prober: Prober) -> Script:
    """What it says that it takes (RFC 3261 section 11)."""
    prober.trial("options", "OPTIONS", "OPTIONS outside of calls")
    question = prober.options()
    yield Wait(_settled(question), OPTIONS_S)


def sizes(prober: Prober) -> Script:
    """Datagrams that grow until one is not answered."""
    trial = prober.trial(
        "sizes", "Message size", "OPTIONS by UDP, padded by X-Padding to more and more octets"
    )
    for octets in SIZES:
        question = prober.options(octets)
        yield Wait(_settled(question), OPTIONS_S)
        if trial.answer_to(trial.requests("OPTIONS")[-1]) is None:
            return


def main_call(prober: Prober) -> Script:
    """One whole call: early media, answer, audio, a key, UPDATE, every way to hold, and the end."""
    trial = prober.trial(
        "call",
        "A call",
        f"INVITE with {', '.join(map(str, prober.plan.laws))} and telephone-event, 20 ms; after the answer audio, "
        f"the key {KEY}, UPDATE where it is allowed, and hold by re-INVITE in three styles",
    )
    call = prober.call(prober.offer(), headers=SUPPORTED)
    yield from _answered(prober, call, talk_early=True)
    if call.answered:
        call.talk(prober.now)
        yield Wait(lambda: call.over, LISTEN_S)
        if call.press(KEY):
            trial.keys += KEY
        yield Wait(lambda: call.over, LISTEN_S)
        if _allows(trial, "UPDATE") and not call.over:
            call.update(prober.now)
            yield Wait(lambda: call.over or trial.final("UPDATE") is not None, CHANGE_S)
        yield from _holds(prober, call, trial)
    yield from _ended(prober, call)


def _holds(prober: Prober, call: ProbeCall, trial: Trial) -> Script:
    plain = call.said
    for held in (_directed(plain, "sendonly"), _directed(plain, "inactive"), _at_nowhere(plain)):
        for offer in (held, plain):
            before = call.changes
            if call.over or not call.reoffer(offer, prober.now):
                return
            yield Wait(_changed(call, before), CHANGE_S)
            if call.changes == before:
                trial.left_out = "a re-INVITE was not answered"
                return
            if call.is_refused:
                break  # not held, so there is nothing to resume


def reliable(prober: Prober) -> Script:
    """Provisional responses that are acknowledged, demanded (RFC 3262)."""
    if any(response.headers.get("RSeq") for response in prober.trials["call"].responses("INVITE")):
        return  # the call before has shown it
    trial = prober.trial("100rel", "Reliable provisional responses", "INVITE with Require: 100rel")
    call = prober.call(prober.offer(), headers=(("Require", "100rel"), *SUPPORTED))

    def decided() -> bool:
        return call.over or call.answered or trial.final("PRACK") is not None

    yield Wait(decided, prober.plan.ring_s)
    yield from _ended(prober, call)


def session_timer(prober: Prober) -> Script:
    """The shortest interval that there is, so that a minimum shows itself (RFC 4028)."""
    if not prober.may_call:
        return
    prober.trial("timer", "Session timer", "INVITE with Session-Expires: 90; a 422 is followed")
    policy = TimerPolicy(TimerMode.OFFER, expires_s=90)
    call = prober.call(prober.offer(), headers=SUPPORTED, policy=policy)
    yield from _answered(prober, call)
    yield from _ended(prober, call)


def other_law(prober: Prober) -> Script:
    """The law alone that was not chosen when both were offered."""
    chosen = _law(prober.trials["call"])
    left = [str(law) for law in prober.plan.laws if str(law) != chosen]
    if not chosen or not left or not prober.may_call:
        return
    prober.trial("law", "The other law", f"INVITE that offers {left[0]} alone")
    call = prober.call(prober.offer((left[0],)), headers=SUPPORTED)
    yield from _answered(prober, call)
    yield from _ended(prober, call)


def ptime(prober: Prober, ptime_ms: int) -> Script:
    """Another packet length."""
    if not prober.may_call:
        return
    prober.trial(f"ptime-{ptime_ms}", f"Packets of {ptime_ms} ms", f"INVITE with a=ptime:{ptime_ms}")
    call = prober.call(prober.offer(ptime_ms=ptime_ms), headers=SUPPORTED)
    yield from _answered(prober, call)
    if call.answered:
        call.talk(prober.now)
        yield Wait(lambda: call.over, LISTEN_S / 2)
    yield from _ended(prober, call)


def srtp(prober: Prober) -> Script:
    """SRTP alone, with the suites that were not taken yet, until it refuses (RFC 4568)."""
    left = list(Suite)
    for turn in range(len(Suite)):
        if not left or not prober.may_call:
            return
        name = f"srtp-{turn + 1}"
        trial = prober.trial(
            name,
            f"SRTP, round {turn + 1}",
            f"INVITE with RTP/SAVP and keys for {', '.join(left)}; no audio is sent",
        )
        ring = KeyRing(left, prober.agent.ids.master_key)
        call = prober.call(prober.offer(ring=ring), headers=SUPPORTED)
        yield from _answered(prober, call)
        yield from _ended(prober, call)
        taken = suite_in(trial)
        if taken is None:
            return
        left.remove(taken)


def identity(prober: Prober) -> Script:
    """Whether it takes an asserted identity and a wish to be hidden (RFC 3325, RFC 3323)."""
    if not prober.may_call:
        return
    asserted = (("P-Asserted-Identity", prober.identity), ("Privacy", "id"))
    prober.trial("identity", "Asserted identity", "INVITE with P-Asserted-Identity and Privacy: id")
    call = prober.call(prober.offer(), headers=(*SUPPORTED, *asserted))
    yield from _answered(prober, call)
    yield from _ended(prober, call)


def transfer(prober: Prober) -> Script:
    """A REFER, where the operator has said whither (RFC 3515)."""
    plan = prober.plan
    if not plan.refer_to or not prober.may_call:
        return
    trial = prober.trial("refer", "Transfer", f"REFER within a call, to {plan.refer_to}")
    call = prober.call(prober.offer(), headers=SUPPORTED)
    yield from _answered(prober, call)
    if call.answered:
        call.ask("REFER", prober.now, (("Refer-To", f"<sip:{plan.refer_to}{plan.uri_tail}>"),))
        yield Wait(lambda: call.over or trial.final("REFER") is not None, CHANGE_S)
        if (answer := trial.final("REFER")) is not None and answer.status < 300:
            yield Wait(lambda: call.over or bool(trial.requests("NOTIFY", sent=False)), CHANGE_S)
    yield from _ended(prober, call)


def failing(prober: Prober, name: str, number: str) -> Script:
    """A number that must fail: with which code?"""
    if not prober.may_call:
        return
    title = "An unallocated number" if name == "unallocated" else "A busy number"
    prober.trial(name, title, f"INVITE to {number}")
    call = prober.call(prober.offer(), number=number, headers=SUPPORTED)
    yield from _answered(prober, call)
    yield from _ended(prober, call)


def _answered(prober: Prober, call: ProbeCall, *, talk_early: bool = False) -> Script:
    """Wait for the answer; with early media, speak before it, as NAT on the way may want it."""
    yield Wait(
        lambda: call.over or call.answered or (talk_early and call.agreed is not None), prober.plan.ring_s
    )
    if not call.over and not call.answered and call.agreed is not None:
        call.talk(prober.now)
        yield Wait(lambda: call.over or call.answered, prober.plan.ring_s)


def _settled(question: Question) -> Callable[[], bool]:
    return lambda: question.is_settled


def _changed(call: ProbeCall, before: int) -> Callable[[], bool]:
    return lambda: call.over or call.changes > before


def _ended(prober: Prober, call: ProbeCall) -> Script:
    call.hang_up(prober.now)
    yield Wait(lambda: call.closed, CHANGE_S)


def _directed(offer: SessionDescription, direction: str) -> SessionDescription:
    attributes = tuple(each for each in offer.media[0].attributes if each[0] != "sendrecv")
    media = replace(offer.media[0], attributes=(*attributes, (direction, None)))
    return replace(offer, media=(media, *offer.media[1:]))


def _at_nowhere(offer: SessionDescription) -> SessionDescription:
    """Hold as RFC 2543 has it: an address that nobody has."""
    nowhere = "::" if ":" in offer.origin.address else "0.0.0.0"
    return replace(
        offer,
        connection=Connection(nowhere),
        media=tuple(
            replace(each, connection=Connection(nowhere) if each.connection is not None else None)
            for each in offer.media
        ),
    )


def _allows(trial: Trial, method: str) -> bool:
    answer = trial.answered
    return answer is not None and method in answer.allow


def _law(trial: Trial) -> str:
    """The law that the answer names first."""
    told = description(trial.answered)
    formats = told.media[0].formats if told is not None and told.media else ()
    return next(({"0": "PCMU", "8": "PCMA"}[each] for each in formats if each in ("0", "8")), "")


def suite_in(trial: Trial) -> Suite | None:
    """The suite that an answer takes; None: none of ours."""
    told = description(trial.answered)
    if told is None or not told.media or not told.media[0].port:
        return None
    lines = read_crypto(told.media[0])
    return lines[0].suite if lines else None
