"""What is decided about a call before anybody is called: in whose name, whom, and through which trunks."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mediation.b2bua import callers, causes
from mediation.b2bua.causes import Cause
from mediation.b2bua.invitation import Invitation
from mediation.b2bua.numbering import callers_of, rewritten
from mediation.b2bua.parts import carries, is_urgent
from mediation.routing.admission import Source
from mediation.routing.numbers import number_of
from mediation.routing.ready import registered_first
from mediation.routing.room import Room, Way
from mediation.routing.routes import Candidate, Routing
from mediation.routing.ruling import Ruling, narrowed
from mediation.routing.trunk import TrunkState
from mediation.sip.message import Request


@dataclass(frozen=True, slots=True)
class Decision:
    """All of it, for one call."""

    source: Source
    """With the sites of whoever calls and of whoever has sent the call on."""
    invitation: Invitation
    routed: tuple[Candidate, ...]
    """Where the number leads."""
    candidates: tuple[Candidate, ...]
    """Those of them that would get all that must be understood of the request."""
    lines: tuple[Room, ...]
    """Those that its audio takes."""
    calling: str
    """The number that called, as we write it, be it shown to anybody or not."""
    refusal: Cause | None
    """Why nobody is called for this caller; None: the caller is no reason."""
    leads_to_help: bool = False
    """Whether its number does, though nobody takes it now."""

    @property
    def called(self) -> str:
        """The called number as we write it."""
        return number_of(self.invitation.request.uri)

    @property
    def is_urgent(self) -> bool:
        """Whether it is a call for help."""
        return any(each.urgent for each in self.candidates)

    @property
    def seeks_help(self) -> bool:
        """The same, whether there is a way for it or not; and whatever the number, where the caller says so."""
        return self.is_urgent or self.leads_to_help or is_urgent(self.invitation.request.headers)

    @property
    def line_way(self) -> Way:
        """Which way it goes over its lines."""
        return Way.OUT if self.source.trunk is None else Way.IN


class Deciding:
    """Decides by the routes, sites and rooms of one configuration."""

    def __init__(self, routing: Routing, trunks: Mapping[str, TrunkState], lines: Mapping[str, Room]) -> None:
        """`lines` are those to the users of sites, by the site's name."""
        self._routing = routing
        self._trunks = trunks
        self._lines = lines

    def at_its_sites(self, source: Source, asked: Request) -> Source:
        """The source of one call, with the sites of whoever calls and of whoever has sent it on."""
        return source.at(*self._routing.sites.of_numbers(callers_of(asked)))

    def decide(self, invitation: Invitation, source: Source, now: float) -> Decision:
        """Decide by our own rules."""
        source = self.at_its_sites(source, invitation.request)
        called = number_of(invitation.request.uri)
        found = self._routing.candidates(source, called, now)
        welcome = callers.welcome(invitation, found)
        asked = welcome.invitation
        candidates = tuple(
            each for each in welcome.candidates if carries(asked.request, asked.source, each.terms)
        )
        sites = source.sites if source.trunk is None else self._routing.sites.of_numbers((called,))
        lines = tuple(self._lines[site.name] for site in sites if site.link.kbps)
        calling = number_of(invitation.request.from_.uri)
        helps = not candidates and self._routing.leads_to_help(source, called, now)
        return Decision(source, asked, welcome.candidates, candidates, lines, calling, welcome.refusal, helps)

    def ruled(self, decision: Decision, ruling: Ruling, now: float) -> tuple[Decision, tuple[str, ...]]:
        """What is left of a decision by a ruling that lets the call go on; and trunks that it names in vain.

        A number that was rewritten is routed as if it had come so, at the sites that the call belongs to already and
        those of the new caller: what binds a call to its country stays.
        """
        if ruling.calling or ruling.called:
            before = decision.invitation
            made = rewritten(before.request, calling=ruling.calling, called=ruling.called)
            told = replace(before, request=made.request, secrets=before.secrets | made.secrets)
            decision = self.decide(told, decision.source, now)
        if ruling.trunks is None:
            return decision, ()
        candidates, unknown = narrowed(decision.candidates, ruling.trunks)
        return replace(decision, candidates=candidates), unknown

    def unroutable(self, decision: Decision, now: float) -> Cause | None:
        """Why there is no way to the number; None: there is one. None waits for a name to be found."""
        if decision.refusal is not None:
            return decision.refusal
        if decision.candidates:
            return None if registered_first(decision.candidates, self._trunks) else causes.NOT_REGISTERED
        if decision.routed:
            return causes.BODY_NOT_TAKEN
        if self._routing.leads_somewhere(decision.source, decision.called, now):
            return causes.ALL_TARGETS_DOWN
        anywhere = replace(decision.source, sites=())
        elsewhere = self._routing.leads_somewhere(anywhere, decision.called, now)
        return causes.NO_TRUNK_IN_COUNTRY if elsewhere else causes.NO_ROUTE

    def lack(self, decision: Decision, now: float, *, entered: bool = False) -> Cause | None:
        """Why there is no room for the call; None: there is. `entered`: it has its place in the trunk it came by."""
        urgent, trunk = decision.is_urgent, decision.source.trunk
        needed = [(line, decision.line_way) for line in decision.lines]
        if trunk is not None and not entered:
            needed.append((self._trunks[trunk.name].room, Way.IN))
        lacks = [room.lack(way, now, urgent=urgent) for room, way in needed]
        open_to = registered_first(decision.candidates, self._trunks)
        leaving = [self._trunks[each.trunk].room.lack(Way.OUT, now, urgent=each.urgent) for each in open_to]
        if leaving and all(leaving):
            lacks.append(leaving[0])
        return next((causes.no_room(lack) for lack in lacks if lack is not None), None)
