"""Flow 16: attended transfer and Replaces (RFC 3891, RFC 5589 section 7)."""

import pytest

from mediation.sdp.description import SessionDescription
from mediation.settings.bypass import BypassMode
from mediation.settings.peer_terms import SessionTimers, TransferMode, Transfers
from mediation.settings.peers import Side
from mediation.sip.message import Message
from mediation.sip.session_timer import TimerMode
from tests.flows.pair import Make, Pair
from tests.flows.peers import Line, Peer
from tests.flows.scenery import FRONT_END, OTHER_FRONT_END, OTHER_SBC, SBC, settings, trunk
from tests.flows.world import World

TO = "sip:+493099@10.1.1.10"


class Consultation:
    """A front end with two calls through one trunk: one held, the other one to ask whether the first is welcome."""

    def __init__(self, world: World) -> None:
        self.world = world
        past_us = world.settings.bypass.mode is not BypassMode.OFF
        self.boss = Peer(world, Side.FRONT_END, FRONT_END, codecs="PCMA" if past_us else "")
        self.sbc = Peer(world, Side.GATEWAY, SBC)
        self.first = self.calls("+4930111", 4100)
        self.second = self.calls("+4930222", 4200)
        self.hears()

    def calls(self, number: str, port: int) -> tuple[Line, Line]:
        """A call of the boss's that is answered: its line, and the other end's."""
        self.boss.invites(number)
        self.sbc.says(200, sdp=self.sbc.sdp(port=port))
        self.boss.acks()
        return self.boss.line, self.sbc.line

    def transfers(self, *, replaces: str = "") -> None:
        """Connect both far parties: REFER in the first call, naming the second."""
        ids = replaces or self.boss.ids(self.second[0])
        self.boss.line = self.first[0]
        self.boss.refers("sip:+4930222@10.1.1.10", replaces=ids)

    def hears(self) -> None:
        """Forget what was heard so far."""
        self.boss.heard(), self.sbc.heard()


@pytest.fixture
def two(make: Make) -> Consultation:
    """Both calls are up."""
    return Consultation(make(settings()))


def test_both_far_parties_are_joined_and_the_transferors_legs_end__rfc5589_7_1(two: Consultation) -> None:
    two.transfers()
    assert two.boss.heard() == ["202 REFER", "NOTIFY"]
    assert two.sbc.heard() == ["INVITE"], "the party that was asked sends its audio to the first call"
    moved = two.sbc.request("INVITE")
    assert moved.call_id == two.second[1].call_id
    assert moved.to.tag, "within its dialog"
    two.sbc.says(200, sdp=two.sbc.sdp(port=4200, version=2), line=two.second[1])
    assert two.sbc.heard() == ["ACK"]
    assert two.boss.reports() == ["100 active", "200 terminated"]
    assert [label for label in two.boss.heard() if label != "NOTIFY"] == ["BYE", "BYE"]
    plan = two.world.media.plan
    assert (plan.caller.remote, plan.callee.remote) == ((SBC, 4200), (SBC, 4100))
    assert len(two.world.engine.calls) == 1
    two.sbc.hangs_up(line=two.first[1])
    assert two.sbc.heard() == ["200 BYE", "BYE"]
    reasons = sorted(record.cause.reason for record in two.world.records)
    assert reasons == ["normal-clearing", "transferred"]


@pytest.mark.parametrize("of", ["first", "second"])
def test_what_the_transferor_has_not_answered_in_either_call_is_487(two: Consultation, of: str) -> None:
    two.sbc.line = getattr(two, of)[1]
    two.sbc.asks("INFO", within=True, headers="Content-Type: application/x\r\n", body=b"x")
    two.transfers()
    two.sbc.says(200, sdp=two.sbc.sdp(port=4200, version=2), line=two.second[1])
    assert two.sbc.heard() == ["INVITE", "ACK", "487 INFO"]
    two.sbc.hangs_up(line=two.first[1])


def test_what_the_trunk_is_occupied_with_goes_along(make: Make) -> None:
    two = Consultation(make(settings(trunk(max_calls=2))))
    two.transfers()
    two.sbc.says(200, sdp=two.sbc.sdp(port=4200, version=2), line=two.second[1])
    assert two.world.engine._trunks["itsp-a"].room.calls == 2, "two parties are still there"
    two.boss.invites("+4930333")
    assert two.boss.heard()[-1] == "503"
    two.sbc.hangs_up(line=two.second[1])
    assert two.world.engine._trunks["itsp-a"].room.calls == 0


@pytest.mark.parametrize("status", [488, 606])
def test_a_party_that_does_not_move_leaves_both_calls_as_they_were(two: Consultation, status: int) -> None:
    two.transfers()
    two.sbc.says(status, line=two.second[1])
    assert two.boss.reports() == ["100 active", "488 terminated"]
    assert len(two.world.engine.calls) == 2
    for line in (two.first[0], two.second[0]):
        two.boss.hangs_up(line=line)
    assert len(two.world.records) == 2


def test_a_party_that_asks_for_a_change_itself_is_asked_again__rfc3261_14_1(two: Consultation) -> None:
    two.transfers()
    two.sbc.says(491, line=two.second[1])
    two.hears()
    two.world.advance(4)
    assert set(two.sbc.heard()) == {"INVITE"}
    two.sbc.says(200, sdp=two.sbc.sdp(port=4200, version=2), line=two.second[1])
    assert len(two.world.engine.calls) == 1
    two.sbc.hangs_up(line=two.first[1])


@pytest.mark.parametrize("status", [200, 488])
def test_a_party_that_answers_another_change_is_asked_behind_it__rfc3261_14_1(
    two: Consultation, status: int
) -> None:
    two.boss.line, two.sbc.line = two.second[0], two.second[1]
    two.boss.reinvites(two.boss.sdp(port=4200, direction="sendonly", version=2))
    assert (two.boss.heard(), two.sbc.heard()) == (["100"], ["INVITE"])
    two.transfers()
    assert two.boss.heard() == ["202 REFER", "NOTIFY"]
    assert two.sbc.heard() == [], "one change at a time"
    held = two.sbc.sdp(port=4200, version=2, direction="recvonly") if status == 200 else b""
    two.sbc.says(status, sdp=held, line=two.second[1])
    assert two.boss.heard() == [str(status)], "who has asked for it hears of it"
    assert two.sbc.heard() == ["ACK", "INVITE"]
    assert len(two.world.engine.calls) == 2, "that was not the party's word on its move"
    if status == 200:
        two.boss.acks(line=two.second[0])
    assert b"a=sendrecv" in two.sbc.request("INVITE").body
    two.sbc.says(200, sdp=two.sbc.sdp(port=4200, version=3), line=two.second[1])
    assert two.boss.reports() == ["100 active", "200 terminated"]
    assert len(two.world.engine.calls) == 1
    plan = two.world.media.plan
    assert (plan.caller.remote, plan.callee.remote) == ((SBC, 4200), (SBC, 4100))
    two.sbc.hangs_up(line=two.first[1])


def test_a_party_that_answers_a_refresh_is_asked_behind_it__rfc4028_7_4(make: Make) -> None:
    timers = SessionTimers(mode=TimerMode.OFFER, expires_s=90)
    two = Consultation(make(settings(trunk(session_timer=timers))))
    two.world.advance(45)
    assert two.sbc.heard() == ["INVITE", "INVITE"]
    two.transfers()
    for line, port in ((two.first[1], 4100), (two.second[1], 4200)):
        two.sbc.says(200, sdp=two.sbc.sdp(port=port), line=line)
    assert two.sbc.heard() == ["ACK", "ACK", "INVITE"]
    assert len(two.world.engine.calls) == 2
    two.sbc.says(200, sdp=two.sbc.sdp(port=4200, version=2), line=two.second[1])
    assert two.boss.reports()[-1] == "200 terminated"
    two.sbc.hangs_up(line=two.first[1])


def test_a_party_that_never_answers_the_other_change_is_lost(two: Consultation) -> None:
    two.boss.line, two.sbc.line = two.second[0], two.second[1]
    two.boss.reinvites(two.boss.sdp(port=4200, direction="sendonly", version=2))
    two.transfers()
    two.world.advance(40)
    assert two.boss.reports()[-1] == "480 terminated"
    assert len(two.world.engine.calls) == 1, "the first call is as it was"
    two.boss.hangs_up(line=two.first[0])


def test_what_is_said_while_the_party_is_yet_to_be_asked_again_names_its_own_ports(two: Consultation) -> None:
    home = two.sbc.request("INVITE")
    two.transfers()
    moved = two.sbc.request("INVITE")
    assert moved.body != home.body
    two.sbc.says(491, line=two.second[1])
    two.sbc.line = two.second[1]
    two.sbc.reinvites(two.sbc.sdp(port=4250, version=2))
    assert port_of(two.sbc.response(200)) == port_of(home), (
        "the call that it is in goes on until it has moved"
    )
    two.sbc.acks(line=two.second[1])
    two.world.advance(4.1)
    assert port_of(two.sbc.request("INVITE")) == port_of(moved)
    two.sbc.says(200, sdp=two.sbc.sdp(port=4250, version=2), line=two.second[1])
    assert len(two.world.engine.calls) == 1
    two.sbc.hangs_up(line=two.first[1])


def port_of(message: Message) -> int:
    """Our audio port in a description."""
    return SessionDescription.parse(message.body).media[0].port


def test_a_transferor_may_leave_both_calls_before_they_are_joined(two: Consultation) -> None:
    two.transfers()
    two.boss.hangs_up(line=two.second[0])
    two.boss.hangs_up(line=two.first[0])
    assert two.sbc.heard() == ["INVITE"], "nobody is hung up on"
    two.sbc.says(200, sdp=two.sbc.sdp(port=4200, version=2), line=two.second[1])
    assert two.sbc.heard() == ["ACK"]
    assert len(two.world.engine.calls) == 1
    two.sbc.hangs_up(line=two.second[1])
    assert two.sbc.heard() == ["200 BYE", "BYE"]


def test_where_the_transferor_has_left_and_the_party_does_not_move_both_calls_end(two: Consultation) -> None:
    two.transfers()
    two.boss.hangs_up(line=two.second[0])
    two.boss.hangs_up(line=two.first[0])
    two.sbc.says(488, line=two.second[1])
    assert two.sbc.heard() == ["INVITE", "ACK", "BYE", "BYE"]
    assert not two.world.engine.calls


def test_a_party_that_hangs_up_instead_of_moving_is_reported(two: Consultation) -> None:
    two.transfers()
    two.sbc.hangs_up(line=two.second[1])
    assert two.boss.reports()[-1] == "480 terminated"
    assert len(two.world.engine.calls) == 1
    two.sbc.says(487, line=two.second[1])
    two.boss.hangs_up(line=two.first[0])


def test_the_party_that_waits_may_hang_up_meanwhile(two: Consultation) -> None:
    two.transfers()
    two.sbc.hangs_up(line=two.first[1])
    two.sbc.says(200, sdp=two.sbc.sdp(port=4200, version=2), line=two.second[1])
    assert len(two.world.engine.calls) == 1, "the consultation goes on"
    two.boss.hangs_up(line=two.second[0])


def test_replaces_that_names_nothing_of_ours_goes_to_that_side_as_it_is__rfc3891_4(make: Make) -> None:
    world = make(settings(front_ends=(OTHER_FRONT_END,)))
    call = Pair(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    other = Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    call.connects()
    call.caller.refers(TO, replaces="of-another-call@10.1.1.99;to-tag=qq-one;from-tag=qq-two")
    invite = other.request("INVITE")
    assert invite.headers.get("Replaces") == "of-another-call@10.1.1.99;to-tag=qq-one;from-tag=qq-two"
    other.says(200, sdp=other.sdp())
    assert call.caller.reports()[-1] == "200 terminated"
    other.hangs_up()


def test_a_call_cannot_be_joined_with_itself(two: Consultation) -> None:
    two.transfers(replaces=two.boss.ids(two.first[0]))
    assert two.boss.heard() == ["481 REFER"]
    for line in (two.first[0], two.second[0]):
        two.boss.hangs_up(line=line)


def test_a_refer_that_is_passed_on_names_the_dialog_as_the_other_side_knows_it(make: Make) -> None:
    allow = "Allow: INVITE, ACK, BYE, CANCEL, REFER, NOTIFY\r\n"
    world = make(settings(trunk(transfer=Transfers(mode=TransferMode.REFER))))
    boss, sbc = Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC)
    lines = []
    for number in ("+4930111", "+4930222"):
        boss.invites(number)
        sbc.says(200, sdp=sbc.sdp(), headers=allow)
        boss.acks()
        lines.append((boss.line, sbc.line))
    boss.line = lines[0][0]
    boss.refers("sip:+4930222@10.1.1.10", replaces=boss.ids(lines[1][0]))
    refer_to = sbc.request("REFER").headers.get("Refer-To") or ""
    theirs = lines[1][1]
    assert theirs.call_id in refer_to
    assert theirs.local.partition(";tag=")[2] in refer_to
    assert lines[1][0].call_id not in refer_to
    sbc.line = lines[0][1]
    sbc.says(202, to="REFER")
    for line, _ in lines:
        boss.hangs_up(line=line)


# INVITE with Replaces


class Stand(Pair):
    """A call that is up, and another front end that takes over."""

    other: Peer


@pytest.fixture
def stand(make: Make) -> Stand:
    """A front end has called through the trunk."""
    world = make(settings())
    call = Stand(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    call.other = Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    call.connects()
    call.caller.heard(), call.callee.heard()
    return call


def replacing(ids: str) -> str:
    """The header that names whose place is taken: as we see the dialog, so both tags are as its other end has them."""
    return f"Replaces: {ids}\r\n"


def test_who_replaces_a_party_takes_its_seat_and_relieves_it__rfc3891_3(stand: Stand) -> None:
    stand.other.invites(headers=replacing(stand.caller.ids()))
    assert stand.other.heard() == ["200"]
    assert stand.caller.heard() == ["BYE"]
    assert stand.callee.heard() == []
    stand.other.acks()
    plan = stand.media.plan
    assert (plan.caller.remote, plan.callee.remote) == ((OTHER_FRONT_END, 4000), (SBC, 4000))
    stand.callee.hangs_up()
    assert stand.other.heard() == ["BYE"]
    assert stand.record.transfers[0].status == 200


def test_who_replaces_without_an_offer_gets_ours(stand: Stand) -> None:
    stand.other.invites(sdp=b"", headers=replacing(stand.caller.ids()))
    assert stand.other.response(200).body
    stand.other.acks(stand.other.sdp(port=4300))
    assert stand.media.plan.caller.remote == (OTHER_FRONT_END, 4300)
    stand.callee.hangs_up()


def test_replaces_that_names_nothing_is_481__rfc3891_3(stand: Stand) -> None:
    stand.other.invites(headers=replacing("nothing;to-tag=qq-a;from-tag=qq-b"))
    assert stand.other.heard() == ["481"]
    stand.ends()


def test_both_tags_must_match_in_their_roles__rfc3891_3(stand: Stand) -> None:
    call_id, to, from_ = stand.caller.ids().split(";")
    swapped = f"{call_id};to-tag={from_.partition('=')[2]};from-tag={to.partition('=')[2]}"
    stand.other.invites(headers=replacing(swapped))
    assert stand.other.heard() == ["481"]
    stand.ends()


def test_replaces_that_names_a_dialog_that_ends_is_603__rfc3891_3(stand: Stand) -> None:
    stand.caller.answers_bye = False
    stand.callee.hangs_up()
    stand.other.invites(headers=replacing(stand.caller.ids()))
    assert stand.other.heard() == ["603"]
    stand.caller.says(200, to="BYE")


def test_early_only_and_answered_is_486__rfc3891_3(stand: Stand) -> None:
    stand.other.invites(headers=replacing(f"{stand.caller.ids()};early-only"))
    assert stand.other.heard() == ["486"]
    stand.ends()


def test_who_is_of_another_side_may_not_replace(stand: Stand) -> None:
    stand.callee.invites(headers=replacing(stand.caller.ids()))
    assert stand.callee.heard() == ["403"]
    stand.callee.line = stand.callee.lines[0]
    stand.ends()


def test_who_is_of_another_trunk_may_not_replace(make: Make) -> None:
    world = make(settings(trunk("itsp-a", SBC), trunk("itsp-b", OTHER_SBC)))
    call = Pair(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    call.connects()
    stranger = Peer(world, Side.GATEWAY, OTHER_SBC)
    stranger.invites(headers=replacing(call.callee.ids()))
    assert stranger.heard() == ["403"]
    call.caller.heard(), call.callee.heard()
    call.ends()


def test_where_replacing_is_off_it_is_refused(make: Make) -> None:
    world = make(settings(transfer=Transfers(replaces=False)))
    call = Pair(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    other = Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    call.connects()
    other.invites(headers=replacing(call.caller.ids()))
    assert other.heard() == ["403"]
    call.caller.heard(), call.callee.heard()
    call.ends()


def test_an_early_dialog_that_we_did_not_begin_cannot_be_replaced__rfc3891_3(make: Make) -> None:
    world = make(settings())
    call = Pair(world, Peer(world, Side.FRONT_END, FRONT_END), Peer(world, Side.GATEWAY, SBC))
    other = Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    call.rings()
    other.invites(headers=replacing(call.caller.ids()))
    assert other.heard() == ["481"]
    call.callee.says(486)


def test_a_call_that_rings_is_picked_up__rfc3891_7_1(make: Make) -> None:
    world = make(settings())
    call = Pair(world, Peer(world, Side.GATEWAY, SBC), Peer(world, Side.FRONT_END, FRONT_END))
    other = Peer(world, Side.FRONT_END, OTHER_FRONT_END)
    call.rings()
    call.callee.heard()
    other.invites(headers=replacing(f"{call.callee.ids()};early-only"))
    assert other.heard() == ["200"]
    assert call.callee.heard() == ["CANCEL"]
    assert any("cause=200" in each for each in call.callee.request("CANCEL").headers.get_all("Reason"))
    assert call.caller.heard() == ["200"]
    call.callee.says(487)
    other.acks()
    call.caller.acks()
    assert call.media.plan.callee.remote[0] == OTHER_FRONT_END
    call.caller.hangs_up()
    assert other.heard() == ["BYE"]


def test_who_replaces_with_an_offer_that_nobody_can_use_is_488_and_nothing_changes(stand: Stand) -> None:
    stand.other.invites(sdp=stand.other.sdp("G722"), headers=replacing(stand.caller.ids()))
    assert stand.other.heard() == ["488"]
    stand.ends()


def test_who_replaces_may_give_up_while_ports_are_opened(stand: Stand) -> None:
    stand.media.slow = True
    stand.other.invites(headers=replacing(stand.caller.ids()))
    stand.other.cancels()
    assert stand.other.heard() == ["200 CANCEL", "487"]
    stand.media.slow = False
    stand.world.media_says(stand.media.pair_answered())
    stand.ends()


def test_a_replaces_that_cannot_be_read_is_400(stand: Stand) -> None:
    stand.other.invites(headers=replacing("no-tags"))
    assert stand.other.heard() == ["400"]
    stand.ends()
