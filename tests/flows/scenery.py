"""The addresses and settings that flow tests play on. Inside and outside share no octet string, so leaks show."""

from ipaddress import ip_network
from typing import Any

from mediation.settings.bypass import Bypass, TrunkMedia
from mediation.settings.model import Settings
from mediation.settings.peer_media import PeerMedia
from mediation.settings.peers import Gateway, Internal
from mediation.settings.places import AnyTarget, Listener, Network, Target
from mediation.settings.policy import PolicyHook
from mediation.settings.recording import Recordings
from mediation.settings.routes import Route
from mediation.settings.server import Media, Sip
from mediation.settings.trunks import Site, Trunk
from mediation.sip.flow import Endpoint, Transport
from mediation_codecs.codec import Codec

INSIDE = "10.1.1.10"
"""Our address towards the front-end servers."""
FRONT_END = "10.1.1.20"
OTHER_FRONT_END = "10.1.1.21"
OUTSIDE = "198.51.100.10"
"""Our address towards the ITSPs."""
SBC = "198.51.100.30"
OTHER_SBC = "198.51.100.31"
THIRD_SBC = "198.51.100.32"
PREFIXES = {"front-end": "10.1.1.", "gateway": "198.51.100."}
"""What the addresses of each side begin with."""


USUAL_MEDIA, USUAL_SIP, USUAL_PEER_MEDIA = Media(), Sip(), PeerMedia()
USUAL_POLICY = PolicyHook()
"""Nobody is asked."""


NO_RECORDING = Recordings()
NO_BYPASS, USUAL_TRUNK_MEDIA = Bypass(), TrunkMedia()


def endpoint(host: str, port: int = 5060) -> Endpoint:
    return host, port


def listeners(host: str) -> tuple[Listener, ...]:
    return tuple(Listener(transport, host, 5060) for transport in Transport)


def target(host: str, transport: Transport = Transport.UDP, port: int = 5060) -> Target:
    printed = f"[{host}]" if ":" in host else host
    parameter = "" if transport is Transport.UDP else f";transport={transport}"
    return Target(f"sip:{printed}:{port}{parameter}", host, port, transport)


def trunk(
    name: str = "itsp-a",
    *hosts: str,
    targets: tuple[AnyTarget, ...] = (),
    codecs: tuple[Codec, ...] = (Codec.PCMA,),
    max_calls: int = 0,
    failover_codes: tuple[int, ...] = (408, 500, 502, 503, 504),
    trusted: tuple[str, ...] | None = None,
    **terms: Any,
) -> Trunk:
    """A trunk that speaks A-law; its targets are those of `hosts`, over UDP, unless given whole."""
    whole = targets or tuple(target(host) for host in hosts or (SBC,))
    if trusted is not None:
        terms["trusted"] = networks(*trusted)
    return Trunk(
        name=name,
        targets=whole,
        codecs=codecs,
        max_calls=max_calls,
        failover_codes=failover_codes,
        **terms,
    )


def networks(*names: str) -> tuple[Network, ...]:
    return tuple(ip_network(name) for name in names)


def settings(
    *trunks: Trunk,
    routes: tuple[Route, ...] = (),
    front_ends: tuple[str, ...] = (FRONT_END,),
    front_end_targets: tuple[Target, ...] = (),
    trusted: tuple[str, ...] = ("10.1.1.0/24",),
    codecs: tuple[Codec, ...] = (Codec.PCMU,),
    outside: str = OUTSIDE,
    media: Media = USUAL_MEDIA,
    media_terms: PeerMedia = USUAL_PEER_MEDIA,
    sip: Sip = USUAL_SIP,
    sites: tuple[Site, ...] = (),
    recording: Recordings = NO_RECORDING,
    policy: PolicyHook = USUAL_POLICY,
    bypass: Bypass = NO_BYPASS,
    **inside: Any,
) -> Settings:
    """A server between a front end that speaks µ-law and the trunks; without any, one trunk at SBC.

    `media_terms` and `inside` are terms of the internal interface.
    """
    return Settings(
        internal=Internal(
            listen=listeners(INSIDE),
            targets=front_end_targets or tuple(target(host) for host in front_ends),
            trusted=networks(*trusted),
            codecs=codecs,
            media=media_terms,
            **inside,
        ),
        gateway=Gateway(listen=listeners(outside)),
        trunks=trunks or (trunk(),),
        routes=routes,
        sites=sites,
        media=media,
        sip=sip,
        recording=recording,
        policy=policy,
        bypass=bypass,
    )
