"""Where a call to a number would go, and in what words it would leave: by the code that real calls go through.

What only a running server knows is left out: health, room, and who has asked for rest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mediation.b2bua.numbering import callers_of, inside
from mediation.b2bua.passage import ANONYMOUS, Lines, Passage
from mediation.b2bua.policy import called_uri, invited
from mediation.explaining.number import outcome_lines, outcome_mapping
from mediation.routing.admission import Source
from mediation.routing.choice import Asked as AskedRoute
from mediation.routing.choice import Verdict, taken
from mediation.routing.directory import supposed
from mediation.routing.numbers import number_of
from mediation.routing.question import Asked, asked_about
from mediation.routing.routes import Candidate, Routing
from mediation.routing.wires import Wires
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.settings.routes import Route
from mediation.settings.translation import Outcome
from mediation.settings.trunks import Site, Trunk
from mediation.sip.flow import Flow
from mediation.sip.headers import Headers
from mediation.sip.message import Request
from mediation_codecs.codec import is_wide

_PEER = "peer.example"
"""Host of the caller and of the called one as the caller would write them; it never crosses."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One attempt, as it would be made if those before it failed."""

    trunk: str
    target: str
    called: Outcome
    calling: Outcome | None
    """None: nobody in particular calls."""
    request_uri: str
    lines: Lines
    """From without its tag, To, and what else tells who calls."""
    codecs: tuple[str, ...]
    """What it is offered."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is decided about a call before anybody answers it."""

    source: str
    """The trunk that it comes from, or `front-end`."""
    called: Outcome
    """By the rules of the source."""
    calling: Outcome | None
    """The same; None: nobody in particular calls."""
    sites: tuple[Site, ...]
    """Where it belongs by the number of whoever calls; a front end's address may say more."""
    routes: tuple[AskedRoute, ...]
    """Those that are asked; none for a call that only front ends take."""
    departures: tuple[Departure, ...]
    policy: Asked
    """Whether a policy would be asked before the first of them; explaining asks nobody."""
    codecs: tuple[str, ...] = ()
    """What the caller may speak."""
    wide_parties: int = 0
    """How many parties may speak a wide codec at a time."""


def explain_route(
    settings: Settings, called: str, calling: str, trunk: Trunk | None, unix_s: float
) -> Explanation:
    """Follow a call to `called`; both numbers are written as the caller's side would, and must be users of URIs.

    `trunk` is where it comes from, None being a front end. The caller asserts its number, as front ends do.
    """
    source = Source(Side.FRONT_END if trunk is None else Side.GATEWAY, trunk, calls=True)
    routing, names = Routing(settings, directory=supposed(settings)), Wires(settings).names()
    terms = routing.terms(source)
    who = f"<sip:{calling}@{_PEER};user=phone>" if calling else ANONYMOUS
    told = (("From", f"{who};tag=1"), *((("P-Asserted-Identity", who),) if calling else ()))
    ours = inside(Request("INVITE", f"sip:{called}@{_PEER};user=phone", Headers(told)), terms)
    request, plan = ours.request, terms.numbers

    def departure(candidate: Candidate) -> Departure:
        target, numbers = candidate.target, candidate.terms.numbers
        flow = Flow(target.transport, candidate.listener.endpoint, target.endpoint)
        identity, lines = invited(
            request, Passage(terms, candidate.terms, names.host_and_port(flow)), ours.secrets
        )
        host = target.place
        return Departure(
            candidate.trunk,
            target.uri,
            numbers.called_out.of_number(number_of(request.uri)),
            numbers.calling_out.of_number(number_of(request.from_.uri)) if calling else None,
            called_uri(request, host, target.parameter, numbers),
            (("From", identity), ("To", f"<{called_uri(request, host, numbers=numbers)}>"), *lines),
            candidate.terms.capabilities.codecs,
        )

    number = number_of(request.uri)
    if trunk is None:
        source = source.at(*routing.sites.of_numbers(callers_of(request)))
    candidates = routing.candidates(source, number, unix_s)
    urgent = any(each.urgent for each in candidates)
    return Explanation(
        str(source.side) if trunk is None else trunk.name,
        plan.called_in.of_number(called),
        plan.calling_in.of_number(calling) if calling else None,
        source.sites,
        routing.asked(source, number, unix_s),
        tuple(map(departure, candidates)),
        asked_about(settings.policy, source.side, urgent=urgent),
        terms.capabilities.codecs,
        settings.media.wide_parties,
    )


def explanation_text(explanation: Explanation) -> str:
    """The whole story, for people."""
    return "\n".join(_lines(explanation))


def _lines(told: Explanation) -> Iterator[str]:
    caller = f" from {told.calling.before}" if told.calling is not None else ""
    yield f"a call to {told.called.before}{caller}, by {told.source}"
    yield ""
    yield "as we write it"
    yield from _outcomes(told.called, told.calling)
    routes = tuple(taken(told.routes))
    if told.source == Side.FRONT_END or told.routes:
        yield ""
        yield "routes"
        for place, each in enumerate(told.routes, 1):
            yield f"  {place}. {_route(each.route)}: {each.verdict}"
        for site in told.sites:
            yield f"  the call belongs to {_site(site)}"
        if not routes:
            none = "404" if told.source == Side.FRONT_END else "it goes to the front ends"
            yield f"  no route is open to it: {none}"
        elif not told.departures:
            yield "  none of its trunks is in the country that the call is bound to: 403"
        elif any(route.weights for route in routes):
            yield "  which trunk comes first is drawn for each call; here it is the first that may"
    if told.departures and told.policy is not Asked.OFF:
        yield ""
        if told.policy is Asked.YES:
            yield "a policy would be asked now, and may choose among these trunks, rewrite numbers or refuse"
        else:
            yield f"no policy is asked: {told.policy}"
    for place, leaving in enumerate(told.departures, 1):
        yield ""
        yield f"attempt {place}: {leaving.trunk}, {leaving.target}"
        yield from _outcomes(leaving.called, leaving.calling)
        yield f"    INVITE {leaving.request_uri} SIP/2.0"
        yield from (f"    {name}: {value}" for name, value in leaving.lines)
        yield from _audio(told, leaving)


def _audio(told: Explanation, leaving: Departure) -> Iterator[str]:
    """What is spoken on both sides, where that need not be G.711."""
    wide = [codec for codec in (*told.codecs, *leaving.codecs) if is_wide(codec)]
    if not wide:
        return
    yield f"    audio: {', '.join(leaving.codecs)} here, and {', '.join(told.codecs)} with the caller"
    if told.codecs != leaving.codecs:
        most = f"of at most {told.wide_parties} parties at a time"
        yield f"    {' and '.join(dict.fromkeys(wide))} transcoded where the two differ, {most}"


def _outcomes(called: Outcome, calling: Outcome | None) -> Iterator[str]:
    for party, outcome in (("called", called), ("calling", calling)):
        if outcome is not None:
            yield from (f"  {party:8} {line}" for line in outcome_lines(outcome))


def _site(site: Site) -> str:
    bound = f", and leaves through trunks in {site.country} alone" if site.bound else ""
    first = ", whose own trunks come first" if site.local_first else ""
    return f"{site.name}{bound}{first}"


def _route(route: Route) -> str:
    match = f"'{route.match}'" if route.match else "every number"
    told = [match if route.match or not route.prefixes else "", f"priority {route.priority}"]
    if route.prefixes:
        told.insert(1, f"{' or '.join(route.prefixes)} at the beginning")
    if route.cost:
        told.append(f"cost {route.cost:g}")
    told.append(f"to {', '.join(route.trunks)}")
    if route.weights:
        told.append(f"weights {', '.join(map(str, route.weights))}")
    if route.usages:
        told.append(f"for {', '.join(route.usages)}")
    if route.hours:
        told.append(f"open {', '.join(map(str, route.hours))} ({route.time_zone})")
    if route.emergency:
        told.append("for help")
    return ", ".join(filter(None, told))


def explanation_mapping(told: Explanation) -> Mapping[str, object]:
    """The same for a machine to read."""
    return {
        "schema": 1,
        "source": told.source,
        "called": outcome_mapping(told.called),
        "calling": None if told.calling is None else outcome_mapping(told.calling),
        "sites": [
            {"name": site.name, "country": site.country, "bound": site.bound, "local_first": site.local_first}
            for site in told.sites
        ],
        "routes": [
            {
                "match": each.route.match,
                "prefixes": list(each.route.prefixes),
                "priority": each.route.priority,
                "trunks": list(each.route.trunks),
                "weights": list(each.route.weights),
                "emergency": each.route.emergency,
                "matched": each.verdict is Verdict.MATCHES,
                "verdict": str(each.verdict),
            }
            for each in told.routes
        ],
        "codecs": list(told.codecs),
        "wide_parties": told.wide_parties,
        "policy": {"asked": bool(told.departures) and told.policy is Asked.YES, "why": str(told.policy)},
        "attempts": [
            {
                "trunk": leaving.trunk,
                "target": leaving.target,
                "called": outcome_mapping(leaving.called),
                "calling": None if leaving.calling is None else outcome_mapping(leaving.calling),
                "request_uri": leaving.request_uri,
                "headers": [{"name": name, "value": value} for name, value in leaving.lines],
                "codecs": list(leaving.codecs),
            }
            for leaving in told.departures
        ],
    }
