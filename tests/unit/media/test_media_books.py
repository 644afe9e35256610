"""What another worker is told so that it can go on with a call."""

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, ClosePair, OpenMedia, OpenPair
from mediation.b2bua.media_facts import MediaFact, MediaLost, MediaOpened, PairOpened, PairRefused
from mediation.b2bua.plan import MediaPlan, Stream
from mediation.media.books import Book
from mediation.media.channel import Message
from mediation.media.worker_messages import Held, Reopen
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


# after words were lost


def held(*pairs: tuple[int, Side, str, int], next_pair: int = 2) -> Held:
    return Held("call", False, pairs, next_pair)


def terms(book: Book, found: Held | None) -> tuple[list[MediaFact], list[Message]]:
    """What was not heard, and what is said again once it is."""
    facts = book.unheard(found)
    for fact in facts:
        book.told(fact)
    return facts, book.repeated(found)


def test_a_worker_that_has_never_heard_of_a_call_is_asked_again() -> None:
    book = Book(OPEN)
    assert terms(book, None) == ([], [OPEN])
    book.commanded(CloseMedia("call"))
    assert terms(book, None) == ([], [OPEN, CloseMedia("call")])


def test_ports_that_were_opened_without_our_hearing_it_are_taken() -> None:
    book = Book(OPEN)
    assert terms(book, held(CALLERS, CALLEES)) == ([OPENED], [])
    assert book.is_open


def test_a_call_that_its_worker_has_no_more_is_lost() -> None:
    (fact,), _ = terms(opened(), None)
    assert isinstance(fact, MediaLost)


def test_plan_and_end_are_said_again() -> None:
    book = opened()
    apply = ApplyMedia("call", MediaPlan(PARTY, PARTY, 30.0))
    book.commanded(apply)
    book.commanded(CloseMedia("call"))
    assert terms(book, held(CALLERS, CALLEES)) == ([], [apply, CloseMedia("call")])


def test_a_pair_that_was_opened_unheard_is_told_and_one_that_was_not_is_asked_for_again() -> None:
    book = opened()
    book.commanded(FURTHER)
    book.commanded(FURTHER)
    found = held(CALLERS, CALLEES, THIRD, next_pair=3)
    assert terms(book, found) == ([PairOpened("call", 2, ("192.0.2.1", 4002))], [FURTHER])


def test_an_answer_that_was_lost_before_a_pair_of_the_other_side_was_a_refusal() -> None:
    book = opened()
    book.commanded(FURTHER)
    book.commanded(OpenPair("call", Side.GATEWAY, "198.51.100.1"))
    found = held(CALLERS, CALLEES, (2, Side.GATEWAY, "198.51.100.1", 6002), next_pair=3)
    facts, messages = terms(book, found)
    assert facts == [
        PairRefused("call", "the answer was lost"),
        PairOpened("call", 2, ("198.51.100.1", 6002)),
    ]
    assert messages == []


def test_a_pair_that_was_to_be_closed_is_closed_after_the_plan_that_leaves_it() -> None:
    book = with_a_third_party()
    apply = ApplyMedia("call", MediaPlan(PARTY, PARTY, 30.0, 2, 1))
    book.commanded(apply)
    book.commanded(ClosePair("call", 0))
    assert terms(book, held(CALLERS, CALLEES, THIRD, next_pair=3)) == ([], [apply, ClosePair("call", 0)])
