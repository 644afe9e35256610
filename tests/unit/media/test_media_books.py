"""What another worker is told so that it can go on with a call."""

from mediation.b2bua.plan import (
    ApplyMedia,
    CloseMedia,
    ClosePair,
    MediaOpened,
    MediaPlan,
    OpenMedia,
    OpenPair,
    PairOpened,
    PairRefused,
    Stream,
)
from mediation.media.books import Book
from mediation.media.worker_messages import Reopen
from mediation.settings.peers import Side
from mediation_codecs.law import Law

OPEN = OpenMedia("call", Side.FRONT_END, Side.GATEWAY, ("192.0.2.1", "198.51.100.1"))
OPENED = MediaOpened("call", ("192.0.2.1", 4000), ("198.51.100.1", 6000))
FURTHER = OpenPair("call", Side.FRONT_END, "192.0.2.1")
PARTY = Stream(("203.0.113.1", 8000), ("203.0.113.1", 8001), Law.PCMA, 8, None, 20, sends=True, takes=True)
CALLERS = (0, Side.FRONT_END, "192.0.2.1", 4000)
CALLEES = (1, Side.GATEWAY, "198.51.100.1", 6000)
THIRD = (2, Side.FRONT_END, "192.0.2.1", 4002)


def opened() -> Book:
    book = Book(OPEN)
    book.told(OPENED)
    return book


def with_a_third_party() -> Book:
    book = opened()
    book.commanded(FURTHER)
    book.told(PairOpened("call", 2, ("192.0.2.1", 4002)))
    return book


def test_a_call_without_a_plan_goes_on_without_one() -> None:
    assert opened().again() == [Reopen("call", (0, 1), (CALLERS, CALLEES), 2)]


def test_the_last_plan_is_the_one_in_force() -> None:
    book = opened()
    first, last = MediaPlan(PARTY, PARTY, 30.0), MediaPlan(PARTY, PARTY, 0.0)
    book.commanded(ApplyMedia("call", first))
    book.commanded(ApplyMedia("call", last))
    assert book.again()[1:] == [ApplyMedia("call", last)]


def test_after_a_transfer_the_seats_are_those_of_the_plan() -> None:
    book = with_a_third_party()
    plan = MediaPlan(PARTY, PARTY, 30.0, 2, 1)
    book.commanded(ApplyMedia("call", plan))
    assert book.again() == [Reopen("call", (2, 1), (CALLERS, CALLEES, THIRD), 3), ApplyMedia("call", plan)]
    book.commanded(ClosePair("call", 0))
    assert book.again()[0] == Reopen("call", (2, 1), (CALLEES, THIRD), 3)


def test_a_pair_that_was_asked_for_and_not_told_is_asked_for_again() -> None:
    book = with_a_third_party()
    book.commanded(FURTHER)
    assert book.again() == [Reopen("call", (0, 1), (CALLERS, CALLEES, THIRD), 3), FURTHER]
    book.told(PairRefused("call", "no free port"))
    assert book.again() == [Reopen("call", (0, 1), (CALLERS, CALLEES, THIRD), 3)]


def test_a_call_that_is_closed_is_closing() -> None:
    book = opened()
    assert not book.closing
    book.commanded(CloseMedia("call"))
    assert book.closing
