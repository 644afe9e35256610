"""The answer to a plan, as values that are printed, drawn or handed to a machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from mediation.planning.decision import Chooser, Decision, Role
from mediation.planning.model import Connection, Plan, Site
from mediation.planning.network import Network, Outcome
from mediation.planning.records import Busy, Log
from mediation.planning.sizing import LinkUse, Sizes, TrunkUse

FEW_DAYS = 5
"""A busy hour from fewer days than a working week has is a guess."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a site telephones in its busy hour."""

    erlang: float
    """What is planned for, growth included."""
    stated: float | None
    """Erlang from users; None: not given."""
    measured: float | None
    """Erlang from records; None: none are of this site."""
    began: datetime | None
    """When the measured busy hour began."""
    inbound: int
    outbound: int
    """Calls in the records."""
    days: int


@dataclass(frozen=True, slots=True)
class SiteAnswer:
    """What one site should do."""

    site: Site
    traffic: Traffic
    decision: Decision
    channels: int
    """What its own traffic would need alone."""
    connection: Connection
    """The least connection that is good for so many."""
    trunks: tuple[TrunkUse, ...]
    """Those that are at this site, for all who use them."""
    busiest: tuple[Busy, ...]
    servers: int
    """Mediation Servers at this site; 0: none."""

    @property
    def trunk_channels(self) -> int:
        """Of all trunks here."""
        return sum(use.channels for use in self.trunks)


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer."""

    plan: Plan
    sites: tuple[SiteAnswer, ...]
    links: tuple[LinkUse, ...]
    price: float
    lacking: tuple[str, ...]
    """What cannot be had: the plan does not work. Empty: it does."""
    findings: tuple[str, ...]
    """What the operator should know before buying."""

    @property
    def trunks(self) -> tuple[TrunkUse, ...]:
        """All trunks, by site."""
        return tuple(use for answer in self.sites for use in answer.trunks)


def answer(plan: Plan, log: Log) -> Answer:
    """Answer a plan, with what was measured."""
    traffics = {site.name: _traffic(plan, site, log) for site in plan.sites}
    sizes = Sizes(plan)
    network = Network(plan, sizes, {name: traffic.erlang for name, traffic in traffics.items()})
    chooser = Chooser(plan, sizes, network)
    outcome = chooser.outcome
    sites = tuple(_site(plan, site, traffics[site.name], sizes, chooser, outcome, log) for site in plan.sites)
    unserved = [
        f"nobody carries the calls of {each.site.name}: {each.decision.reasons[0]}"
        for each in sites
        if each.decision.role is Role.UNSERVED
    ]
    return Answer(
        plan=plan,
        sites=sites,
        links=outcome.links,
        price=outcome.price,
        lacking=(*outcome.lacking, *unserved),
        findings=tuple(_findings(plan, sites, outcome, log)),
    )


def _traffic(plan: Plan, site: Site, log: Log) -> Traffic:
    found = log.sites[site.name]
    erlang, began = found.busy_hour()
    stated = site.users * site.erlang_per_user if site.erlang_per_user else None
    measured = erlang if found.calls else None
    used = stated if stated is not None else erlang
    grown = used * (1 + plan.aims.growth_percent / 100)
    return Traffic(grown, stated, measured, began, found.inbound, found.outbound, found.days)


def _site(
    plan: Plan, site: Site, traffic: Traffic, sizes: Sizes, chooser: Chooser, outcome: Outcome, log: Log
) -> SiteAnswer:
    trunks = outcome.trunks.get(site.name, ())
    channels = sizes.channels(traffic.erlang)
    stated = {each.number: each.percent / 100 for each in site.busiest}
    measured = log.sites[site.name].busiest(plan.aims.busiest)
    known = {busy.number for busy in measured}
    busiest = [
        *measured,
        *(Busy(number, 0, share) for number, share in stated.items() if number not in known),
    ]
    busiest.sort(key=lambda busy: (-busy.share, busy.number))
    return SiteAnswer(
        site=site,
        traffic=traffic,
        decision=chooser.decision(site),
        channels=channels,
        connection=sizes.connection_for(sum(use.channels for use in trunks) or channels),
        trunks=trunks,
        busiest=tuple(busiest[: plan.aims.busiest]),
        servers=ceil(sum(use.channels for use in trunks) / plan.aims.calls_per_server),
    )


def _findings(plan: Plan, sites: tuple[SiteAnswer, ...], outcome: Outcome, log: Log) -> Iterator[str]:
    yield from outcome.unprotected
    central = {each.site.name for each in sites if each.decision.role is Role.CENTRAL}
    if len(central) == 1 and len(sites) > 1:
        name = next(iter(central))
        yield f"{name} is the only central site: when it has failed, nobody carries the calls of those who use it"
    for each in sites:
        yield from _findings_of(each)
        name, home = each.site.name, each.decision.home
        if len(central) > 1 and home in central and not each.decision.backup:
            yield f"{name}: no other central site can carry its calls when {home} has failed"
        if each.site.survivable and home != name:
            yield f"{name}: it does not survive its links, since no trunk is on offer there"
    if log.unreadable:
        yield f"lines of the records that are no call records, and were left out: {log.unreadable:,}"
    if log.strangers:
        yield f"{log.strangers:,} of {log.records:,} records are of numbers that belong to no site"


def _findings_of(each: SiteAnswer) -> Iterator[str]:
    name, traffic = each.site.name, each.traffic
    for use in each.trunks:
        if not use.suits:
            has = f"{use.offer.name} has {use.channels:,} channels, many for {in_words(use.offer.connection)}"
            yield f"{name}: {has}; {in_words(each.connection)} would be right, and none is on offer"
    if traffic.measured is not None and traffic.days < FEW_DAYS:
        yield f"{name}: its records are of {_days(traffic.days)}, too few to be sure of a busy hour"
    if traffic.stated is not None and traffic.measured is not None and traffic.measured > traffic.stated:
        yield (
            f"{name}: {traffic.measured:,.1f} Erlang were measured, more than the {traffic.stated:,.1f} that it states "
            f"and that the plan is made for"
        )


def in_words(connection: Connection) -> str:
    """A connection as a sentence has it."""
    return {
        Connection.INTERNET: "the Internet",
        Connection.MPLS: "MPLS",
        Connection.PRIVATE: "a private line",
    }[connection]


def _days(count: int) -> str:
    return "one day" if count == 1 else f"{count} days"
