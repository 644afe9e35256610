"""The two interfaces: what the export says of the Mediation Server that this one stands for, else what to fill in."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from mediation.importing.front_ends import internal_media
from mediation.importing.parameters import SERVER
from mediation.importing.placeholders import Placeholders
from mediation.importing.reading import Item, Kind
from mediation.importing.routes import rows_of
from mediation.importing.telling import Told
from mediation.settings.addresses import parse_listener
from mediation.settings.places import bracketed
from mediation.settings.words import check_file
from mediation.sip.flow import Transport

FRONT_END_PORT: Final = 5061
SERVER_PORT: Final = 5070
_DEFAULT_PORTS: Final = {Transport.TLS: 5067, Transport.TCP: 5068, Transport.UDP: 5060}
_LEAST_RTP_PORT: Final = 1024
_PLACEHOLDERS_IPV6: Final = ("[2001:db8::1]", "[2001:db8::2]")
"""Of documents (RFC 3849)."""


@dataclass(frozen=True, slots=True)
class Known:
    """What no export has, and whoever imports may say. Empty: it must be filled in."""

    inside: str = ""
    """Address of this machine toward the front ends, in brackets where it is of IPv6."""
    outside: str = ""
    """The same toward the gateways."""
    front_ends: tuple[str, ...] = ()
    certificate: str = ""
    private_key: str = ""
    authorities: str = ""

    @classmethod
    def of(  # they are the options of a command
        cls,
        inside: str,
        outside: str,
        front_ends: Iterable[str],
        certificate: str,
        private_key: str,
        authorities: str,
    ) -> Self:
        """Make it of texts that a person has typed. UnfitError where one is no address or no file."""
        for file in (certificate, private_key, authorities):
            if file:
                check_file(file)
        return cls(
            _address(inside),
            _address(outside),
            tuple(map(_address, front_ends)),
            certificate,
            private_key,
            authorities,
        )

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that no placeholder may have."""
        return (self.inside, self.outside, *self.front_ends)


NOTHING_KNOWN: Final = Known()


def _address(text: str) -> str:
    """An address as a listener has it; empty for nothing."""
    if not text:
        return ""
    host = f"[{text}]" if ":" in text and not text.startswith("[") else text
    return bracketed(parse_listener(f"tls:{host}").host)


@dataclass(slots=True)
class ServerDraft:
    """Both interfaces, to be written."""

    known: Known
    internal_listen: list[str]
    front_ends: list[str]
    gateway_listen: list[str]
    needs_certificate: bool
    """On the interface toward the gateways; the other one speaks TLS in any case."""
    media: dict[str, object] = field(default_factory=dict)
    """Of the interface toward the front ends."""
    media_is_known: bool = False
    rtp_ports: tuple[int, int] | None = None
    comments: list[str] = field(default_factory=list)


def server_of(
    items: Sequence[Item],
    doors: Collection[tuple[Transport, bool]],
    places: Placeholders,
    known: Known,
    told: Told,
) -> ServerDraft:
    """Return the interfaces with a listener for each transport, by IPv6 or not, that a target needs."""
    server = next((item for item in items if item.kind is Kind.SERVER), None)
    inside, outside = known.inside or places.address(), known.outside or places.address()
    front_ends = known.front_ends or (_like(inside, places),)
    ports = dict(_DEFAULT_PORTS)
    draft = ServerDraft(
        known,
        [],
        [f"sip:{host}:{FRONT_END_PORT};transport=tls" for host in front_ends],
        [],
        needs_certificate=False,
    )
    draft.media, draft.media_is_known = internal_media(items, told)
    port = _server(server, ports, draft, told) if server is not None else SERVER_PORT
    draft.internal_listen = [f"tls:{inside}:{port}"]
    if any((":" in host) != (":" in inside) for host in front_ends):
        draft.internal_listen.append(f"tls:{_other_family(inside, places)}:{port}")
        told.fill_in("", "internal.listen", "an address of the other family must be filled in")
    for transport, is_ipv6 in sorted(doors):
        host = outside if is_ipv6 == (":" in outside) else _other_family(outside, places)
        if host != known.outside:
            told.fill_in("", "gateway.listen", "the address of this machine outside must be filled in")
        draft.gateway_listen.append(f"{transport}:{host}:{ports[transport]}")
        draft.needs_certificate |= transport is Transport.TLS
    _to_fill_in(draft, told)
    return draft


def _server(server: Item, ports: dict[Transport, int], draft: ServerDraft, told: Told) -> int:
    """Take the ports of the Mediation Server; return the one toward the front ends."""
    port = _port(server, "SipServerPort", SERVER_PORT, told)
    ports[Transport.TLS] = _port(server, "SipClientTlsPort", ports[Transport.TLS], told)
    ports[Transport.TCP] = _port(server, "SipClientTcpPort", ports[Transport.TCP], told)
    draft.rtp_ports = _rtp_ports(server, told)
    draft.comments.append(f"there: {server.identity}")
    here = {
        "Identity": "listen, on another machine", "SipServerPort": str(port),
        "SipClientTlsPort": str(ports[Transport.TLS]), "SipClientTcpPort": str(ports[Transport.TCP]),
    }  # fmt: skip
    if draft.rtp_ports:
        here["AudioPortStart"], here["AudioPortCount"] = str(draft.rtp_ports[0]), f"to {draft.rtp_ports[1]}"
    told.rows += rows_of(server, SERVER, f"Mediation Server {server.identity}", here)
    return port


def _like(host: str, places: Placeholders) -> str:
    """A placeholder of the same family."""
    return _PLACEHOLDERS_IPV6[1] if ":" in host else places.address()


def _other_family(host: str, places: Placeholders) -> str:
    return places.address() if ":" in host else _PLACEHOLDERS_IPV6[0]


def _to_fill_in(draft: ServerDraft, told: Told) -> None:
    known = draft.known
    sides = ["internal", "gateway"] if draft.needs_certificate else ["internal"]
    lacking = [
        ("internal.listen", "the address of this machine inside", known.inside),
        ("internal.targets", "the front-end servers", known.front_ends),
    ]
    for side in sides:
        lacking += [
            (f"{side}.tls.certificate", "the certificate of this machine", known.certificate),
            (f"{side}.tls.private_key", "its key", known.private_key),
            (f"{side}.tls.authorities", "whose certificates peers have", known.authorities),
        ]
    for key, what, given in lacking:
        if not given:
            told.fill_in("", key, f"{what} must be filled in")


def _number(server: Item, name: str) -> int:
    text = server.found.text(name).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _port(server: Item, name: str, default: int, told: Told) -> int:
    number = _number(server, name)
    if 0 < number < 65536:
        return number
    if server.found.has(name) and server.found.text(name).strip() not in ("", "0"):
        told.lost(server.place, f"{server.identity}: {name}", f'"{server.found.text(name)[:40]}" is no port')
    return default


def _rtp_ports(server: Item, told: Told) -> tuple[int, int] | None:
    """From an even port to an odd one; None where there is no such range."""
    first, count = _number(server, "AudioPortStart"), _number(server, "AudioPortCount")
    if not first and not count:
        return None
    first = max(first + first % 2, _LEAST_RTP_PORT)
    last = min(_number(server, "AudioPortStart") + count - 1, 65535)
    last -= last % 2 == 0
    if first >= last:
        told.lost(server.place, f"{server.identity}: AudioPortStart", "there is no such range of ports")
        return None
    return first, last
