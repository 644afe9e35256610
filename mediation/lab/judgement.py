"""From what the simulators wrote down to claims: signalling, audio and the call record of each case."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mediation.lab.cases import ACTORS, FRONT_END, MEDIATION, Case
from mediation.lab.identify import LAW_NAME, Voice
from mediation.lab.journal import Entry, SeenMessage
from mediation.lab.ladder import LadderMessage
from mediation.lab.proof import AUDIO_ARRIVES, Claim, Expectation, heard, judge
from mediation.lab.results import CallResult, DirectionResult
from mediation.lab.stream import CALLEE, CALLER, Recording
from mediation.routing.numbers import number_of
from mediation.sip.message import Message, Request, Response
from mediation_codecs.law import Law

Record = Mapping[str, object]
SETTLING_S = 0.05
"""Audio may begin to flow so long after both parties have an answer: the plan is on its way to the worker."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that one run left behind."""

    journals: Mapping[str, Sequence[Entry]]
    """By actor."""
    records: Sequence[Record]
    """The server's call records."""
    hosts: Mapping[str, str]
    """Each actor's address."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One message of one case, at one actor."""

    actor: str
    seen: SeenMessage
    message: Message


def judge_case(case: Case, evidence: Evidence, voices: Sequence[Voice]) -> CallResult:
    """Everything that can be said of one call."""
    messages = _messages_of(case, evidence)
    records = [record for record in evidence.records if record.get("called") == case.number]
    directions = _directions(case, evidence, messages, voices)
    claims = (
        _final_status(case, messages),
        *_failover(case, messages),
        *_cancelled(case, messages),
        _no_leak(messages, evidence),
        _recorded(case, records),
        *_early_media(case, evidence, messages),
        *_recorded_audio(case, directions),
    )
    return CallResult(
        name=case.name,
        title=case.title,
        story=case.story,
        actors=ACTORS,
        messages=(*map(_ladder_message, messages), *_audio_arrows(case, evidence)),
        claims=claims,
        directions=directions,
        cdr=records[0] if records else None,
    )


def voices_of(evidence: Evidence) -> tuple[Voice, ...]:
    """What everybody said in every call: whoever hears another call's voice can then name it."""
    return tuple(
        Voice(recording.call, recording.speaks_as, b"".join(packet.payload for packet in recording.sent))
        for entries in evidence.journals.values()
        for recording in entries
        if isinstance(recording, Recording)
    )


# signalling


def _messages_of(case: Case, evidence: Evidence) -> list[_Seen]:
    found: list[_Seen] = []
    for actor, entries in evidence.journals.items():
        parsed = [(e, e.message) for e in entries if isinstance(e, SeenMessage)]
        call_ids = {
            message.call_id
            for _, message in parsed
            if isinstance(message, Request)
            and message.method == "INVITE"
            and number_of(message.uri) == case.number
        }
        found += [_Seen(actor, e, m) for e, m in parsed if m is not None and m.call_id in call_ids]
    return sorted(found, key=lambda each: each.seen.at_s)


def _ladder_message(each: _Seen) -> LadderMessage:
    message = each.message
    label = message.method if isinstance(message, Request) else f"{message.status} {message.reason}"
    source, destination = (each.actor, MEDIATION) if each.seen.sent else (MEDIATION, each.actor)
    return LadderMessage(each.seen.at_s, source, destination, label, each.seen.text)


def _heard(messages: Sequence[_Seen], actor: str, method: str = "INVITE") -> list[Response]:
    """Responses that an actor received to its requests of a method."""
    return [
        each.message
        for each in messages
        if each.actor == actor
        and not each.seen.sent
        and isinstance(each.message, Response)
        and each.message.cseq.method == method
    ]


def _sent(messages: Sequence[_Seen], actor: str) -> list[Response]:
    return [
        each.message
        for each in messages
        if each.actor == actor and each.seen.sent and isinstance(each.message, Response)
    ]


def _got(messages: Sequence[_Seen], actor: str, method: str) -> bool:
    return any(
        each.actor == actor
        and not each.seen.sent
        and isinstance(each.message, Request)
        and each.message.method == method
        for each in messages
    )


def _final_status(case: Case, messages: Sequence[_Seen]) -> Claim:
    statuses = [response.status for response in _heard(messages, case.caller)]
    final = [status for status in statuses if status >= 200]
    passed = set(final) == {case.final_status}
    detail = "" if passed else f"wanted {case.final_status}; it heard {statuses or 'nothing'}"
    return Claim("the caller hears the right answer", passed, str(final[0]) if final else "none", detail)


def _failover(case: Case, messages: Sequence[_Seen]) -> tuple[Claim, ...]:
    if case.attempts < 2:
        return ()
    refused = [
        (actor, response.status)
        for actor in ACTORS
        if actor not in (case.caller, case.answered_by)
        for response in _sent(messages, actor)
        if response.status >= 300
    ]
    leaked = {response.status for response in _heard(messages, case.caller)} & {
        status for _, status in refused
    }
    passed = bool(refused) and not leaked
    figure = ", ".join(f"{actor} said {status}" for actor, status in refused) or "nobody refused"
    return (
        Claim(
            "the next target gets the call", passed, figure, f"the caller heard {leaked}" if leaked else ""
        ),
    )


def _cancelled(case: Case, messages: Sequence[_Seen]) -> tuple[Claim, ...]:
    if case.cancel_after_s is None:
        return ()
    called = [
        actor for actor in ACTORS if actor not in (case.caller, MEDIATION) and _got(messages, actor, "CANCEL")
    ]
    ended = [actor for actor in called if 487 in [r.status for r in _sent(messages, actor)]]
    answered = [response.status for response in _heard(messages, case.caller, "CANCEL")]
    passed = bool(called) and called == ended and answered == [200]
    figure = f"CANCEL reached {', '.join(called) or 'nobody'}"
    return (
        Claim("CANCEL crosses the bridge", passed, figure, "" if passed else f"ended: {ended}, {answered}"),
    )


def _no_leak(messages: Sequence[_Seen], evidence: Evidence) -> Claim:
    """No name of one dialog, and no address of its peer, stands in any message of the other side."""
    secrets: dict[bool, set[str]] = {True: set(), False: set()}
    texts: dict[bool, list[str]] = {True: [], False: []}
    for each in messages:
        inside = each.actor == FRONT_END
        message = each.message
        secrets[inside] |= {message.call_id, message.from_.tag or "", evidence.hosts[each.actor]}
        secrets[inside].add(message.to.tag or "")
        secrets[inside].add(message.top_via.branch or "")
        texts[inside].append(each.seen.text)
    leaks = sorted(
        {
            secret
            for inside in (True, False)
            for secret in secrets[inside] - {""}
            for text in texts[not inside]
            if secret in text
        }
    )
    figure = f"{len(secrets[True] | secrets[False])} names in {len(messages)} messages"
    return Claim("nothing leaks from one side to the other", not leaks, figure, ", ".join(leaks))


def _recorded(case: Case, records: Sequence[Record]) -> Claim:
    name = "the call record tells it as it was"
    if len(records) != 1:
        figure = f"{len(records)} records" if records else "no record"
        return Claim(name, False, figure, "a call has one record, however it ended")
    [record] = records
    attempts = record.get("attempts")
    count = len(attempts) if isinstance(attempts, list) else 0
    passed = record.get("verdict") == case.verdict and count == case.attempts
    figure = f"{record.get('verdict')}, {record.get('reason')}, {count} attempt{'s' if count != 1 else ''}"
    wanted = f"wanted {case.verdict} after {case.attempts}"
    return Claim(name, passed, figure, "" if passed else wanted)


# audio


def _answered_s(case: Case, messages: Sequence[_Seen]) -> float:
    """When the caller had its answer; infinite without one."""
    return min(
        (
            each.seen.at_s
            for each in messages
            if each.actor == case.caller
            and not each.seen.sent
            and isinstance(each.message, Response)
            and each.message.status == 200
            and each.message.cseq.method == "INVITE"
        ),
        default=float("inf"),
    )


def _ended_s(messages: Sequence[_Seen]) -> float:
    """When the first BYE was seen."""
    byes = (e.seen.at_s for e in messages if isinstance(e.message, Request) and e.message.method == "BYE")
    return min(byes, default=float("inf"))


def _recording(evidence: Evidence, actor: str | None, case: Case, speaks_as: str) -> Recording | None:
    return next(
        (
            entry
            for entry in evidence.journals.get(actor or "", ())
            if isinstance(entry, Recording) and entry.call == case.number and entry.speaks_as == speaks_as
        ),
        None,
    )


def _directions(
    case: Case, evidence: Evidence, messages: Sequence[_Seen], voices: Sequence[Voice]
) -> tuple[DirectionResult, ...]:
    caller = _recording(evidence, case.caller, case, CALLER)
    callee = _recording(evidence, case.answered_by, case, CALLEE)
    if caller is None or callee is None or case.answered_by is None:
        return ()
    from_s = _answered_s(case, messages) + SETTLING_S
    until_s = _ended_s(messages) - SETTLING_S
    ways = ((case.caller, caller, case.answered_by, callee), (case.answered_by, callee, case.caller, caller))
    return tuple(
        _direction(case, source, talker, sink, listener, (from_s, until_s), voices)
        for source, talker, sink, listener in ways
    )


def _audio_arrows(case: Case, evidence: Evidence) -> Iterator[LadderMessage]:
    """Audio in the ladder: from when both parties hear something, one arrow for each side."""
    caller = _recording(evidence, case.caller, case, CALLER)
    callee = _recording(evidence, case.answered_by, case, CALLEE)
    if caller is None or callee is None or not caller.received or not callee.received:
        return
    at_s = max(caller.received[0].arrival_s, callee.received[0].arrival_s)
    ends = {case.caller: caller, case.answered_by or "": callee}
    for actor in sorted(ends, key=ACTORS.index):  # from left to right, so that they are drawn as one line
        label = f"audio, {LAW_NAME[Law(ends[actor].law)]}"
        source, destination = (actor, MEDIATION) if actor == FRONT_END else (MEDIATION, actor)
        yield LadderMessage(at_s, source, destination, label, both_ways=True)


def _recorded_audio(case: Case, directions: Sequence[DirectionResult]) -> tuple[Claim, ...]:
    if case.answered_by is None or directions:
        return ()
    return (Claim(AUDIO_ARRIVES, False, "no recording", "one of the parties had nobody to talk to"),)


def _direction(
    case: Case,
    source: str,
    talker: Recording,
    sink: str,
    listener: Recording,
    window: tuple[float, float],
    voices: Sequence[Voice],
) -> DirectionResult:
    expectation = Expectation(
        call=case.number,
        direction=talker.speaks_as,
        source=Law(talker.law),
        sink=Law(listener.law),
        payload_type=listener.payload_type,
        from_s=window[0],
        until_s=window[1],
    )
    verdict = judge(expectation, talker.sent, listener.received, strangers=voices)
    return DirectionResult(
        sender=source,
        receiver=sink,
        sent_octets=b"".join(packet.payload for packet in talker.sent),
        sent_law=Law(talker.law),
        received_octets=heard(listener.received, Law(listener.law)),
        received_law=Law(listener.law),
        verdict=verdict,
    )


def _early_media(case: Case, evidence: Evidence, messages: Sequence[_Seen]) -> tuple[Claim, ...]:
    if not case.early_media:
        return ()
    answered_s = _answered_s(case, messages)
    caller = _recording(evidence, case.caller, case, CALLER)
    early = [packet for packet in caller.received if packet.arrival_s < answered_s] if caller else []
    places = {
        line
        for response in _heard(messages, case.caller)
        if response.body
        for line in response.body.decode("ascii", "replace").splitlines()
        if line.startswith(("m=", "c="))
    }
    return (
        Claim("audio flows before the answer", len(early) > 25, f"{len(early)} packets"),
        Claim("the answer does not move the audio", len(places) == 2, f"{len(places)} lines of c= and m="),
    )
