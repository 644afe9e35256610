"""What every core does with a CANCEL and with the ACK to a 2xx: it hands them to the session that they are for."""

from mediation.sip.agent import Agent
from mediation.sip.derived import reply
from mediation.sip.invite import InviteSession
from mediation.sip.message import Request
from mediation.sip.transaction_row import Transaction


def hand_on_cancel(
    agent: Agent, transaction: Transaction, invite: Transaction | None, request: Request, now: float
) -> None:
    """Answer a CANCEL, and let the session know that it was meant for; None: it was meant for nothing.

    The To tag is that of the responses to the INVITE (RFC 3261 section 9.2).
    """
    if invite is None:
        agent.layer.respond(transaction, reply(request, 481, to_tag=agent.ids.tag()), now)
        return
    session = invite.user
    tag = session.local_tag if isinstance(session, InviteSession) else agent.ids.tag()
    agent.layer.respond(transaction, reply(request, 200, to_tag=tag), now)
    if isinstance(session, InviteSession):
        session.cancel_received(request, now)


def hand_on_ack(agent: Agent, ack: Request, now: float) -> None:
    """Tell the owner of the dialog (RFC 3261 section 13.3.1.4); one that is nobody's is nobody's business."""
    owner = agent.dialog_user(ack)
    if owner is not None:
        owner.ack_received(ack, now)
