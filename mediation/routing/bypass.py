"""Whether the audio of two parties may go past us, and if not, why: decided by what is set and where they are.

What they say of their audio is not looked at here, but for its address: see `sdp.direct`.
"""

from dataclasses import dataclass
from enum import StrEnum

from mediation.routing.sites import Sites
from mediation.routing.terms import Terms
from mediation.sdp.crypto import SrtpMode
from mediation.settings.bypass import BypassMode, TrunkBypass
from mediation.settings.model import Settings
from mediation.settings.peer_terms import NO_RINGBACK
from mediation.settings.peers import Side
from mediation.settings.trunks import Site


class Obstacle(StrEnum):
    """Why audio goes through us."""

    OFF = "bypass.mode is off"
    INSIDE = "neither party is behind a trunk"
    TRUNK = "the trunk does not allow it"
    UNKNOWN_PLACE = "the trunk's audio comes from anywhere"
    ELSEWHERE = "the parties are not at one site"
    FAMILY = "one party has IPv4 and the other one IPv6"
    LAWS = "the codecs of both sides have nothing in common"
    SRTP = "one side encrypts audio and the other one must not"
    DIGITS = "digits are converted"
    LATCHING = "a party's address is learned from its packets"
    LENGTHS = "packets are cut or joined"
    EVENNESS = "a party's audio is held to go on evenly"
    NOISE = "silence is filled with noise"
    RINGBACK = "the caller hears our ringing"
    FORKS = "the caller's side takes one early dialog only"
    RECORDED = "the call is, or could be, recorded"
    NO_OFFER = "the caller has not described its audio yet"
    DESCRIPTIONS = "the parties' descriptions do not fit each other"
    NEEDED = "we are needed: music, a transfer, or a fax"
    REFUSED = "a party does not take the other one's address"
    STAYS = "the call has come back through us, and bypass.mid_call is false"


@dataclass(frozen=True, slots=True)
class Standing:
    """One party, as far as this is about it."""

    terms: Terms
    trunk: str
    """Its trunk's name; of a front end nothing is asked by it."""
    host: str
    """Where its audio is, as it has said; or before that, its signalling. Empty: nobody knows."""
    number: str = ""
    """Of a front end whose place nobody knows: its number."""

    @property
    def is_gateway(self) -> bool:
        """Whether it is behind a trunk."""
        return self.terms.side is Side.GATEWAY


class BypassPolicy:
    """The rules of one configuration."""

    def __init__(self, settings: Settings, sites: Sites) -> None:
        self._mode = settings.bypass.mode
        self.mid_call = settings.bypass.mid_call
        """Whether calls may go past us after their beginning."""
        self._sites = sites
        self._by_name = {site.name: site for site in settings.sites}
        self._trunks = {trunk.name: trunk for trunk in settings.trunks}

    @property
    def is_on(self) -> bool:
        """Whether any call may."""
        return self._mode is not BypassMode.OFF

    def obstacle(self, one: Standing, other: Standing) -> Obstacle | None:
        """What is in the way, whoever of the two has called; None: nothing that is set."""
        if not self.is_on:
            return Obstacle.OFF
        gateways = [self._trunks[each.trunk].media for each in (one, other) if each.is_gateway]
        if not gateways:
            return Obstacle.INSIDE
        if any(media.bypass is TrunkBypass.OFF for media in gateways):
            return Obstacle.TRUNK
        if not all(media.known_termination for media in gateways):
            return Obstacle.UNKNOWN_PLACE
        if self._mode is BypassMode.BY_SITE and self._groups(one).isdisjoint(self._groups(other)):
            return Obstacle.ELSEWHERE
        if one.host and other.host and (":" in one.host) != (":" in other.host):
            return Obstacle.FAMILY
        return between(one.terms, other.terms)

    def _groups(self, party: Standing) -> set[str]:
        """The groups of sites that a party is near to."""
        if not party.is_gateway:
            sites = (self._sites.of_audio(party.host) if party.host else ()) or self._sites.of_numbers(
                (party.number,)
            )
            return set(map(_group, sites))
        trunk = self._trunks[party.trunk]
        groups = {trunk.media.bypass_group} - {""}
        if trunk.media.representative_ip:
            return groups.union(map(_group, self._sites.of_audio(trunk.media.representative_ip)))
        site = self._by_name.get(trunk.site)
        return groups if site is None else groups | {_group(site)}


def between(one: Terms, other: Terms) -> Obstacle | None:
    """What of the terms with two peers needs us between them."""
    both = (one, other)
    if set(one.capabilities.codecs).isdisjoint(other.capabilities.codecs):
        return Obstacle.LAWS
    if {SrtpMode.REQUIRED, SrtpMode.OFF} <= {each.capabilities.srtp for each in both}:
        return Obstacle.SRTP
    if any(each.latching.learns for each in both):
        return Obstacle.LATCHING
    if any(each.repacketize for each in both):
        return Obstacle.LENGTHS
    if any(each.jitter_buffer_ms for each in both):
        return Obstacle.EVENNESS
    if any(each.fill_silence for each in both):
        return Obstacle.NOISE
    events = all(each.capabilities.telephone_event for each in both)
    return Obstacle.DIGITS if not events and converts_digits(one, other) else None


def converts_digits(one: Terms, other: Terms) -> bool:
    """Whether keys go in another way on each side where telephone-event is not agreed on."""
    return one.dtmf is not other.dtmf


def at_first(caller: Terms) -> Obstacle | None:
    """What of the caller's terms needs us until somebody has answered."""
    if caller.early_media.ringback != NO_RINGBACK:
        return Obstacle.RINGBACK
    return Obstacle.FORKS if caller.early_media.max_early_dialogs < 2 else None


def _group(site: Site) -> str:
    return site.bypass_group or site.name
