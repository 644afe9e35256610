"""Calls that between them come through everything a call can do, each told to its end by peers that react alone."""

from collections.abc import Callable
from typing import Any

from mediation.b2bua.media_facts import (
    Amiss,
    KeyHeard,
    MediaAmiss,
    MediaLost,
    MediaSilent,
    RecordingEnded,
    RecordingFailed,
    SoundEnded,
)
from mediation.settings.bypass import TrunkBypass, TrunkMedia
from mediation.settings.peer_media import Dtmf, PeerMedia
from mediation.settings.peer_terms import MidCall, RedirectMode, Redirects, TransferMode, Transfers
from mediation.settings.policy import PolicyHook
from mediation.sip.message import Response
from tests.flows.scenery import (
    SBC,
    USUAL_POLICY,
)
from tests.flows.stage import Stage
from tests.flows.transfer_stories import (
    TARGET,
    finds_no_ports_to_transfer,
    is_joined_with_another,
    is_left_alone,
    is_left_while_ports_are_opened,
    is_not_joined,
    is_transferred,
    is_transferred_in_vain,
    loses_whom_it_consulted,
    loses_whom_it_transferred,
    passes_its_transfer_on,
)


def talks(stage: Stage) -> None:
    """Early media, ringing, an answer, re-INVITEs of both kinds and from both sides, hung up by the callee."""
    stage.caller.invites()
    if stage.caller.talks:
        stage.caller.reinvites(stage.caller.sdp(direction="sendonly", version=2))
    if stage.first.talks:
        stage.first.line.offered = False
        stage.first.reinvites(b"")
    stage.advance(60)
    stage.first.hangs_up_if_it_talks()


def is_cancelled(stage: Stage) -> None:
    """The caller gives up while it rings."""
    stage.first.script = (180,)
    stage.caller.invites()
    stage.advance(5)
    stage.caller.cancels()


def fails_over(stage: Stage) -> None:
    """The first target answers nothing above 100 and then too late; the second refuses."""
    stage.first.script, stage.first.answers_cancel = (100,), False
    stage.caller.invites()
    stage.advance(11)
    if stage.first.lines:
        stage.first.says(200, sdp=stage.first.sdp())


def is_never_acked(stage: Stage) -> None:
    """The caller makes no offer and sends no ACK."""
    stage.caller.acks_answers = False
    stage.caller.invites(sdp=b"")
    stage.advance(40)


def rings_out(stage: Stage) -> None:
    """Nobody answers, and nobody answers the CANCEL either."""
    stage.first.script, stage.first.answers_cancel = (180,), False
    stage.caller.invites()
    stage.advance(220)


def falls_silent(stage: Stage) -> None:
    """The caller's answer comes in its ACK; audio dies, and nobody answers the BYE."""
    stage.caller.answers_bye = stage.first.answers_bye = False
    stage.caller.invites(sdp=b"")
    stage.advance(60)
    for call in list(stage.world.engine.calls):
        stage.world.media_says(MediaAmiss(call, caller=True, what=Amiss.ONE_WAY, over=False))
        stage.world.media_says(MediaSilent(call, caller=True))


def announces_what_is_not_heard(stage: Stage) -> None:
    """Early media is described, and nothing comes."""
    stage.first.script = (183,)
    stage.caller.invites()
    for call in list(stage.world.engine.calls):
        stage.world.media_says(MediaSilent(call, caller=False))
    stage.advance(10)
    stage.caller.cancels()


def loses_its_caller(stage: Stage) -> None:
    """The caller cannot be reached any more when it should hear the ringing."""
    stage.first.script = (100,)
    stage.caller.invites()
    stage.caller.dead = True
    if stage.first.lines:
        stage.first.says(180)


def finds_no_ports(stage: Stage) -> None:
    """Media refuses."""
    stage.world.media.refuses = True
    stage.caller.invites()


def waits_for_ports(stage: Stage) -> None:
    """Media never opens, until the set-up has taken too long."""
    stage.world.media.slow = True
    stage.caller.invites()
    stage.advance(200)


def is_stopped(stage: Stage) -> None:
    """The process is told to stop while two talk."""
    stage.caller.invites()
    stage.world.stop()


def answers_nothing(stage: Stage) -> None:
    """The answer describes nothing."""
    stage.first.script, stage.first.describes = (100, 200), False
    stage.caller.invites()


def never_pracks(stage: Stage) -> None:
    """The caller demands reliable ringing and does not acknowledge it."""
    stage.first.script = (180,)
    stage.caller.invites(headers="Require: 100rel\r\n")
    stage.advance(40)


def loses_its_dialog(stage: Stage) -> None:
    """The caller says what does not cross, and then what does: the other party does not know the call any more."""
    stage.first.statuses["INFO"] = 481
    stage.caller.invites()
    if stage.caller.talks:
        stage.caller.asks("INFO", within=True, headers="Content-Type: application/isup\r\n", body=b"REL")
    if stage.caller.talks:
        stage.caller.asks("INFO", within=True)


def is_refreshed_in_vain(stage: Stage) -> None:
    """We refresh the session until the peer refuses."""
    stage.first.statuses["UPDATE"] = 500
    stage.first.headers = "Session-Expires: 90;refresher=uac\r\nAllow: INVITE, ACK, BYE, CANCEL, UPDATE\r\n"
    stage.first.says_to_changes = 488
    stage.caller.invites()
    stage.advance(90)


def is_redirected(stage: Stage) -> None:
    """The number is another one now, and that one is busy."""
    stage.first.script, stage.first.headers = (302,), f"Contact: <sip:+4977@{SBC}>\r\n"
    stage.caller.invites()


def is_told_to_redirect(stage: Stage) -> None:
    """The caller is told the number."""
    is_redirected(stage)


def changes_before_the_answer(stage: Stage) -> None:
    """Our offer goes in reliable ringing, its answer comes in the PRACK; then the caller holds while it rings on."""
    stage.first.script = (180,)
    stage.caller.acks_answers = False
    stage.caller.invites(sdp=b"", headers="Require: 100rel\r\n")
    if any(
        isinstance(message, Response) and message.headers.has("RSeq") for _, message in stage.caller.received
    ):
        stage.caller.pracks(stage.caller.sdp())
        stage.caller.updates(stage.caller.sdp(direction="sendonly", version=2))
    if stage.first.lines:
        stage.first.script = (200,)
        stage.first.answers_now()
    stage.advance(1)
    if stage.caller.talks:
        stage.caller.acks(sequence=7)
    stage.advance(5)
    stage.caller.hangs_up_if_it_talks()


def holds_in_vain(stage: Stage) -> None:
    """By INVITE and by UPDATE: the other party says no, or says yes when it is taken back, and is asked anew."""
    stage.first.says_to_changes = 488
    stage.caller.invites()
    if stage.caller.talks:
        stage.caller.updates(stage.caller.sdp(direction="sendonly", version=2))
        stage.first.says_to_changes = 0
        stage.caller.reinvites(stage.caller.sdp(direction="sendonly", version=3))
        stage.first.acks_failures = False  # ours must wait for the ACK to our refusal of theirs
        if stage.first.talks:
            stage.first.reinvites()
        stage.caller.cancels()
    stage.first.says_to_changes = 200
    if stage.first.talks and stage.first.line.asked["INVITE"].to.tag:
        stage.first.says(200, sdp=stage.first.sdp(direction="recvonly", version=3))
    stage.advance(5)
    stage.caller.hangs_up_if_it_talks()


def is_picked_up(stage: Stage) -> None:
    """A call from the trunk rings at one front end and is answered by the other."""
    stage.target.script = (180,)
    stage.first.invites()
    if stage.target.lines:
        stage.caller.invites(headers=f"Replaces: {stage.target.ids()};early-only\r\n")
    stage.advance(60)
    stage.caller.hangs_up_if_it_talks()


def is_ruled(stage: Stage) -> None:
    """A policy changes the call; it is asked about the next one in vain, and then not any more."""
    stage.caller.invites()
    stage.ruled({"trunks": ["itsp-a"], "calling": "+4930111", "tag": "a"})
    stage.advance(5)
    stage.caller.hangs_up_if_it_talks()
    for _ in range(2):
        stage.caller.invites()
        stage.advance(20)
        stage.caller.hangs_up_if_it_talks()


def is_not_wanted(stage: Stage) -> None:
    """A policy refuses, which a tone says before; then it is asked about a call that is given up, and about one in a
    server that stops.
    """
    stage.caller.invites()
    stage.ruled({"action": "refuse"})
    stage.advance(11)
    stage.caller.invites()
    stage.caller.cancels()
    stage.caller.invites()
    stage.world.stop()


def presses_keys(stage: Stage) -> None:
    """The caller in its media, the callee by INFO; and the callee says something else by INFO, too."""
    stage.caller.codecs += " telephone-event"
    stage.caller.invites()
    for call in tuple(stage.world.engine.calls):
        stage.world.media_says(KeyHeard(call, True, "5", 100))
    if stage.first.talks:
        stage.first.asks(
            "INFO", within=True, headers="Content-Type: application/dtmf-relay\r\n", body=b"Signal=5\r\n"
        )
        stage.first.asks("INFO", within=True, headers="Content-Type: text/plain\r\n", body=b"hello")
    stage.advance(60)
    stage.caller.hangs_up_if_it_talks()


def is_recorded_badly(stage: Stage) -> None:
    """The disk is full, and says so; the file is whole all the same, and the call lasts for too long."""
    stage.caller.invites()
    for call in tuple(stage.world.engine.calls):
        stage.world.media_says(RecordingFailed(call, "no space left on device"))
        stage.world.media_says(RecordingEnded(call, ("a.wav",)))
    stage.advance(301)


def goes_past_us(stage: Stage) -> None:
    """Audio goes straight between the parties, and media is lost meanwhile; a transfer brings it back in vain, a hold
    does so indeed."""
    stage.caller.codecs, stage.target.script = "PCMA", (180, 486)
    stage.caller.invites()
    for call in tuple(stage.world.engine.calls):
        if stage.world.media.open.pop(call, None) is not None:
            stage.world.media_says(MediaLost(call, "gone"))
    stage.first.says_to_changes = 488
    if stage.caller.talks:
        stage.caller.refers(TARGET)
    stage.advance(5)
    stage.first.says_to_changes = 200
    for version, direction in enumerate(("sendonly", "sendrecv"), 2):
        if stage.caller.talks:
            stage.caller.reinvites(stage.caller.sdp(direction=direction, version=version))
    stage.advance(60)
    stage.first.hangs_up_if_it_talks()


def hears_why(stage: Stage) -> None:
    """An announcement before the refusal; the caller asks something meanwhile."""
    stage.first.script = (604,)
    stage.caller.invites()
    stage.caller.asks("INFO", within=True, headers="Content-Type: text/plain\r\n", body=b"hello")
    stage.advance(1)
    for call in tuple(stage.world.engine.calls):
        stage.world.media_says(SoundEnded(call, caller=True))


STORIES: tuple[Callable[[Stage], None], ...] = (
    talks, is_cancelled, fails_over, is_never_acked, rings_out, falls_silent, announces_what_is_not_heard,
    loses_its_caller, finds_no_ports, waits_for_ports, is_stopped, answers_nothing, never_pracks,
    loses_its_dialog, is_refreshed_in_vain, is_redirected, is_told_to_redirect, is_transferred,
    is_transferred_in_vain, is_left_alone, is_left_while_ports_are_opened, passes_its_transfer_on,
    is_joined_with_another, is_not_joined, loses_whom_it_consulted, loses_whom_it_transferred,
    finds_no_ports_to_transfer, changes_before_the_answer, holds_in_vain, is_picked_up,
    presses_keys, is_ruled, is_not_wanted, is_recorded_badly, goes_past_us, hears_why,
)  # fmt: skip

TERMS: dict[Callable[[Stage], None], dict[str, Any]] = {
    is_redirected: {"redirect": Redirects(mode=RedirectMode.FOLLOW)},
    is_told_to_redirect: {"redirect": Redirects(mode=RedirectMode.PASS)},
    presses_keys: {"media": PeerMedia(dtmf=Dtmf.INFO)},
    goes_past_us: {
        "media": TrunkMedia(bypass=TrunkBypass.ALLOWED),
        "mid_call": MidCall(music="/music.wav"),
    },
    passes_its_transfer_on: {"transfer": Transfers(mode=TransferMode.REFER)},
}
"""What a story needs of the trunk's terms."""


def stage_of(story: Callable[[Stage], None]) -> Stage:
    """The scene that a story is told on."""
    policy = PolicyHook(python="rules", failures=1, rest_s=60)
    rules = policy if story in (is_ruled, is_not_wanted) else USUAL_POLICY
    return Stage(TERMS.get(story), rules, past_us=story is goes_past_us)
