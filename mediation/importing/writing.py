"""The file: TOML that check-config takes, with a mark on every line that somebody must fill in."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Final

from mediation.importing.routes import RouteDraft
from mediation.importing.rules import NumberRuleDraft, ResponseRuleDraft
from mediation.importing.servers import Known, ServerDraft
from mediation.importing.sites import SiteDraft
from mediation.importing.trunks import TrunkDraft

MARK: Final = "# FILL IN: "
LOST: Final = "# NOT TAKEN OVER: "
_WIDTH: Final = 200


def printed(
    server: ServerDraft,
    sites: Sequence[SiteDraft],
    trunks: Sequence[TrunkDraft],
    routes: Sequence[RouteDraft],
    files: Sequence[str],
) -> str:
    """Return the file."""
    lines = [
        f"# Imported from {', '.join(_one_line(PurePath(file).name) for file in files)}.",
        "# Lines with FILL IN hold what the export does not say: their addresses and files are nobody's.",
        "# What the file does not say has our default: config/mediation.toml shows all.",
        *_server(server),
    ]
    for site in sites:
        lines += _site(site)
    for trunk in trunks:
        lines += _trunk(trunk)
    for route in routes:
        lines += _route(route)
    if routes and all(route.lost for route in routes):
        lines += _no_route(trunks)
    return "\n".join(lines) + "\n"


def _server(server: ServerDraft) -> Iterator[str]:
    known = server.known
    yield ""
    yield from _comments(server.comments)
    yield "[internal]                       # toward the front-end servers"
    yield f"listen  = {_list(server.internal_listen)}{_mark(known.inside, 'the address of this machine inside')}"
    yield f"targets = {_list(server.front_ends)}{_mark(known.front_ends, 'the front-end servers')}"
    yield from _ports(server)
    yield ""
    yield "[internal.tls]                   # front-end servers speak nothing else"
    yield from _certificate("internal", known)
    yield ""
    yield "[internal.media]"
    for key, value in server.media.items():
        mark = _mark(server.media_is_known or key != "srtp", "EncryptionLevel of the front ends")
        yield f"{key} = {_plain(value)}{mark}"
    yield ""
    yield "[gateway]                        # toward gateways and ITSPs"
    yield f"listen = {_list(server.gateway_listen)}{_mark(known.outside, 'the address of this machine outside')}"
    yield from _ports(server)
    if server.needs_certificate:
        yield ""
        yield "[gateway.tls]"
        yield from _certificate("gateway", known)


def _certificate(side: str, known: Known) -> Iterator[str]:
    for key, given, usual, what in (
        (
            "certificate",
            known.certificate,
            f"{side}.pem",
            "the certificate of this machine, and those above it",
        ),
        ("private_key", known.private_key, f"{side}.key", "its key"),
        ("authorities", known.authorities, "authorities.pem", "whose certificates the peers have"),
    ):
        yield f"{key} = {text(given or f'/etc/mediation/{usual}')}{_mark(given, what)}"


def _mark(given: object, what: str) -> str:
    """What stands behind a line that somebody must fill in; nothing behind one that is known."""
    return "" if given else f"  {MARK}{what}"


def _ports(server: ServerDraft) -> Iterator[str]:
    if server.rtp_ports is not None:
        yield f"rtp_ports = {list(server.rtp_ports)}"


def _site(site: SiteDraft) -> Iterator[str]:
    yield ""
    yield from _comments([f"there: {site.title}"])
    yield "[[site]]"
    yield f"name = {text(site.name)}"
    if site.usages:
        yield f"usages = {_list(site.usages)}"
    if site.usages and not site.is_bound:
        yield f'# numbers = ["…"]  {MARK}whose calls these are, by numbers or by networks of front ends'
    if site.is_bound:
        yield f'# country = "…", numbers = ["…"], bound = true  {MARK}its calls are bound to its country'


def _trunk(trunk: TrunkDraft) -> Iterator[str]:
    yield ""
    yield from _comments(trunk.comments)
    yield "[[trunk]]"
    yield f"name = {text(trunk.name)}"
    yield f"targets = {_list([trunk.target])}" + (
        f"  {MARK}{_one_line(trunk.fill_in)}" if trunk.fill_in else ""
    )
    tables: dict[str, list[str]] = {}
    for key, value in trunk.values.items():
        table, _, last = key.rpartition(".")
        tables.setdefault(table, []).append(f"{last} = {_plain(value)}")
    yield from tables.pop("", ())
    for table, lines in tables.items():
        yield ""
        yield f"[trunk.{table}]"
        yield from lines
    for number in trunk.numbers:
        yield from _number(number)
    for response in trunk.responses:
        yield from _response(response)


def _number(rule: NumberRuleDraft) -> Iterator[str]:
    yield ""
    if rule.lost:
        yield _one_line(
            f"{LOST}{rule.party} {rule.match} -> {rule.replace} ({rule.description}): {rule.lost}"
        )
        return
    yield "[[trunk.number]]"
    yield f"party = {text(rule.party)}"
    yield 'direction = "to-peer"'
    yield f"match = {literal(rule.match)}"
    yield f"replace = {literal(rule.replace)}"
    if rule.description:
        yield f"description = {text(_one_line(rule.description))}"


def _response(rule: ResponseRuleDraft) -> Iterator[str]:
    yield ""
    if rule.lost:
        yield _one_line(f"{LOST}response rule {rule.name}: {rule.lost}")
        return
    yield from _comments([rule.name])
    yield "[[trunk.response]]"
    if rule.status:
        yield f"status = {rule.status}"
    if rule.cause != -1:
        yield f"cause = {rule.cause}"
    yield f"becomes = {rule.becomes}"


def _route(route: RouteDraft) -> Iterator[str]:
    yield ""
    yield from _comments(route.comments)
    if route.lost:
        yield _one_line(f"{LOST}route {route.match} to {', '.join(route.trunks) or 'nobody'}: {route.lost}")
        return
    yield "[[route]]"
    yield f"match = {literal(route.match)}"
    yield f"trunks = {_list(route.trunks)}"
    if route.priority:
        yield f"priority = {route.priority}"
    if route.usages:
        yield f"usages = {_list(route.usages)}"
    if route.then_next:
        yield "then_next = true"
    if route.caller_number:
        yield f"caller_number = {text(route.caller_number)}"
    if route.hides_caller:
        yield "hide_caller = true"


def _no_route(trunks: Sequence[TrunkDraft]) -> Iterator[str]:
    """Without any route every number could go to every trunk, which is not what the export says."""
    yield ""
    yield "[[route]]"
    yield f"match = '^no-route-was-taken-over$'  {MARK}which numbers go to which trunks"
    yield f"trunks = {_list([trunks[0].name])}"


def _comments(comments: Iterable[str]) -> Iterator[str]:
    yield from (f"# {_one_line(comment)}" for comment in comments if comment.strip())


def _one_line(given: str) -> str:
    """What may stand behind a `#`: one line, no control characters, not endless."""
    shown = "".join(character if character.isprintable() else " " for character in given)
    return shown if len(shown) <= _WIDTH else shown[: _WIDTH - 1] + "…"


def literal(given: str) -> str:
    """A pattern as people write it, without doubled backslashes, where TOML can have it so."""
    return f"'{given}'" if given.isprintable() and "'" not in given else text(given)


def text(given: str) -> str:
    """A text in quotes; what cannot be seen is escaped."""
    escaped = given.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _list(texts: Iterable[str]) -> str:
    return f"[{', '.join(text(each) for each in texts)}]"


def _plain(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return _list(value)
        case str():
            return text(value)
        case _:
            return str(value)
