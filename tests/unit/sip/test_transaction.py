"""The four machines: every cell decided, and each figure held against its table (RFC 3261 section 17, RFC 6026)."""

from itertools import product

import pytest

from mediation.sip.transaction import (
    CLIENT,
    CLIENT_ABSORBED,
    CLIENT_EVENTS,
    CLIENT_IMPOSSIBLE,
    CLIENT_INVITE,
    CLIENT_INVITE_ABSORBED,
    CLIENT_INVITE_EVENTS,
    CLIENT_INVITE_IMPOSSIBLE,
    CLIENT_INVITE_STATES,
    CLIENT_STATES,
    SERVER,
    SERVER_ABSORBED,
    SERVER_EVENTS,
    SERVER_IMPOSSIBLE,
    SERVER_INVITE,
    SERVER_INVITE_ABSORBED,
    SERVER_INVITE_EVENTS,
    SERVER_INVITE_IMPOSSIBLE,
    SERVER_INVITE_STATES,
    SERVER_STATES,
    Do,
    Event,
    Reasons,
    Rows,
    State,
)

Machine = tuple[tuple[State, ...], tuple[Event, ...], Rows, Reasons, Reasons]

MACHINES: dict[str, Machine] = {
    "INVITE client": (CLIENT_INVITE_STATES, CLIENT_INVITE_EVENTS, CLIENT_INVITE, CLIENT_INVITE_ABSORBED,
                      CLIENT_INVITE_IMPOSSIBLE),
    "client": (CLIENT_STATES, CLIENT_EVENTS, CLIENT, CLIENT_ABSORBED, CLIENT_IMPOSSIBLE),
    "INVITE server": (SERVER_INVITE_STATES, SERVER_INVITE_EVENTS, SERVER_INVITE, SERVER_INVITE_ABSORBED,
                      SERVER_INVITE_IMPOSSIBLE),
    "server": (SERVER_STATES, SERVER_EVENTS, SERVER, SERVER_ABSORBED, SERVER_IMPOSSIBLE),
}  # fmt: skip

TOLD = {Do.PASS_UP, Do.TELL_TIMEOUT, Do.TELL_TRANSPORT_ERROR}
TIMERS = {event for event in Event if event.name.startswith("TIMER_")}

machines = pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES.keys())


@machines
def test_every_state_has_one_answer_for_every_event(machine: Machine) -> None:
    states, events, table, absorbed, impossible = machine
    homes = (table.keys(), absorbed.keys(), impossible.keys())
    for cell in product(states, events):
        assert sum(cell in home for home in homes) == 1, cell


@machines
def test_no_table_speaks_of_states_and_events_that_its_machine_lacks(machine: Machine) -> None:
    states, events, table, absorbed, impossible = machine
    assert {*table, *absorbed, *impossible} == set(product(states, events))


@machines
def test_silence_has_a_reason(machine: Machine) -> None:
    *_, absorbed, impossible = machine
    assert all(reason.strip() for reason in (*absorbed.values(), *impossible.values()))


@machines
def test_every_state_can_be_reached_and_left_for_the_end(machine: Machine) -> None:
    states, _, table, *_ = machine
    reached, ends = {states[0]}, {State.TERMINATED}
    for _ in states:
        reached |= {after for (before, _), (after, _) in table.items() if before in reached}
        ends |= {before for (before, _), (after, _) in table.items() if after in ends}
    assert reached == {*states, State.TERMINATED}
    assert ends == {*states, State.TERMINATED}


@machines
def test_the_user_is_told_last_so_that_nothing_depends_on_it(machine: Machine) -> None:
    for _, actions in machine[2].values():
        assert not TOLD.intersection(actions[:-1])


@machines
def test_a_timer_that_is_started_is_known_to_the_machine_and_can_be_due_where_it_runs(
    machine: Machine,
) -> None:
    _, events, table, absorbed, _ = machine
    for after, actions in table.values():
        for action in actions:
            if action.name.startswith("START_"):
                timer = Event[f"TIMER_{action.name.removeprefix('START_').removesuffix('_SLOW')}"]
                assert timer in events
                assert (after, timer) in table or (after, timer) in absorbed


@machines
def test_a_timer_that_cannot_be_due_in_a_state_was_stopped_on_the_way_there(machine: Machine) -> None:
    _, events, table, _, impossible = machine
    for timer in TIMERS.intersection(events):
        running = {before for before, event in table if event is timer}
        stop = f"STOP_{timer.name.removeprefix('TIMER_')}"
        for (before, event), (after, actions) in table.items():
            leaves = before in running and (after, timer) in impossible
            if leaves and event is not timer:
                assert stop in {action.name for action in actions}, (before, event)


def test_the_end_of_every_server_transaction_that_answers_waits_for_stragglers() -> None:
    assert SERVER[State.TRYING, Event.TU_2XX] == (State.COMPLETED, (Do.SEND, Do.START_J))
    assert SERVER_INVITE[State.COMPLETED, Event.ACK][1] == (Do.STOP_G, Do.STOP_H, Do.START_I)


def test_a_2xx_leads_to_the_accepted_state_on_both_ends__rfc6026_7() -> None:
    assert SERVER_INVITE[State.PROCEEDING, Event.TU_2XX] == (State.ACCEPTED, (Do.SEND, Do.START_L))
    for state in (State.CALLING, State.PROCEEDING):
        after, actions = CLIENT_INVITE[state, Event.RECEIVED_2XX]
        assert after is State.ACCEPTED
        assert actions[-2:] == (Do.START_M, Do.PASS_UP)


def test_only_failures_are_acknowledged_by_the_transaction__rfc3261_17_1_1_3() -> None:
    acked = {event for (_, event), (_, actions) in CLIENT_INVITE.items() if Do.ACK in actions}
    assert acked == {Event.RECEIVED_FAILURE}
