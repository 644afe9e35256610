"""From the files of an export to one configuration of ours and what is to be told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike, fspath

from mediation.importing.parameters import GATEWAY
from mediation.importing.placeholders import Placeholders
from mediation.importing.reading import Item, Kind, read_files
from mediation.importing.routes import routes_of, rows_of
from mediation.importing.servers import NOTHING_KNOWN, Known, server_of
from mediation.importing.sites import Sites
from mediation.importing.telling import Row, Told, Weight
from mediation.importing.topology import GatewayDraft, gateways_of
from mediation.importing.trunks import TrunkDraft, trunk_of
from mediation.importing.usages import Usages, give_sites_usages, policies_of
from mediation.importing.writing import printed
from mediation.settings.document import MAX_FILE_OCTETS
from mediation.settings.problems import Problem, SettingsError
from mediation.settings.read import inspect

_REMEDIES = {
    Kind.UNKNOWN: "export trunk configurations, gateways, routes, usages, policies and their rules",
    Kind.UNCERTAIN_RULE: "name the file as its cmdlet: OutboundTranslationRule or OutboundCallingNumberTranslationRule",
    Kind.DIAL_PLAN: "dialled digits become E.164 in the front end",
}


@dataclass(frozen=True, slots=True)
class Imported:
    """A configuration that `check-config` takes, and what became of the export."""

    configuration: str
    told: Told
    trunks: int
    routes: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the export was lost."""
        return not self.told.count(Weight.LOST)


def import_lync(paths: Sequence[str | PathLike[str]], known: Known = NOTHING_KNOWN) -> Imported:
    """Import the files of an export. SettingsError with what cannot be read, or when there is nothing to import."""
    return imported(read_files(paths), [fspath(path) for path in paths], known)


def imported(items: Sequence[Item], files: Sequence[str], known: Known = NOTHING_KNOWN) -> Imported:
    """Import the objects of an export. SettingsError when there is no trunk among them."""
    told = Told()
    for item in items:
        if item.kind in _REMEDIES:
            weight = told.lost if item.kind is Kind.UNCERTAIN_RULE else told.note
            weight(item.place, item.identity[:60], f"{item.kind}: not taken over", _REMEDIES[item.kind])
    gateways = gateways_of(items, told)
    if not gateways:
        remedy = "export Get-CsTrunkConfiguration, Get-CsService -PstnGateway and Get-CsVoiceRoute"
        raise SettingsError(
            [Problem(file, 0, 0, "", "there is no trunk in this export", remedy) for file in files[:1]]
        )
    places = Placeholders([*(gateway.host for gateway in gateways), *known.addresses])
    sites, usages = Sites(), Usages()
    policies = policies_of(items, told)
    routes = routes_of(items, gateways, policies, usages, told)
    trunks = [trunk_of(gateway, items, sites, usages, places, told) for gateway in gateways]
    give_sites_usages(policies, usages, sites, told)
    server = server_of(items, {(trunk.transport, trunk.is_ipv6) for trunk in trunks}, places, known, told)
    for item in items:
        if item.kind is Kind.GATEWAY:
            told.rows += _gateway_rows(item, gateways, trunks)
    text = printed(server, tuple(sites), trunks, routes, files)
    if len(text.encode()) > MAX_FILE_OCTETS:
        message = f"the configuration would be larger than {MAX_FILE_OCTETS} octets"
        raise SettingsError([Problem(files[0], 0, 0, "", message, "import it in parts")])
    inspect(
        text, "the imported configuration"
    )  # what check-config would not take is a bug of ours, here and now
    return Imported(text, told, len(trunks), sum(not route.lost for route in routes))


def _gateway_rows(item: Item, gateways: Sequence[GatewayDraft], trunks: Sequence[TrunkDraft]) -> list[Row]:
    names = {gateway.place: gateway.name for gateway in gateways}
    trunk = next((each for each in trunks if each.name == names.get(item.place)), None)
    if trunk is None:  # described twice
        return []
    target = f"{trunk.target}{' (to be filled in)' if trunk.fill_in else ''}"
    transport = "Tls" if "tls" in trunk.target.rpartition(";")[2] else "Tcp"
    here = {
        "Identity": trunk.name,
        f"GatewaySipClient{transport}Port": target,
        "MediationServer": "all listeners",
    }
    if "site" in trunk.values:
        here["SiteId"] = f"site = {trunk.values['site']}"
    here["PoolFqdn"] = (
        f"tls_name = {trunk.values['tls_name']}" if "tls_name" in trunk.values else trunk.target
    )
    return rows_of(item, GATEWAY, f"gateway {trunk.name}", here)
