"""What becomes of a REFER: passed on, refused, or performed here, and how (RFC 3515 section 2.4, RFC 5589)."""

from dataclasses import replace

from mediation.b2bua.call import Call
from mediation.b2bua.callers import welcome
from mediation.b2bua.events import Referred
from mediation.b2bua.invitation import Invitation
from mediation.b2bua.joining import Joining
from mediation.b2bua.leg import Leg
from mediation.b2bua.numbering import Inside, callers_of, inside, inside_headers
from mediation.b2bua.passage import Lines, Passage
from mediation.b2bua.policy import called_uri, invited
from mediation.b2bua.replacing import leg_of
from mediation.b2bua.transfer import Transfer
from mediation.routing.admission import Source
from mediation.routing.numbers import number_of
from mediation.routing.routes import Routing
from mediation.routing.translation import translated
from mediation.settings.peer_terms import TransferMode, TransferTo
from mediation.settings.peers import Side
from mediation.sip.agent import Agent, hostport
from mediation.sip.headers import Headers, NameAddress
from mediation.sip.message import Request
from mediation.sip.transfer import ReferTo

_OWN = ("from", "to", "via", "call-id", "cseq", "contact", "route", "record-route", "referred-by", "max-forwards",
        "diversion", "history-info")  # fmt: skip
"""What a transferee's INVITE has said of another call; the rest may tell who it is."""


class Referrals:
    """The REFERs of one engine's calls."""

    def __init__(self, agent: Agent, routing: Routing) -> None:
        self._agent = agent
        self._routing = routing

    def begin(self, call: Call, leg: Leg, referred: Referred, now: float) -> None:
        """Begin what `leg` wants of the other one, pass it on, or refuse it; its peer hears so."""
        other, refer_to, bridge = call.seats.other(leg), referred.refer_to, call.seats.bridge
        number = number_of(translated(refer_to.target, leg.terms.numbers.called_in))
        if call.successions.current is not None or not leg.is_up or not other.is_up:
            leg.questions.reply(referred.question, 491, now)
        elif refer_to.method != "INVITE" or not number:
            leg.questions.reply(referred.question, 603, now)
        elif number_of(refer_to.target) == number_of(NameAddress.parse(leg.person[0]).uri):
            leg.questions.reply(
                referred.question, 482, now
            )  # a transfer to whoever asks for it goes in a circle
        elif (
            bridge is not None
            and other.terms.transfer.mode is TransferMode.REFER
            and other.questions.lists("REFER")
        ):
            bridge.talk.refer(leg, referred, self._for_the_other(leg, other, referred), now)
        else:
            self._perform(call, leg, referred, number, now)

    def _perform(self, call: Call, leg: Leg, referred: Referred, number: str, now: float) -> None:
        replaces = referred.refer_to.replaces
        consulted = None if replaces is None else leg_of(self._agent, replaces)
        if consulted is not None:
            if Joining.possible(call, consulted):
                Joining(call, leg, referred, consulted, now)
            else:
                leg.questions.reply(referred.question, 481, now)
            return
        other = call.seats.other(leg)
        asked = self._request(leg, other, referred)
        candidates = self._routing.candidates(self._source(call, leg, asked.request), number, now)
        extra: Lines = ()
        if replaces is not None:
            # their ids are between parties of that side: on the other side they would mean nothing, and tell a lot
            candidates = tuple(each for each in candidates if each.terms.side is leg.side)
            extra = (("Replaces", str(replaces)),)
        welcomed = welcome(Invitation(asked.request, other.terms, extra, asked.secrets), candidates)
        if welcomed.refusal is not None or not welcomed.candidates:
            leg.questions.reply(referred.question, 603, now)
        else:
            Transfer(call, leg, referred, welcomed.invitation, welcomed.candidates, now)

    def _source(self, call: Call, leg: Leg, asked: Request) -> Source:
        """As whose call the new one is routed: as one from outside, which the front ends take, or by our routes.

        It belongs where the call did, and where whoever asks for it and whoever is to be connected are.
        """
        if leg.terms.transfer.to is TransferTo.ROUTES:
            asker = translated(NameAddress.parse(leg.person[0]).uri, leg.terms.numbers.calling_in)
            numbers = (number_of(asker), *callers_of(asked))
            source = Source(Side.FRONT_END, None, calls=True, sites=call.source.sites)
            return source.at(*self._routing.sites.of_numbers(numbers))
        return Source(Side.GATEWAY, None, calls=True)

    def _request(self, leg: Leg, other: Leg, referred: Referred) -> Inside:
        """The INVITE that the party that stays would send, if it could: it is the one that calls."""
        identity, said = other.person
        kept = [(name, value) for name, value in said.items() if name.lower() not in _OWN]
        pairs = [("From", identity), ("To", f"<{referred.refer_to.target}>"), ("Max-Forwards", "70"), *kept]
        asked = inside(
            Request("INVITE", str(referred.refer_to.target), Headers(pairs)), other.terms, leg.terms
        )
        if not referred.referred_by:
            return asked
        by = inside_headers(Headers([("Referred-By", referred.referred_by)]), leg.terms)
        headers = Headers((*asked.request.headers.items(), *by.items()))
        return replace(asked, request=asked.request.replace(headers=headers))

    def _for_the_other(self, leg: Leg, other: Leg, referred: Referred) -> Lines:
        """Refer-To and Referred-By as the other party may hear them: our dialogs' ids, its own hosts."""
        asked = self._request(leg, other, referred)
        uri = called_uri(asked.request, hostport(other.flow.remote), numbers=other.terms.numbers)
        target = NameAddress.parse(f"<{uri}>").uri
        replaces = referred.refer_to.replaces
        consulted = None if replaces is None else leg_of(self._agent, replaces)
        refer_to = ReferTo(target)
        if consulted is not None and isinstance(consulted.user, Call) and consulted.user.is_up:
            across = consulted.user.seats.other(consulted)
            if across.side is other.side:
                refer_to = ReferTo(target, across.as_seen_by_its_peer)
        passage = Passage(leg.terms, other.terms, self._agent.names.host_and_port(other.flow))
        _, lines = invited(asked.request, passage, asked.secrets)
        return ("Refer-To", str(refer_to)), *(line for line in lines if line[0] == "Referred-By")
