"""Every behaviour by its name, played by one simulator for another, in virtual time."""

import pytest

from mediation.lab.behaviour import BEHAVIOURS, UnknownBehaviour, behaviour_named
from mediation.lab.simulated_call import OVER, StartAudio, StopAudio
from mediation.sip.flow import Transport
from mediation.sip.message import Message, Response
from tests.unit.lab.virtual import CALLED_AT, CALLER_AT, NUMBER, Network, Told


def played(
    behaviour: str, *, cancel_after_s: float | None = None, for_s: float = 30.0
) -> tuple[Network, Told, Told]:
    """A call to a simulator of this behaviour, and what both have told."""
    network = Network()
    network.join(CALLER_AT)
    network.join(CALLED_AT, behaviour)
    network.call(cancel_after_s=cancel_after_s)
    network.advance(for_s)
    return network, network.told[CALLER_AT], network.told[CALLED_AT]


ANSWERED = ["answer", "ring-then-answer", "early-media", "slow"]
REFUSED = {"busy": 486, "503": 503, "reject=404": 404, "reject=302": 302, "reject=603": 603}


def test_every_name_of_the_issue_is_there() -> None:
    assert {"answer", "busy", "ring-then-answer", "early-media", "never-answer", "503", "slow"} <= set(
        BEHAVIOURS
    )


def test_a_behaviour_is_found_by_the_name_it_has() -> None:
    assert all(behaviour_named(name).name == name for name in (*BEHAVIOURS, *REFUSED))


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_the_steps_of_every_script_go_forward_in_time_and_end_where_it_ends(name: str) -> None:
    steps = BEHAVIOURS[name].steps
    assert [step.after_s for step in steps] == sorted(step.after_s for step in steps)
    assert all(step.status < 200 for step in steps[:-1])
    assert (steps[-1].status >= 200) == (name != "never-answer")


@pytest.mark.parametrize(
    ("name", "story"),
    [
        ("answer", "200 at once"),
        ("early-media", "183 with audio after 0.05 s, 200 after 1.5 s"),
        ("never-answer", "180 after 0.05 s, and nothing more"),
        ("answer-then-hang-up", "180 after 0.05 s, 200 after 0.3 s, BYE after 2 s of talk"),
        ("reject=404", "404 at once"),
    ],
)
def test_a_behaviour_can_be_told_in_words(name: str, story: str) -> None:
    assert behaviour_named(name).story == story


@pytest.mark.parametrize(
    "name",
    ["", "Answer", "answer ", "anwser", "reject", "reject=", "reject=200", "reject=199", "reject=700", "reject=4_0",
     "reject=+44", "reject=4040", "reject=٤٠٤", "reject=40", "busy=486"],
)  # fmt: skip
def test_any_other_name_is_refused_with_what_there_is_to_choose_from(name: str) -> None:
    with pytest.raises(UnknownBehaviour) as caught:
        behaviour_named(name)
    assert "reject=" in str(caught.value)
    assert "ring-then-answer" in str(caught.value) or "reject=300" in str(caught.value)


@pytest.mark.parametrize("name", ANSWERED)
def test_a_call_that_is_answered_talks_until_the_caller_hangs_up(name: str) -> None:
    network, caller, called = played(name)
    assert caller.words()[-3:] == ["hears 200", "hangs up", OVER]
    assert called.words()[-2:] == ["is hung up on", OVER]
    assert caller.when("hangs up") - caller.when("hears 200") == pytest.approx(3.0)
    for told in (caller, called):
        assert [type(output) for _, output in told.audio] == [StartAudio, StopAudio]
    assert network.idle()


@pytest.mark.parametrize("name", ANSWERED)
def test_audio_goes_where_the_other_end_listens(name: str) -> None:
    _, caller, called = played(name)
    (_, ours), (_, theirs) = caller.audio[0], called.audio[0]
    assert isinstance(ours, StartAudio)
    assert isinstance(theirs, StartAudio)
    assert (ours.local, ours.remote) == (theirs.remote, theirs.local)
    assert (ours.caller, theirs.caller) == (True, False)
    assert ours.call == theirs.call == NUMBER


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_the_last_word(name: str) -> None:
    network, caller, called = played(name)
    assert caller.words()[-2:] == [f"hears {REFUSED[name]}", OVER]
    assert called.words() == [f"takes the call: {name}", OVER]
    assert not caller.audio
    assert not called.audio
    assert network.idle()


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("answer", [(0.0, 100), (0.0, 200)]),
        ("ring-then-answer", [(0.0, 100), (0.05, 180), (1.0, 200)]),
        ("early-media", [(0.0, 100), (0.05, 183), (1.5, 200)]),
        ("slow", [(0.0, 100), (4.0, 180), (6.0, 200)]),
        ("answer-then-hang-up", [(0.0, 100), (0.05, 180), (0.3, 200)]),
        ("busy", [(0.0, 100), (0.05, 486)]),
    ],
)
def test_responses_come_when_the_script_says(name: str, statuses: list[tuple[float, int]]) -> None:
    _, caller, _ = played(name)
    heard = [
        (round(at - 100.0, 3), message.status)
        for at, sent, message in caller.seen
        if not sent and isinstance(message, Response) and message.cseq.method == "INVITE"
    ]
    assert heard == statuses


def test_early_media_plays_before_the_answer_which_does_not_move_it() -> None:
    _, caller, called = played("early-media")
    for told in (caller, called):
        started, _ = told.audio
        assert started[0] == pytest.approx(100.05)
    bodies = [
        m.body
        for _, sent, m in caller.seen
        if not sent and isinstance(m, Response) and m.status in (183, 200)
    ]
    assert bodies[0] == bodies[1] != b""


def test_ringing_without_audio_describes_none() -> None:
    _, caller, _ = played("ring-then-answer")
    assert [m.body for _, sent, m in caller.seen if isinstance(m, Response) and m.status == 180] == [b""]


def test_the_called_side_hangs_up_where_that_is_its_script() -> None:
    network, caller, called = played("answer-then-hang-up")
    assert called.words()[-2:] == ["hangs up", OVER]
    assert caller.words()[-2:] == ["is hung up on", OVER]
    assert called.when("hangs up") == pytest.approx(102.3)
    assert network.idle()


@pytest.mark.parametrize("name", ["never-answer", "slow", "ring-then-answer", "early-media"])
def test_a_caller_who_gives_up_cancels(name: str) -> None:
    network, caller, called = played(name, cancel_after_s=0.5)
    assert caller.words()[-2:] == ["gives up", OVER] if name == "slow" else "gives up" in caller.words()
    assert "is cancelled" in called.words()
    assert caller.sent().count("CANCEL") == 1
    assert "487" in caller.received()
    assert network.idle()


def test_who_is_answered_in_time_does_not_give_up() -> None:
    _, caller, _ = played("answer", cancel_after_s=0.5)
    assert "gives up" not in caller.words()
    assert "hangs up" in caller.words()


def test_who_never_answers_rings_on() -> None:
    network, caller, _ = played("never-answer", for_s=300.0)
    assert caller.words() == ["hears 180"]
    assert len(network.agents[CALLED_AT].calls) == 1


def test_numbers_may_have_behaviours_of_their_own() -> None:
    network = Network()
    network.join(CALLER_AT)
    network.join(CALLED_AT, "answer", n491="busy", n492="reject=404")
    for number in ("+491", "+492", "+493"):
        network.call(number=number)
    network.advance(60)
    told = network.told[CALLER_AT]
    assert [told.words(number)[0] for number in ("+491", "+492", "+493")] == [
        "hears 486",
        "hears 404",
        "hears 200",
    ]


@pytest.mark.parametrize("name", [*ANSWERED, *REFUSED, "answer-then-hang-up"])
def test_lost_messages_are_repeated_and_change_nothing(name: str) -> None:
    """The first of every message is lost, both ways."""
    network = Network()
    network.join(CALLER_AT)
    network.join(CALLED_AT, name)
    known: set[bytes] = set()

    def first(message: Message) -> bool:
        octets = bytes(message)
        seen = octets in known
        known.add(octets)
        return not seen

    network.loses = first
    network.call()
    network.advance(120)
    assert network.told[CALLER_AT].words()[-1] == OVER
    assert network.told[CALLED_AT].words()[-1] == OVER
    assert network.idle()


@pytest.mark.parametrize("name", [*ANSWERED, "busy", "answer-then-hang-up"])
def test_streams_carry_calls_alike(name: str) -> None:
    network = Network(Transport.TCP)
    network.join(CALLER_AT)
    network.join(CALLED_AT, name)
    network.call()
    network.advance(30)
    assert network.told[CALLER_AT].words()[-1] == OVER
    assert network.idle()
