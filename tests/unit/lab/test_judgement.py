"""The judge of a run: a flawless one passes every claim, and each doctored piece of evidence fails the right one."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from mediation.lab.cases import CASES, FRONT_END, SBC_A, SBC_B, Case
from mediation.lab.journal import Entry, SeenMessage
from mediation.lab.judgement import Evidence, judge_case, voices_of
from mediation.lab.ladder import ladder_text
from mediation.lab.proof import AUDIO_ARRIVES, EXACT, NOTHING_LOST, PAYLOAD_TYPE, RIGHT_CALL, RIGHT_DIRECTION
from mediation.lab.results import CallResult
from mediation.lab.stream import CALLEE, CALLER, Recording
from mediation.sip.message import Request, Response
from tests.unit.lab.staged import evidence

ANSWER = "the caller hears the right answer"
NEXT = "the next target gets the call"
CANCEL = "CANCEL crosses the bridge"
LEAK = "nothing leaks from one side to the other"
RECORD = "the call record tells it as it was"
EARLY = "audio flows before the answer"
MOVED = "the answer does not move the audio"


def case(name: str) -> Case:
    return next(each for each in CASES if each.name == name)


def judged(name: str, given: Evidence | None = None) -> CallResult:
    given = given or evidence()
    return judge_case(case(name), given, voices_of(given))


def failed(result: CallResult) -> dict[str, str]:
    """The claims that failed, with figure and detail."""
    return {
        claim.name: f"{claim.figure} {claim.detail}" for _, claim in result.all_claims if not claim.passed
    }


def doctored(actor: str, change: Callable[[Entry], Entry | None], given: Evidence | None = None) -> Evidence:
    """The evidence with an actor's journal changed, entry by entry; None removes one."""
    given = given or evidence()
    entries = [new for entry in given.journals[actor] if (new := change(entry)) is not None]
    return replace(given, journals={**given.journals, actor: entries})


def with_records(records: Sequence[Mapping[str, object]]) -> Evidence:
    return replace(evidence(), records=records)


def of_call(entry: Entry, name: str) -> bool:
    """Whether a message belongs to a case, by the number in it."""
    return isinstance(entry, SeenMessage) and case(name).number in entry.text


def is_response(entry: Entry, status: int, method: str = "INVITE") -> bool:
    return (
        isinstance(entry, SeenMessage)
        and isinstance(message := entry.message, Response)
        and (message.status, message.cseq.method) == (status, method)
    )


@pytest.mark.parametrize("name", [each.name for each in CASES])
def test_a_flawless_run_passes_every_claim(name: str) -> None:
    result = judged(name)
    assert result.passed, failed(result)
    assert len(result.claims) >= 3
    assert (len(result.directions) == 2) == (case(name).answered_by is not None)
    assert result.cdr is not None


def test_the_ladder_shows_every_message_and_the_audio() -> None:
    text = ladder_text(judged("failover").messages, judged("failover").actors)
    rows = [re.sub(r"[^A-Za-z0-9µ,-]+", " ", row).strip() for row in text.split("\n")]
    assert rows[0] == "front end mediation sbc-a sbc-b"
    assert rows[1:7] == ["INVITE", "100 Trying", "INVITE", "100 Trying", rows[5], "ACK"]
    assert rows[5].startswith("503 Service")
    assert "audio, µ-law audio, A-law" in rows


# signalling


def test_a_caller_that_hears_the_503_of_the_first_target_fails_both_claims_about_it() -> None:
    number = case("failover").number
    call_id = next(
        m.call_id
        for e in evidence().journals[FRONT_END]
        if isinstance(e, SeenMessage) and isinstance(m := e.message, Request) and number in m.request_uri
    )

    def leaked(entry: Entry) -> Entry:
        if is_response(entry, 200) and isinstance(entry, SeenMessage) and call_id in entry.text:
            return replace(entry, text=entry.text.replace("200 OK", "503 Service Unavailable"))
        return entry

    found = failed(judged("failover", doctored(FRONT_END, leaked)))
    assert found[ANSWER] == "503 wanted 200; it heard [100, 180, 503]"
    assert found[NEXT] == "sbc-a said 503 the caller heard {503}"


def test_a_first_target_that_was_never_asked_is_no_failover() -> None:
    assert NEXT in failed(judged("failover", doctored(SBC_A, lambda entry: None)))


def test_a_caller_that_hears_nothing_fails() -> None:
    found = failed(judged("busy", doctored(FRONT_END, lambda e: None if is_response(e, 486) else e)))
    assert found == {ANSWER: "none wanted 486; it heard [100]"}


def test_two_different_last_words_fail() -> None:
    def doubled(entry: Entry) -> Entry:
        if is_response(entry, 100) and isinstance(entry, SeenMessage):
            return replace(entry, text=entry.text.replace("100 Trying", "404 Not Found"))
        return entry

    assert ANSWER in failed(judged("busy", doctored(FRONT_END, doubled)))


@pytest.mark.parametrize(
    "loses",
    [
        lambda e: (
            isinstance(e, SeenMessage) and isinstance(e.message, Request) and e.message.method == "CANCEL"
        ),
        lambda e: is_response(e, 487),
    ],
    ids=["no CANCEL", "no 487"],
)
def test_a_cancel_that_does_not_cross_fails(loses: Callable[[Entry], bool]) -> None:
    found = failed(judged("cancel", doctored(SBC_A, lambda e: None if loses(e) else e)))
    assert set(found) == {CANCEL}


def test_a_cancel_without_an_answer_fails() -> None:
    found = failed(
        judged("cancel", doctored(FRONT_END, lambda e: None if is_response(e, 200, "CANCEL") else e))
    )
    assert set(found) == {CANCEL}


# leaks


def secret(actor: str, name: str, what: str) -> str:
    """A name that one side has and the other must not see."""
    if what == "host":
        return evidence().hosts[actor]
    invites = (
        e.message
        for e in evidence().journals[actor]
        if isinstance(e, SeenMessage) and isinstance(e.message, Request) and e.message.method == "INVITE"
    )
    invite = next(
        m for m in invites if m is not None and isinstance(m, Request) and case(name).number in m.request_uri
    )
    found = {"Call-ID": invite.call_id, "tag": invite.from_.tag, "branch": invite.top_via.branch}[what]
    assert found
    return found


@pytest.mark.parametrize("what", ["host", "Call-ID", "tag", "branch"])
@pytest.mark.parametrize(("source", "victim"), [(FRONT_END, SBC_A), (SBC_A, FRONT_END)])
def test_a_name_of_one_side_in_a_message_of_the_other_fails(what: str, source: str, victim: str) -> None:
    name = secret(source, "outbound", what)

    def leaking(entry: Entry) -> Entry:
        if of_call(entry, "outbound") and isinstance(entry, SeenMessage):
            return replace(entry, text=entry.text.replace("\r\n\r\n", f"\r\nX-Was: {name}\r\n\r\n", 1))
        return entry

    found = failed(judged("outbound", doctored(victim, leaking)))
    assert set(found) == {LEAK}
    assert name in found[LEAK], "the claim names what has leaked"


# the call record


def test_a_missing_record_fails() -> None:
    kept = [record for record in evidence().records if record["called"] != case("inbound").number]
    result = judged("inbound", with_records(kept))
    assert set(failed(result)) == {RECORD}
    assert failed(result)[RECORD].startswith("no record")
    assert result.cdr is None


def test_a_second_record_of_one_call_fails() -> None:
    twice = [*evidence().records, *evidence().records]
    assert failed(judged("inbound", with_records(twice)))[RECORD].startswith("2 records")


@pytest.mark.parametrize("change", [{"verdict": "trunk"}, {"attempts": []}, {"attempts": None}])
def test_a_record_that_tells_it_otherwise_fails(change: dict[str, object]) -> None:
    records = [{**record, **change} for record in evidence().records]
    assert set(failed(judged("failover", with_records(records)))) == {RECORD}


# audio


def test_without_a_recording_there_is_no_audio_to_believe_in() -> None:
    result = judged("outbound", doctored(SBC_A, lambda e: None if isinstance(e, Recording) else e))
    assert set(failed(result)) == {AUDIO_ARRIVES}
    assert not result.directions


def test_early_media_that_begins_with_the_answer_fails() -> None:
    answered = next(
        e.at_s for e in evidence().journals[FRONT_END] if is_response(e, 200) and isinstance(e, SeenMessage)
    )
    number = case("early-media").number

    def late(entry: Entry) -> Entry:
        if isinstance(entry, Recording) and entry.call == number:
            return replace(entry, received=[p for p in entry.received if p.arrival_s > answered + 1.6])
        return entry

    assert failed(judged("early-media", doctored(FRONT_END, late)))[EARLY].startswith("0 packets")


def test_an_answer_that_moves_the_audio_fails() -> None:
    def moved(entry: Entry) -> Entry:
        if is_response(entry, 200) and isinstance(entry, SeenMessage):
            return replace(entry, text=re.sub(r"m=audio 2", "m=audio 3", entry.text))
        return entry

    assert set(failed(judged("early-media", doctored(FRONT_END, moved)))) == {MOVED}


def altered(name: str, actor: str, change: Callable[[Recording], Recording]) -> dict[str, str]:
    """What fails when an actor's recording of a call is another one."""
    number = case(name).number

    def change_it(entry: Entry) -> Entry:
        return change(entry) if isinstance(entry, Recording) and entry.call == number else entry

    return failed(judged(name, doctored(actor, change_it)))


def test_one_wrong_octet_fails() -> None:
    def flip(recording: Recording) -> Recording:
        packet = recording.received[60]
        damaged = replace(packet, payload=bytes([packet.payload[0] ^ 1]) + packet.payload[1:])
        return replace(recording, received=[*recording.received[:60], damaged, *recording.received[61:]])

    assert set(altered("outbound", SBC_A, flip)) == {EXACT}


def test_one_lost_packet_fails() -> None:
    found = altered("outbound", SBC_A, lambda r: replace(r, received=[*r.received[:60], *r.received[61:]]))
    assert NOTHING_LOST in found
    assert RIGHT_CALL not in found


def test_another_payload_type_fails() -> None:
    found = altered(
        "outbound", SBC_A, lambda r: replace(r, received=[replace(p, payload_type=0) for p in r.received])
    )
    assert set(found) == {PAYLOAD_TYPE}


def test_the_audio_of_another_call_is_known_as_such() -> None:
    other = next(
        e
        for e in evidence().journals[SBC_B]
        if isinstance(e, Recording) and e.call == case("failover").number and e.speaks_as == CALLEE
    )
    found = altered("outbound", SBC_A, lambda r: replace(r, received=other.received))
    assert RIGHT_CALL in found


def test_a_partys_own_voice_coming_back_is_the_wrong_direction() -> None:
    def echo(recording: Recording) -> Recording:
        own = [
            replace(packet, payload=sent.payload)
            for packet, sent in zip(recording.received, recording.sent, strict=False)
        ]
        return replace(recording, received=own)

    assert RIGHT_DIRECTION in altered("outbound", SBC_A, echo)


def test_voices_are_what_everybody_said_in_every_call() -> None:
    voices = voices_of(evidence())
    answered = [each for each in CASES if each.answered_by is not None]
    assert {(v.call, v.direction) for v in voices} >= {
        (each.number, role) for each in answered for role in (CALLER, CALLEE)
    }
