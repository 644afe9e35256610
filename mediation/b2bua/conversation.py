"""What the parties of a call say to each other: INFO and MESSAGE, keys, and a REFER that one of them is to perform.

RFC 6086, RFC 3428, RFC 3515. What is asked on one side is asked on the other one, and answered by its answer.
"""

from collections.abc import Callable

from mediation.b2bua.content import NOTHING, Content
from mediation.b2bua.digits import Dictation, restated, says_key
from mediation.b2bua.events import Asked, LegEvent, Pressed, Referred, Replied, Reported
from mediation.b2bua.leg import Leg
from mediation.b2bua.parts import is_barred
from mediation.b2bua.passage import Lines
from mediation.b2bua.reports import Reports
from mediation.settings.peer_media import Dtmf
from mediation.sip.dtmf_info import DtmfInfo
from mediation.sip.errors import RemoteSipError


class Conversation:
    """Two legs of a call that is up."""

    def __init__(self, one: Leg, other: Leg, press: Callable[[Leg, DtmfInfo], None]) -> None:
        """`press` lets a leg's peer hear a key in its media."""
        self._legs = (one, other)
        self._press = press
        self._dictations = {leg: Dictation(leg) for leg in self._legs}
        self._asked: dict[tuple[Leg, int], int] = {}
        """What was passed on to a leg, by its ticket: the question of the other one."""
        self._referrals: dict[tuple[Leg, int], Referred] = {}
        """REFERs that were passed on to a leg, by its ticket."""
        self._reports: Reports | None = None
        """What the asker hears of one that was accepted."""

    def hear(self, leg: Leg, event: LegEvent, now: float) -> None:
        """A leg has said something that is for the other one's party."""
        match event:
            case Asked():
                self._asked_by(leg, event, now)
            case Pressed(key):
                self._dictations[self._other(leg)].press(key, now)
            case Reported():
                self._reported(leg, event, now)
            case Replied():
                self._replied(leg, event, now)

    def release(self, leg: Leg, now: float) -> None:
        """Give up what a leg waits for."""
        across = self._other(leg)
        questions = [number for (asked, _), number in self._asked.items() if asked is across]
        questions += [refer.question for (asked, _), refer in self._referrals.items() if asked is across]
        for question in questions:
            leg.questions.reply(question, 487, now)
        if self._reports is not None and self._reports.leg is leg:
            self._reports.tell(487, now)

    def _other(self, leg: Leg) -> Leg:
        one, other = self._legs
        return other if leg is one else one

    # INFO and MESSAGE

    def _asked_by(self, leg: Leg, asked: Asked, now: float) -> None:
        """Pass on what one party says to the other; one that does not take it has said so (RFC 3261 section 8.2.1)."""
        other = self._other(leg)
        is_key = asked.method == "INFO" and says_key(asked.content)
        if is_key and leg.dtmf is Dtmf.INFO and other.dtmf is not None:
            self._key_by(leg, asked, now)
        elif is_barred(asked.content.essences, leg.terms, other.terms):
            leg.questions.refuse_content(asked.question, now)
        elif leg.terms.mid_call.info and other.terms.mid_call.info:
            self._pass_on(leg, asked, asked.content, now)
        else:
            leg.questions.reply(asked.question, 405, now)

    def _pass_on(self, leg: Leg, asked: Asked, content: Content, now: float) -> None:
        other = self._other(leg)
        if other.questions.takes(asked.method):
            self._asked[other, other.questions.ask(asked.method, content, now)] = asked.question
        else:
            leg.questions.reply(asked.question, 405, now)

    def _key_by(self, leg: Leg, asked: Asked, now: float) -> None:
        """A key: passed on where the other party hears of keys so, too, or else heard by it in its media."""
        other = self._other(leg)
        try:
            if other.dtmf is Dtmf.INFO:
                self._pass_on(leg, asked, restated(asked.content, other), now)
            else:
                key = DtmfInfo.parse(asked.content.body)
                leg.questions.reply(asked.question, 200, now)
                self._press(other, key)
        except RemoteSipError as error:
            leg.questions.reply(asked.question, error.status, now)

    def _replied(self, leg: Leg, replied: Replied, now: float) -> None:
        """Pass the answer back, whoever it is to; what is between us and the answering party stays there."""
        if self._dictations[leg].answered(replied.ticket, now):
            return
        referral = self._referrals.pop((leg, replied.ticket), None)
        if referral is not None:
            self._referral_replied(leg, referral, replied.status, now)
        question = self._asked.pop((leg, replied.ticket), None)
        if question is not None:
            status = 403 if replied.status in (401, 407) else replied.status
            self._other(leg).questions.reply(question, status, now, replied.content)

    # REFER that is passed on

    def refer(self, leg: Leg, referred: Referred, lines: Lines, now: float) -> None:
        """Let the other party perform a transfer (RFC 5589 section 6); `lines` say whom to call, in its own words."""
        other = self._other(leg)
        self._referrals[other, other.questions.ask("REFER", NOTHING, now, lines)] = referred

    def _referral_replied(self, leg: Leg, referred: Referred, status: int, now: float) -> None:
        if status < 300:
            self._referral_accepted(leg, referred, now)
        else:
            status = 403 if status in (401, 407) else status
            self._other(leg).questions.reply(referred.question, status, now)

    def _referral_accepted(self, leg: Leg, referred: Referred, now: float) -> None:
        asker = self._other(leg)
        asker.questions.accept_referral(referred, now)
        self._reports = Reports(asker, referred, now)

    def _reported(self, leg: Leg, reported: Reported, now: float) -> None:
        """How it goes; a report that nobody has asked for is 481 (RFC 6665 section 4.1.3).

        One that comes before the response to the REFER says that it was accepted (RFC 3515 section 2.4.4).
        """
        if self._reports is None:
            early = next((key for key in self._referrals if key[0] is leg), None)
            if early is not None:
                self._referral_accepted(leg, self._referrals.pop(early), now)
        reports = self._reports
        if reports is None or reports.leg is leg:
            leg.questions.reply(reported.question, 481, now)
            return
        leg.questions.reply(reported.question, 200, now)
        reports.tell(reported.status, now)
        if reported.over:
            self._reports = None
