"""Where a call to a number would go, and in what words it would leave: by the code that real calls go through.

What only a running server knows is left out: health, room, and who has asked for rest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mediation.b2bua.callers import refusal_out, welcome
from mediation.b2bua.causes import Cause
from mediation.b2bua.numbering import callers_of
from mediation.b2bua.passage import Lines, Passage
from mediation.b2bua.policy import called_uri, invited
from mediation.b2bua.recording import RecordedCall, Recorder
from mediation.explaining.caller import asked_by, cause_mapping
from mediation.explaining.number import outcome_lines, outcome_mapping
from mediation.explaining.recognition import recognized_by
from mediation.routing.admission import Source
from mediation.routing.bypass import BypassPolicy, Obstacle, Standing, at_first
from mediation.routing.choice import Asked as AskedRoute
from mediation.routing.choice import Verdict, taken
from mediation.routing.directory import FRONT_END_POOL, supposed
from mediation.routing.numbers import number_of
from mediation.routing.question import Asked, asked_about
from mediation.routing.routes import Candidate, Routing, least
from mediation.routing.wires import Wires
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.settings.routes import Route
from mediation.settings.translation import Outcome
from mediation.settings.trunks import Site, Trunk
from mediation.sip.flow import Flow
from mediation_codecs.codec import is_wide


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
    bypass: Obstacle | None
    """Why audio would go through us; None: it may go past us, if the parties' descriptions fit."""
    codecs: tuple[str, ...]
    """What it is offered."""


@dataclass(frozen=True, slots=True)
class CallerVerdict:
    """What the screening of trunks says to the caller."""

    refusal: Cause | None
    """Why nobody is called for it; None: that is no reason."""
    is_withheld: bool
    """Whether nobody is shown in its place."""
    refused_by: tuple[tuple[str, Cause], ...]
    """Trunks that are not called for it, and why."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is decided about a call before anybody answers it."""

    source: str
    """The trunk that it comes from, or `front-end`."""
    known_by: tuple[str, ...]
    """What tells that it does; empty: nothing does, and it could not come."""
    called: Outcome
    """By the rules of the source."""
    calling: Outcome | None
    """The same; None: nobody in particular calls."""
    sites: tuple[Site, ...]
    """Where it belongs by the number of whoever calls; a front end's address may say more."""
    routes: tuple[AskedRoute, ...]
    """Those that are asked; none for a call that only front ends take."""
    departures: tuple[Departure, ...]
    caller: CallerVerdict
    out_of_use: tuple[str, ...]
    """Trunks that the settings have turned off: where it comes from, and those that would be called otherwise."""
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
    asked, plan = asked_by(calling, called, terms), terms.numbers
    number = number_of(asked.request.uri)
    if trunk is None:
        source = source.at(*routing.sites.of_numbers(callers_of(asked.request)))
    candidates = routing.candidates(source, number, unix_s)
    welcomed = welcome(asked, candidates)
    request = welcomed.invitation.request
    bypass, recorder = BypassPolicy(settings, routing.sites), Recorder(settings, routing.sites, least)

    def obstacle(candidate: Candidate) -> Obstacle | None:
        """Of a front end nothing is known but its number."""
        caller = Standing(terms, "" if trunk is None else trunk.name, "", number_of(request.from_.uri))
        callee = Standing(candidate.terms, candidate.trunk, "", number)
        found = bypass.obstacle(caller, callee) or at_first(terms)
        trunks = tuple(each.trunk for each in (caller, callee) if each.is_gateway)
        call = RecordedCall.of("", source, trunks, caller.number, callee.number)
        return Obstacle.RECORDED if found is None and recorder.concerns(call) else found

    def departure(candidate: Candidate) -> Departure:
        target, numbers = candidate.target, candidate.terms.numbers
        flow = Flow(target.transport, candidate.listener.endpoint, target.endpoint)
        passage = Passage(terms, candidate.terms, names.host_and_port(flow), candidate.caller_id)
        identity, lines = invited(request, passage, welcomed.invitation.secrets)
        host = target.place
        return Departure(
            candidate.trunk,
            target.uri,
            numbers.called_out.of_number(number_of(request.uri)),
            numbers.calling_out.of_number(number_of(request.from_.uri)) if calling else None,
            called_uri(request, host, target.parameter, numbers),
            (("From", identity), ("To", f"<{called_uri(request, host, numbers=numbers)}>"), *lines),
            obstacle(candidate),
            candidate.terms.capabilities.codecs,
        )

    out_of_use = {each.name for each in settings.trunks if not each.enabled}
    comes_in = trunk is None or trunk.enabled
    in_use = [each for each in welcomed.candidates if comes_in and each.trunk not in out_of_use]
    named = (*(() if trunk is None else (trunk.name,)), *(each.trunk for each in candidates))
    refused = ((each.trunk, refusal_out(welcomed.invitation, each)) for each in candidates)
    urgent = any(each.urgent for each in candidates)
    return Explanation(
        str(source.side) if trunk is None else trunk.name,
        recognized_by(settings, FRONT_END_POOL if trunk is None else trunk.name),
        plan.called_in.of_number(called),
        plan.calling_in.of_number(calling) if calling else None,
        source.sites,
        routing.asked(source, number, unix_s),
        () if welcomed.refusal is not None else tuple(map(departure, in_use)),
        CallerVerdict(
            welcomed.refusal,
            welcomed.invitation is not asked,
            tuple(dict.fromkeys((name, cause) for name, cause in refused if cause is not None)),
        ),
        tuple(dict.fromkeys(name for name in named if name in out_of_use)),
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
    yield from (f"  known by {way}" for way in told.known_by)
    if not told.known_by:
        yield "  which places no calls: 403"
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
        if routes and not (told.departures or told.out_of_use or told.caller.refusal):
            yield "  none of its trunks is in the country that the call is bound to: 403"
        elif any(route.weights for route in routes):
            yield "  which trunk comes first is drawn for each call; here it is the first that may"
    for name in told.out_of_use:
        yield from ("", f"trunk {name} is out of use")
    yield from _screening(told.caller)
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
        if leaving.bypass is None:
            yield "    audio past us, where the parties' descriptions fit each other"
        elif leaving.bypass is not Obstacle.OFF:
            yield f"    audio through us: {leaving.bypass}"


def _audio(told: Explanation, leaving: Departure) -> Iterator[str]:
    """What is spoken on both sides, where that need not be G.711."""
    wide = [codec for codec in (*told.codecs, *leaving.codecs) if is_wide(codec)]
    if not wide:
        return
    yield f"    audio: {', '.join(leaving.codecs)} here, and {', '.join(told.codecs)} with the caller"
    if told.codecs != leaving.codecs:
        most = f"of at most {told.wide_parties} parties at a time"
        yield f"    {' and '.join(dict.fromkeys(wide))} transcoded where the two differ, {most}"


def _screening(caller: CallerVerdict) -> Iterator[str]:
    if caller != CallerVerdict(None, False, ()):
        yield ""
    if caller.is_withheld:
        yield "nobody is shown in the place of this caller"
    for trunk, cause in caller.refused_by:
        yield f"trunk {trunk} is not called for this caller: {cause.reason}"
    if caller.refusal is not None:
        yield f"the caller is refused: {caller.refusal.status}, {caller.refusal.reason}"


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
    if route.caller_number:
        told.append(f"with {route.caller_number} as the caller")
    if route.hide_caller:
        told.append("without the caller")
    if route.emergency:
        told.append("for help")
    return ", ".join(filter(None, told))


def explanation_mapping(told: Explanation) -> Mapping[str, object]:
    """The same for a machine to read."""
    return {
        "schema": 1,
        "source": told.source,
        "known_by": list(told.known_by),
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
                "caller_number": each.route.caller_number,
                "hide_caller": each.route.hide_caller,
                "matched": each.verdict is Verdict.MATCHES,
                "verdict": str(each.verdict),
            }
            for each in told.routes
        ],
        "codecs": list(told.codecs),
        "wide_parties": told.wide_parties,
        "caller": {
            "refused": None if told.caller.refusal is None else cause_mapping(told.caller.refusal),
            "withheld": told.caller.is_withheld,
            "refused_by": [
                {"trunk": trunk, **cause_mapping(cause)} for trunk, cause in told.caller.refused_by
            ],
        },
        "out_of_use": list(told.out_of_use),
        "policy": {"asked": bool(told.departures) and told.policy is Asked.YES, "why": str(told.policy)},
        "attempts": [
            {
                "trunk": leaving.trunk,
                "target": leaving.target,
                "called": outcome_mapping(leaving.called),
                "calling": None if leaving.calling is None else outcome_mapping(leaving.calling),
                "request_uri": leaving.request_uri,
                "headers": [{"name": name, "value": value} for name, value in leaving.lines],
                "bypass": {
                    "possible": leaving.bypass is None,
                    "why_not": None if leaving.bypass is None else str(leaving.bypass),
                },
                "codecs": list(leaving.codecs),
            }
            for leaving in told.departures
        ],
    }
