"""The INVITE session: its table, and a session on a bench (RFC 3261 sections 9, 13 and 15)."""

from itertools import product

import pytest

from mediation.sip.errors import LocalSipError
from mediation.sip.invite import InviteSession
from mediation.sip.message import Request
from mediation.sip.session_events import Accepted, Closed, Progressed, SessionEvent
from mediation.sip.session_table import ABSORBED, IMPOSSIBLE, SESSION, Act, Cue, Stage
from mediation.sip.transaction_row import Transaction
from tests.unit.sip.bench import UDP, Bench, message, parse

ANSWERS = {Act.SEND_200, Act.SEND_481, Act.SEND_491, Act.SEND_500, Act.TELL_REOFFERED}
ROWS = [(before, cue, after, acts) for (before, cue), (after, acts) in SESSION.items()]
MAY_HAVE_A_2XX_OUT = {Stage.ACCEPTED, Stage.UNWANTED, Stage.CONFIRMED}


class Book:
    """A session's user, who writes down what it is told."""

    def __init__(self) -> None:
        self.events: list[SessionEvent] = []

    def session_event(self, event: SessionEvent, now: float) -> None:
        self.events.append(event)


def calling(bench: Bench, book: Book) -> InviteSession:
    """A session of ours whose INVITE is on its way."""
    asked = parse(message("INVITE sip:them@192.0.2.9 SIP/2.0", "INVITE", "z9hG4bK-ours", host="192.0.2.1"))
    assert isinstance(asked, Request)
    return InviteSession.calling(bench.agent, book, asked, UDP, 0.0)


def called(bench: Bench, book: Book) -> InviteSession:
    """A session that an INVITE has just asked for."""
    bench.gets("INVITE")
    return InviteSession.called(bench.agent, book, bench.served[-1])


# the table


@pytest.mark.parametrize("first", [Stage.RECEIVED, Stage.CALLING])
def test_every_stage_of_a_role_is_reached_and_all_lead_to_the_end(first: Stage) -> None:
    reached, ends = {first}, {Stage.ENDED}
    for _ in Stage:
        reached |= {after for before, _, after, _ in ROWS if before in reached}
        ends |= {before for before, _, after, _ in ROWS if after in ends}
    assert {Stage.CONFIRMED, Stage.ENDING, Stage.ENDED} <= reached
    assert reached <= ends


def test_no_request_stays_without_an_answer_and_none_gets_two__rfc3261_8_2() -> None:
    for stage, cue in product(Stage, (Cue.RECEIVED_BYE, Cue.RECEIVED_INVITE)):
        assert (stage, cue) not in ABSORBED
        if (stage, cue) in SESSION:
            assert len(ANSWERS.intersection(SESSION[stage, cue][1])) == 1


def test_the_user_is_told_last_so_that_nothing_depends_on_it() -> None:
    assert not [row for row in ROWS if any(act.name.startswith("TELL_") for act in row[3][:-1])]


def test_a_2xx_is_repeated_from_its_beginning_to_its_end__rfc3261_13_3_1_4() -> None:
    for before, cue, after, acts in ROWS:
        if cue is Cue.ACCEPT:
            assert Act.BEGIN_REPEATING in acts
        if before in MAY_HAVE_A_2XX_OUT and after is not before and after is not Stage.UNWANTED:
            assert {Act.STOP_REPEATING, Act.LEAVE_2XX}.intersection(acts), (before, cue)


def test_a_bye_is_sent_exactly_when_the_session_begins_to_end__rfc3261_15() -> None:
    for before, cue, after, acts in ROWS:
        assert (Act.SEND_BYE in acts) == (after is Stage.ENDING and before is not Stage.ENDING), (before, cue)


def test_a_cancel_is_sent_after_a_provisional_response_only_and_watched__rfc3261_9_1() -> None:
    for before, cue, after, acts in ROWS:
        begins = after is Stage.CANCELLING and before is not Stage.CANCELLING
        assert (Act.SEND_CANCEL in acts) == begins, (before, cue)
        assert (Act.START_GIVE_UP in acts) == begins
        if before is Stage.CANCELLING and after is Stage.ENDING:
            assert Act.STOP_GIVE_UP in acts
    assert not [row for row in ROWS if row[0] is Stage.CALLING and Act.SEND_CANCEL in row[3]]


def test_every_2xx_to_an_invite_of_ours_is_acknowledged_in_every_stage__rfc3261_13_2_2_4() -> None:
    for (stage, cue), (_, acts) in SESSION.items():
        if cue is Cue.RECEIVED_2XX:
            assert {Act.SEND_ACK, Act.REPEAT_ACK}.intersection(acts), stage
        if cue is Cue.FORKED_2XX:
            assert Act.END_FORK in acts, stage


# performed


@pytest.mark.parametrize("cell", IMPOSSIBLE, ids=lambda cell: f"{cell[1].name} in {cell[0].name}")
def test_what_cannot_happen_is_our_own_bug_and_said_so(cell: tuple[Stage, Cue]) -> None:
    session = calling(Bench(), Book())
    session.stage, cue = cell
    with pytest.raises(LocalSipError):
        session.timer_fired(cue.name, 0.0)


@pytest.mark.parametrize("cell", ABSORBED, ids=lambda cell: f"{cell[1].name} in {cell[0].name}")
def test_what_is_absorbed_changes_nothing(cell: tuple[Stage, Cue]) -> None:
    bench, book = Bench(), Book()
    session = calling(bench, book)
    bench.sent.clear()
    session.stage, cue = cell
    session.timer_fired(cue.name, 0.0)
    assert (session.stage, bench.sent) == (cell[0], [])
    assert not [event for event in book.events if not isinstance(event, Closed)]


def test_a_call_is_placed_answered_and_ended() -> None:
    bench, book = Bench(), Book()
    session = calling(bench, book)
    bench.hears(180, "INVITE")
    bench.hears(200, "INVITE")
    assert bench.labels() == ["INVITE", "ACK"]
    session.hang_up(0.0, (("Reason", "Q.850;cause=16"),))
    bye = bench.messages()[0]
    assert bye.headers.get("Reason") == "Q.850;cause=16"
    assert isinstance(bye, Request)
    bench.hears(200, "BYE", branch=bye.top_via.branch or "")
    assert [type(event) for event in book.events] == [Progressed, Accepted, Closed]
    assert bench.agent.dialogs == {}


def test_the_2xx_decides_target_and_routes_anew__rfc3261_13_2_2_4() -> None:
    bench, book = Bench(), Book()
    session = calling(bench, book)
    bench.hears(180, "INVITE")
    text = message(
        "SIP/2.0 200 OK",
        "INVITE",
        "z9hG4bK-ours",
        to_tag="theirs",
        extra="Record-Route: <sip:p1.example;lr>\r\n",
    ).replace("<sip:a@192.0.2.9>", "<sip:moved@192.0.2.77>")
    bench.layer.receive(parse(text), UDP, 0.0)
    assert session.dialog.remote_target == "sip:moved@192.0.2.77"
    assert session.dialog.route_set == ("<sip:p1.example;lr>",)


def test_record_routes_are_given_back_in_what_makes_a_dialog__rfc3261_12_1_1() -> None:
    bench, book = Bench(), Book()
    text = message(
        "INVITE sip:us@192.0.2.1 SIP/2.0", "INVITE", "z9hG4bK-1",
        extra="Record-Route: <sip:p2;lr>\r\nRecord-Route: <sip:p1;lr>\r\n",
    )  # fmt: skip
    bench.layer.receive(parse(text), UDP, 0.0)
    session = InviteSession.called(bench.agent, book, bench.served[-1])
    session.progress(100, 0.0)
    session.progress(180, 0.0)
    session.accept(0.0)
    trying, ringing, answer = bench.messages()
    assert not trying.headers.has("Record-Route")
    assert [str(route) for route in ringing.record_routes] == ["<sip:p2;lr>", "<sip:p1;lr>"]
    assert answer.record_routes == ringing.record_routes
    assert answer.to.tag == ringing.to.tag == session.local_tag
    assert trying.to.tag is None


def test_a_session_that_is_told_to_end_before_its_answer_rejects_by_487() -> None:
    bench, book = Bench(), Book()
    called(bench, book).hang_up(0.0)
    assert bench.labels() == ["487"]
    assert [type(event) for event in book.events] == [Closed]


def test_a_bug_of_the_user_is_not_sent_on_the_wire() -> None:
    bench, book = Bench(), Book()
    session = called(bench, book)
    session.accept(0.0)
    bench.sent.clear()
    for act in (session.accept, lambda now: session.reject(486, now), lambda now: session.progress(180, now)):
        with pytest.raises(LocalSipError):
            act(0.0)
    assert bench.sent == []


def test_a_session_has_no_dialog_before_a_response_made_one() -> None:
    with pytest.raises(LocalSipError):
        _ = calling(Bench(), Book()).dialog


@pytest.mark.parametrize(
    ("statuses", "sent"), [((), []), ((180,), ["CANCEL"]), ((200,), ["BYE"]), ((486,), [])], ids=str
)
def test_a_session_that_is_abandoned_waits_for_nothing(statuses: tuple[int, ...], sent: list[str]) -> None:
    bench, book = Bench(), Book()
    session = calling(bench, book)
    for status in statuses:
        bench.hears(status, "INVITE")
    bench.sent.clear()
    session.abandon(0.0)
    session.abandon(0.0)
    assert bench.labels() == sent
    assert session.stage is Stage.ENDED
    assert bench.agent.dialogs == {}
    assert [type(event) for event in book.events].count(Closed) == 1


def test_an_invite_that_nobody_answered_is_answered_500_when_its_session_is_abandoned() -> None:
    bench, book = Bench(), Book()
    session = called(bench, book)
    session.abandon(0.0)
    (response,) = bench.messages()
    assert bench.labels() == ["500"]
    assert response.to.tag == session.local_tag
    transaction: Transaction = bench.served[-1]
    assert transaction.octets
