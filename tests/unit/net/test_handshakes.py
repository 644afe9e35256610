"""How many handshakes may be under way, and by whom: strangers never take the room of those whom we know."""

from dataclasses import dataclass

import pytest

from mediation.net import handshakes
from mediation.net.handshakes import Fate, Handshakes

KNOWN = "198.51.100.30"


@dataclass(eq=False)
class Guest:
    identity: int
    ended: bool = False

    def abort(self) -> None:
        self.ended = True


class Door:
    """Handshakes in virtual time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.handshakes = Handshakes(lambda: self.now)
        self.guests: list[Guest] = []

    def comes(self, host: str, *, stranger: bool = True) -> Guest | None:
        if not self.handshakes.admits(host, stranger=stranger):
            return None
        guest = Guest(len(self.guests) + 1)
        self.guests.append(guest)
        self.handshakes.begin(guest, host, stranger=stranger)
        return guest

    def ends(self, guest: Guest | None, *, good: bool) -> None:
        assert guest is not None
        self.handshakes.over(guest, good=good)

    @property
    def fates(self) -> dict[Fate, int]:
        return {fate: count for fate, count in self.handshakes.fates.items() if count}


@pytest.fixture
def door() -> Door:
    return Door()


def stranger(number: int) -> str:
    return f"192.0.{2 + number // 250}.{number % 250}"


def test_a_flood_of_strangers_leaves_those_whom_we_know_their_room(door: Door) -> None:
    for number in range(10_000):
        door.comes(stranger(number))
    assert door.comes(KNOWN, stranger=False) is not None
    assert len(door.handshakes) <= handshakes.MOST_STRANGE + 1


def test_those_whom_we_know_have_a_limit_for_each_and_for_all(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "MOST_OF_ONE", 3)
    monkeypatch.setattr(handshakes, "MOST_HANDSHAKES", 5)
    mine = [door.comes(KNOWN, stranger=False) for _ in range(4)]
    assert [guest is not None for guest in mine] == [True, True, True, False]
    others = [door.comes(f"198.51.100.{n}", stranger=False) for n in (31, 32, 33)]
    assert [guest is not None for guest in others] == [True, True, False]
    door.ends(mine[0], good=False)
    assert door.comes(KNOWN, stranger=False) is not None


def test_one_address_has_few_at_a_time_and_few_in_a_second(door: Door) -> None:
    held = [door.comes(stranger(1)) for _ in range(handshakes.MOST_STRANGE_OF_ONE + 1)]
    assert held[-1] is None
    for guest in held[:-1]:
        door.ends(guest, good=False)
    tries = 0
    while (guest := door.comes(stranger(1))) is not None:
        door.ends(guest, good=False)
        tries += 1
    assert tries == handshakes.STRANGE_OF_ONE_AT_ONCE - handshakes.MOST_STRANGE_OF_ONE
    assert door.comes(stranger(2)) is not None
    door.now += 1.0
    assert door.comes(stranger(1)) is not None


def test_a_network_of_ipv6_counts_as_one_address(door: Door) -> None:
    hosts = [f"2001:db8:1:2::{n:x}" for n in range(1, handshakes.MOST_STRANGE_OF_ONE + 2)]
    assert [door.comes(host) is not None for host in hosts][-1] is False
    assert door.comes("2001:db8:1:3::1") is not None


def test_the_newest_stranger_takes_the_place_of_the_oldest(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "MOST_STRANGE", 3)
    first, second, *_ = (door.comes(stranger(n)) for n in range(3))
    late = door.comes(stranger(9))
    assert first is not None
    assert second is not None
    assert late is not None
    assert (first.ended, second.ended, late.ended) == (True, False, False)
    door.ends(first, good=False)  # it hears so itself, and nothing is counted twice
    assert len(door.handshakes) == 3
    assert door.fates == {Fate.CROWDED: 1}


def test_all_strangers_together_come_at_a_rate(door: Door) -> None:
    came = [door.comes(stranger(n)) for n in range(300)]
    assert sum(guest is not None for guest in came) == handshakes.STRANGE_IN_A_SECOND
    door.now += 0.1
    assert (
        sum(door.comes(stranger(1000 + n)) is not None for n in range(50))
        == handshakes.STRANGE_IN_A_SECOND / 10
    )


def test_who_has_proved_itself_is_no_stranger_at_its_address(door: Door) -> None:
    door.ends(door.comes(stranger(1)), good=True)
    for number in range(2, 1000):
        door.comes(stranger(number))
    mine = [door.comes(stranger(1)) for _ in range(20)]
    assert all(guest is not None for guest in mine)
    assert door.fates[Fate.PROVED] == 1


def test_what_becomes_of_strangers_is_counted(door: Door) -> None:
    door.ends(door.comes(stranger(1)), good=False)
    door.ends(door.comes(stranger(2)), good=True)
    door.ends(door.comes(KNOWN, stranger=False), good=False)
    assert door.fates == {Fate.REFUSED: 1, Fate.PROVED: 1}


def test_memory_is_bounded_and_nothing_is_left_of_what_is_over(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "MOST_REMEMBERED", 10)
    for number in range(200):
        door.now += 1.0
        door.ends(door.comes(stranger(number)), good=number % 2 == 0)
    assert (len(door.handshakes._paces), len(door.handshakes._proven)) == (10, 10)
    assert not door.handshakes._of_one
    assert len(door.handshakes) == 0
