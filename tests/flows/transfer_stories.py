"""Stories of calls that are connected with somebody else, or nearly: see `stories`."""

from tests.flows.peers import Line
from tests.flows.stage import Stage

TARGET = "sip:+493099@10.1.1.10"
"""Whom transfers name."""


def is_transferred(stage: Stage) -> None:
    """The caller has the other party connected with somebody else, who rings, answers and hangs up."""
    stage.target.script = (183, 180, 200)
    stage.caller.invites()
    if stage.caller.talks:
        stage.caller.refers(TARGET)
    stage.advance(60)
    stage.target.hangs_up_if_it_talks()


def is_transferred_in_vain(stage: Stage) -> None:
    """The new party is busy, and the transferor wants to hear of it a little longer; the old call goes on."""
    stage.target.script = (180, 486)
    stage.caller.invites()
    if stage.caller.talks:
        stage.caller.refers(TARGET)
    if stage.caller.talks:
        stage.caller.asks("SUBSCRIBE", within=True, headers="Event: refer\r\nExpires: 90\r\n")
    stage.advance(60)
    stage.caller.hangs_up_if_it_talks()


def is_left_alone(stage: Stage) -> None:
    """The transferor does not wait, and the new party never answers."""
    stage.target.script = (180,)
    stage.caller.invites()
    if stage.caller.talks:
        stage.caller.refers(TARGET)
        stage.caller.hangs_up_if_it_talks()
    stage.advance(220)


def is_left_while_ports_are_opened(stage: Stage) -> None:
    """The transfer has hardly begun when the party that was to stay goes; the ports come later."""
    stage.caller.invites()
    stage.world.media.slow = True
    if stage.caller.talks:
        stage.caller.refers(TARGET)
    stage.first.hangs_up_if_it_talks()
    stage.world.media.slow = False
    for _ in range(len(stage.world.media.asked)):
        stage.world.media_says(stage.world.media.pair_answered())


def passes_its_transfer_on(stage: Stage) -> None:
    """The other party performs the transfer, or would."""
    stage.first.headers = "Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\r\n"
    stage.first.statuses["REFER"] = 202
    stage.caller.invites()
    if stage.caller.talks:
        stage.caller.refers(TARGET)
    headers = "Event: refer\r\nSubscription-State: terminated\r\nContent-Type: message/sipfrag\r\n"
    if stage.first.talks:
        stage.first.asks("NOTIFY", within=True, headers=headers, body=b"SIP/2.0 200 OK\r\n")
    stage.advance(60)
    stage.first.hangs_up_if_it_talks()


def is_joined_with_another(stage: Stage) -> None:
    """The caller has two calls, and connects their far ends."""
    for _ in range(2):
        stage.caller.invites("+4930222")
    first, second = stage.caller.lines
    if all(stage.caller.holds_for_alive(line) for line in (first, second)):
        stage.caller.line = first
        stage.caller.refers("sip:+4930222@10.1.1.10", replaces=stage.caller.ids(second))
    stage.advance(60)
    for line in stage.first.lines:
        stage.first.hangs_up_if_alive(line)


def consults(stage: Stage) -> tuple[Line, Line]:
    """The caller has two calls, and asks for their far ends to be connected; the far ends do not say yes yet."""
    for _ in range(2):
        stage.caller.invites("+4930222")
    first, second = stage.caller.lines
    stage.first.says_to_changes = 0
    if all(stage.caller.holds_for_alive(line) for line in (first, second)):
        stage.caller.line = first
        stage.caller.refers("sip:+4930222@10.1.1.10", replaces=stage.caller.ids(second))
    return first, second


def is_not_joined(stage: Stage) -> None:
    """The caller leaves meanwhile, and the party that was asked says no."""
    for line in consults(stage):
        stage.caller.hangs_up_if_alive(line)
    if stage.first.lines and "INVITE" in stage.first.lines[-1].asked:
        stage.first.says(488, line=stage.first.lines[-1])


def loses_whom_it_consulted(stage: Stage) -> None:
    """The party that was asked hangs up instead; the first call goes on for a while."""
    consults(stage)
    for line in reversed(stage.first.lines):
        stage.first.hangs_up_if_alive(line)
        stage.advance(1)


def loses_whom_it_transferred(stage: Stage) -> None:
    """The party that was to be transferred hangs up before the other one has said yes."""
    consults(stage)
    for line in stage.first.lines:
        stage.first.hangs_up_if_alive(line)
        stage.advance(1)


def finds_no_ports_to_transfer(stage: Stage) -> None:
    """Neither for somebody new nor for somebody consulted."""
    for _ in range(2):
        stage.caller.invites("+4930222")
    first, second = stage.caller.lines
    stage.world.media.refuses = True
    if all(stage.caller.holds_for_alive(line) for line in (first, second)):
        stage.caller.line = first
        stage.caller.refers("sip:+4930222@10.1.1.10", replaces=stage.caller.ids(second))
        stage.caller.refers(TARGET)
    stage.advance(1)
    for line in (first, second):
        stage.caller.hangs_up_if_alive(line)
