"""A gateway and its configuration as a trunk of ours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from mediation.importing.assessment import assess, settled
from mediation.importing.conversion import is_default
from mediation.importing.exported import Value, as_text, is_type_name
from mediation.importing.parameters import (
    CALLED_RULE,
    CALLING_RULE,
    RESPONSE_RULE,
)
from mediation.importing.placeholders import Placeholders
from mediation.importing.reading import Item, Kind
from mediation.importing.rule_text import is_unread, rules_of
from mediation.importing.rules import NumberRuleDraft, ResponseRuleDraft, number_rules, response_rules
from mediation.importing.sites import Sites
from mediation.importing.telling import Row, Told
from mediation.importing.topology import GatewayDraft, configuration_of, rule_scope, scope_of
from mediation.importing.usages import Usages, usages_of
from mediation.settings.addresses import parse_target
from mediation.settings.numbers import NumberParty
from mediation.settings.places import bracketed
from mediation.settings.words import UnfitError, check_tls_name
from mediation.sip.flow import Transport

TLS_PORT: Final = 5067
TCP_PORT: Final = 5066

_LISTS: Final = {
    "OutboundTranslationRulesList": (Kind.CALLED_RULE, CALLED_RULE),
    "OutboundCallingNumberTranslationRulesList": (Kind.CALLING_RULE, CALLING_RULE),
    "SipResponseCodeTranslationRulesList": (Kind.RESPONSE_RULE, RESPONSE_RULE),
}
_IN_FULL: Final = "write it again with -Depth 5, or $FormatEnumerationLimit = -1 and Out-File -Width 4096"
_PAI: Final = ("keep_pai_on_anonymous_forward", "accept_peer_pai_on_forward")


@dataclass(slots=True)
class TrunkDraft:
    """One trunk, to be written."""

    name: str
    comments: list[str]
    target: str
    transport: Transport = Transport.TLS
    is_ipv6: bool = False
    """Whether it is reached by IPv6; of a name nobody knows yet."""
    fill_in: str = ""
    """What is not known of the target; empty: it is known."""
    values: dict[str, object] = field(default_factory=dict)
    """By dotted keys below `trunk`; those that are our defaults are left out."""
    numbers: list[NumberRuleDraft] = field(default_factory=list)
    responses: list[ResponseRuleDraft] = field(default_factory=list)


def trunk_of(
    gateway: GatewayDraft,
    items: Sequence[Item],
    sites: Sites,
    usages: Usages,
    places: Placeholders,
    told: Told,
) -> TrunkDraft:
    """Make a trunk of a gateway, and tell what became of every parameter."""
    configuration = configuration_of(gateway, items, told)
    made: dict[str, object] = {}
    rows: list[Row] = []
    draft = TrunkDraft(gateway.name, [f"there: {gateway.title}"], "")
    if configuration is not None:
        draft.comments.append(f"configuration: {configuration.identity or 'Global'}")
        draft.comments.append(configuration.found.text("Description"))
        rows += assess(configuration, gateway.name, made, told)
        _rules(configuration, items, draft, told)
        made["trunk.usages"], without = usages.known(usages_of(configuration))
        if without:
            message = f"no route that was taken over has the usage {', '.join(without)[:200]}"
            told.lost(configuration.place, f"trunk {gateway.name}: PstnUsages", message)
    if site := sites.of(gateway, configuration, told):
        made["trunk.site"] = site
    tls = _target(gateway, made, draft, places, told)
    _agree(made, gateway, tls=tls, told=told)
    told.rows += (settled(row, made) for row in rows)
    draft.values |= {
        key.removeprefix("trunk."): value for key, value in made.items() if not is_default({key: value})
    }
    return draft


def _rules(item: Item, items: Sequence[Item], draft: TrunkDraft, told: Told) -> None:
    subject = f"trunk configuration {item.identity or 'Global'}"
    for name, (kind, _) in _LISTS.items():
        rules, place = _list(item, name, kind, items, f"{subject}: {name}", told)
        if kind is Kind.RESPONSE_RULE:
            draft.responses += response_rules(rules, subject, place, told)
        else:
            party = NumberParty.CALLED if kind is Kind.CALLED_RULE else NumberParty.CALLING
            draft.numbers += number_rules(rules, party, subject, place, told)


def _list(
    item: Item, name: str, kind: Kind, items: Sequence[Item], about: str, told: Told
) -> tuple[tuple[Value, ...], str]:
    """The rules of a list; where it was not written whole, those that were exported by themselves."""
    value = item.found.get(name)
    given = rules_of(value)
    own = scope_of(item.identity)
    apart = [
        each for each in items if each.kind is kind and each.found.text("Identity")
        and rule_scope(each.found.text("Identity")) == own
    ]  # fmt: skip
    broken = given.cut or is_unread(value)
    if apart and (broken or not given.items):
        return tuple(each.found for each in apart), apart[0].place
    readable = tuple(rule for rule in given.items if not is_type_name(as_text(rule)))
    unknown = [rule for rule in readable if isinstance(rule, str) or rule is None]
    if broken:
        told.lost(item.place, about, "the list was not written whole", _IN_FULL)
    elif unknown:
        told.lost(item.place, about, f'"{as_text(unknown[0])[:60]}" is no rule', _IN_FULL)
    return readable, item.place


def _target(
    gateway: GatewayDraft, made: dict[str, object], draft: TrunkDraft, places: Placeholders, told: Told
) -> bool:
    """Write where calls go; whether by TLS."""
    lacking: list[str] = []
    tls = bool(gateway.tls_port) or (
        not gateway.tcp_port and made.get("trunk.media.srtp", "required") != "off"
    )
    port = (gateway.tls_port if tls else gateway.tcp_port) or (TLS_PORT if tls else TCP_PORT)
    if not gateway.tls_port and not gateway.tcp_port:
        lacking.append("port and transport")
    ending = f":{port};transport={'tls' if tls else 'tcp'}"
    host = _spelled(gateway.host)
    try:
        draft.target = str(parse_target(f"sip:{host}{ending}"))
    except UnfitError:
        lacking.insert(0, f"the address of {gateway.host}" if gateway.host else "the address")
        draft.target = f"sip:{places.address()}{ending}"
    if tls and _is_name(gateway.host):
        made["trunk.tls_name"] = gateway.host
    if lacking:
        draft.fill_in = f"{' and '.join(lacking)}: the export does not say"
        told.fill_in(
            gateway.place, f"trunk.{gateway.name}.targets", f"{' and '.join(lacking)} must be filled in"
        )
    if gateway.tls_port and gateway.tcp_port:
        told.note(gateway.place, f"gateway {gateway.title}", "it has a port for TCP, too", "TLS was taken")
    draft.transport = Transport.TLS if tls else Transport.TCP
    draft.is_ipv6 = "[" in draft.target
    if not places.first_of(draft.target):
        draft.values["trusted"] = []
        message = "another trunk has the same target, and calls from there are taken as that one's"
        told.note(
            gateway.place,
            f"gateway {gateway.title}",
            message,
            "make them one trunk, unless their rules differ",
        )
    return tls


def _spelled(host: str) -> str:
    """A host as it stands in a URI: one address has one spelling, however the export has it."""
    try:
        return bracketed(str(ip_address(host.removeprefix("[").removesuffix("]"))))
    except ValueError:
        return host.lower()


def _is_name(host: str) -> bool:
    try:
        check_tls_name(host)
    except UnfitError:
        return False
    return "." in host


def _agree(made: dict[str, object], gateway: GatewayDraft, *, tls: bool, told: Told) -> None:
    """What the settings take only together."""
    subject = f"trunk {gateway.name}"
    if not tls and made.get("trunk.media.srtp", "off") != "off":
        made |= {"trunk.media.srtp": "off", "trunk.media.srtp_twins": False}
        told.note(gateway.place, subject, "it is reached by TCP, and so SRTP is off, as it is there")
    table = "trunk.identity."
    if made.get(table + "send", "off") == "off":
        for key in _PAI:
            if made.get(table + key):
                made[table + key] = False
                told.lost(
                    gateway.place,
                    subject,
                    f"{key} needs ForwardPAI, which is False",
                    "set trunk.identity.send",
                )
    if made.get(table + "reveal") and not made.get(table + _PAI[0]):
        made[table + "reveal"] = False
