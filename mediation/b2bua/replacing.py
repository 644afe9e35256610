"""An INVITE with Replaces: its sender takes the place of a party of a call of ours (RFC 3891 section 3).

A party that talks is relieved, a party that is only being alerted is spared the answer (a call that is picked up).
"""

from mediation.b2bua import causes
from mediation.b2bua.call import Call
from mediation.b2bua.causes import Cause
from mediation.b2bua.events import LegEvent, Updated
from mediation.b2bua.leg import Leg
from mediation.b2bua.media_facts import PairOpened
from mediation.routing.admission import Source
from mediation.sip.agent import Agent
from mediation.sip.dialog import DialogId
from mediation.sip.invite import InviteSession
from mediation.sip.replaces import Replaces
from mediation.sip.session_table import Stage
from mediation.sip.transaction_row import Transaction


def refusal(replaces: Replaces, leg: Leg | None, source: Source) -> int:
    """The status that the INVITE earns; 0: it may go on (RFC 3891 section 3).

    The sender must be of the side, and the trunk, of the party that it replaces: from elsewhere it would be a way into
    other people's calls.
    """
    if leg is None:
        return 481
    call, stage = leg.user, leg.session.stage
    if stage in (Stage.ENDING, Stage.ENDED, Stage.UNWANTED, Stage.CANCELLING, Stage.CANCEL_WANTED):
        return 603
    same = leg.side is source.side and (source.trunk is None or source.trunk.name == leg.trunk)
    if not isinstance(call, Call) or not same or not leg.terms.transfer.replaces:
        return 403
    if stage in (Stage.RECEIVED, Stage.CALLING):
        return 481  # an early dialog that we did not begin (section 3), or none yet
    if replaces.early_only and stage is not Stage.PROCEEDING:
        return 486
    return 0 if call.successions.current is None else 491


def leg_of(agent: Agent, replaces: Replaces) -> Leg | None:
    """The leg whose dialog a peer names (RFC 3891 section 3)."""
    session = agent.dialogs.get(
        DialogId(replaces.call_id, local_tag=replaces.to_tag, remote_tag=replaces.from_tag)
    )
    user = session.user if isinstance(session, InviteSession) else None
    return user if isinstance(user, Leg) else None


class Replacing:
    """One INVITE with Replaces that may go on. See `succession.Succession`."""

    def __init__(self, call: Call, leaving: Leg, transaction: Transaction, now: float) -> None:
        """Ask for ports, unless the offer cannot be answered. RemoteSipError where no dialog can be made of it."""
        exchange = call.exchange
        product = exchange.settings.sip.user_agent
        leg = Leg.received(exchange.agent, call, transaction, leaving.terms, product, exchange.wide)
        leg.trunk = leaving.trunk
        self._call = call
        self._leg = leg
        self._over = False
        self.user = call
        self.leaving = leaving
        call.open.add(leg)
        obstacle = leg.answers.judge()
        if obstacle is not None:
            self._over = True
            leg.hang_up(obstacle, now)
            return
        call.successions.begin(self)
        call.media.open_pair(leg.side, leg.flow.local[0])

    @property
    def awaits_pair(self) -> bool:
        """See `Succession`."""
        return not self._over

    def owns(self, leg: Leg) -> bool:
        """See `Succession`."""
        return leg is self._leg

    def leg_event(self, leg: Leg, event: LegEvent, now: float) -> None:
        """All that the new party can do before it has an answer is give up."""
        del leg
        if not isinstance(event, Updated):
            self._end(now, causes.CANCELLED)

    def pair_opened(self, fact: PairOpened, now: float) -> None:
        """Answer the new party, and let it sit."""
        call, leg, leaving = self._call, self._leg, self.leaving
        self._over = True
        call.successions.over()
        leg.bind(fact.endpoint)
        other = call.seats.other(leaving)
        codec = None if other.audio is None else other.audio.codec
        leg.answers.accept(now, prefer=codec, willing=other.said.wish_of_audio)
        if call.is_up:
            call.successions.note(leaving, leg, 200, now)
            call.successions.take_seat(leaving, leg, fact.pair, now)
            leaving.hang_up(causes.REPLACED, now)
        else:
            call.successions.pick_up(leg, fact.pair, call.setup.party, now)

    def pair_refused(self, now: float) -> None:
        """See `Succession`."""
        self._end(now, causes.NO_PORTS)

    def left(self, now: float) -> None:
        """The party has gone by itself; the new one still comes."""

    def stop(self, cause: Cause, now: float) -> None:
        """See `Succession`."""
        self._end(now, cause)

    def _end(self, now: float, cause: Cause) -> None:
        if not self._over:
            self._over = True
            self._call.successions.over()
            self._leg.hang_up(cause, now)
