"""Listeners, targets and networks: from the file's spelling to values of the model.

Nothing here asks the DNS: names of targets are looked up while the server runs, and listeners and networks have none.
"""

import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from mediation.settings.places import AnyTarget, Listener, NamedTarget, Network, Target, bracketed
from mediation.settings.words import UnfitError
from mediation.sip.flow import Transport
from mediation.sip.locating import Sought

_NO_NAMES: Final = "give the IP address: names are taken for targets alone"
_TRANSPORTS: Final = frozenset(Transport)
_NO_WEB: Final = "use udp, tcp or tls"
_TARGET_FORM: Final = (
    '"sip:ADDRESS:PORT" or "sip:NAME", with ";transport=tcp" or ";transport=tls" behind it where UDP is '
    "not meant"
)
_LISTENER_FORM: Final = '"udp:ADDRESS:PORT", "tcp:ADDRESS:PORT" or "tls:ADDRESS:PORT"'
_NAMED_FORM: Final = (
    '"udp:ADDRESS:PORT as NAME audio ADDRESS on INTERFACE", where the name may have a ":PORT" of its own'
)
_LONGEST_NAME: Final = 253
_LONGEST_LABEL: Final = 63
_HOST_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_DEVICE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_FEW_DIGITS: Final = re.compile(r"[0-9]{1,3}")

_Address = IPv4Address | IPv6Address


def parse_listener(text: str) -> Listener:
    """Parse `udp:192.0.2.1:5060`, `tls:[2001:db8::1] as sbc.example.com`; port 5060 unless given, 5061 for TLS.

    UnfitError otherwise.
    """
    socket, *names = text.split() or [text]
    listener = _parse_socket(socket if names else text)
    while names:
        keyword, *names = names
        if keyword == "as" and not listener.advertised_host and names:
            listener = _advertised(listener, names.pop(0))
        elif keyword == "audio" and not listener.audio_address and names:
            listener = replace(listener, audio_address=_audio_address(listener, names.pop(0)))
        elif keyword == "on" and not listener.device and names:
            listener = replace(listener, device=_device(names.pop(0)))
        else:
            raise UnfitError(f'"{keyword}" is not expected here', f"write {_NAMED_FORM}")
    return listener


def _advertised(listener: Listener, text: str) -> Listener:
    """The listener under the name that peers are to call it by."""
    host, port = _host_and_port(text, _NAMED_FORM, listener.transport)
    if _HOST_NAME.fullmatch(host) is None:
        host = str(_outside_address(listener, host))
    elif len(host) > _LONGEST_NAME:
        raise UnfitError(f"the name has {len(host)} characters", f"no domain has more than {_LONGEST_NAME}")
    given = text.rpartition("]")[2].count(":") == 1
    return replace(listener, advertised_host=host, advertised_port=port if given else 0)


def _audio_address(listener: Listener, text: str) -> str:
    if _HOST_NAME.fullmatch(text):
        remedy = "give the IP address: few peers would understand a name in SDP"
        raise UnfitError(f'"{text}" is a host name', remedy)
    return str(_outside_address(listener, text.removeprefix("[").removesuffix("]")))


def _device(text: str) -> str:
    if _DEVICE.fullmatch(text) is None:
        raise UnfitError(
            f'"{text}" is no name of a network interface', 'write it as `ip link` shows it: "wg0"'
        )
    return text


def _outside_address(listener: Listener, text: str) -> _Address:
    """An address that stands for the listener's own, and so is of its family."""
    address = _address(text)
    _single_host(address)
    if address.is_unspecified:
        raise UnfitError(f"{address} is nobody's address", "give the address that peers reach us by")
    if family(str(address)) != family(listener.host):
        message = f"{address} is {family(str(address))}, and the listener is {family(listener.host)}"
        raise UnfitError(message, "give an address of the same kind, or a listener of the other kind")
    return address


def _parse_socket(text: str) -> Listener:
    scheme, colon, rest = text.partition(":")
    lowered = scheme.lower()
    if lowered in {"ws", "wss"} and colon:
        raise UnfitError(f'"{lowered}" is no transport of this release', _NO_WEB)
    if lowered == "sips" and colon:
        raise UnfitError('"sips:" begins a URI, and a listener is none', 'write "tls:ADDRESS:PORT"')
    if lowered == "sip" and colon:
        raise UnfitError("a listener is no SIP URI", f"write {_LISTENER_FORM}")
    if lowered not in _TRANSPORTS or not colon:
        raise UnfitError(f'"{text}" does not begin with udp:, tcp: or tls:', f"write {_LISTENER_FORM}")
    transport = Transport(lowered)
    host, port = _host_and_port(rest, _LISTENER_FORM, transport)
    address = _address(host)
    if address.is_unspecified:
        raise UnfitError(
            f"{address} means every address of this machine",
            "name one address: it stands in our Via, Contact and SDP; add further addresses one by one",
        )
    _single_host(address)
    return Listener(transport, str(address), port)


def parse_target(text: str) -> AnyTarget:
    """Parse `sip:192.0.2.9`, `sip:[2001:db8::9]:5070;transport=tcp`, `sip:sbc.itsp.example`, `sips:itsp.example`.

    For an address, UDP and 5060 (TLS: 5061) unless given. UnfitError otherwise.
    """
    scheme, colon, rest = text.partition(":")
    lowered = scheme.lower()
    if lowered in _TRANSPORTS and colon:
        raise UnfitError(f'a target is a SIP URI, not "{lowered}:…"', f"write {_TARGET_FORM}")
    if lowered not in ("sip", "sips") or not colon:
        raise UnfitError(f'"{text}" does not begin with sip:', f"write {_TARGET_FORM}")
    if "?" in rest:
        raise UnfitError("a target has no headers", f"leave out what follows the ?; write {_TARGET_FORM}")
    place, *parameters = rest.split(";")
    user, at, place = place.rpartition("@")
    if at:
        raise UnfitError(f'a target names a server, not a user ("{user}")', f"write {_TARGET_FORM}")
    secure, transport = lowered == "sips", _transport(parameters)
    if secure and transport is not None and transport is not Transport.TLS:
        raise UnfitError(
            f'"sips:" is never spoken over {transport}', 'write "sip:", or leave the transport out'
        )
    spoken = Transport.TLS if secure else transport or Transport.UDP
    host, port = _host_and_port(place, _TARGET_FORM, spoken)
    if _HOST_NAME.fullmatch(host) is not None:
        given = port if place.rpartition("]")[2].count(":") == 1 else None
        return NamedTarget(text, Sought(_domain(host), given, transport, secure))
    address = _address(host)
    if address.is_unspecified:
        raise UnfitError(f"{address} is nobody's address", "give the address of the server")
    _single_host(address)
    return Target(text, str(address), port, spoken)


def _domain(text: str) -> str:
    """A name as the DNS has it."""
    name = text.removesuffix(".").lower()
    if len(name) > _LONGEST_NAME or any(len(label) > _LONGEST_LABEL for label in name.split(".")):
        message = f"the name has {len(name)} characters, or more than {_LONGEST_LABEL} between two dots"
        raise UnfitError(message, f"no domain has more than {_LONGEST_NAME}")
    return name


def parse_network(text: str) -> Network:
    """Parse an address or a network, `192.0.2.1` or `192.0.2.0/24`. UnfitError otherwise."""
    host, slash, length = text.partition("/")
    if host.startswith("[") and host.endswith("]"):
        raise UnfitError("an IPv6 address here has no brackets", f'write "{host[1:-1]}{slash}{length}"')
    if ":" in host and "." in host and "::" not in host:
        raise UnfitError(
            f'"{text}" has a port or a transport', "give the address alone: every port of it is trusted"
        )
    address = _address(host)
    if not slash:
        return ip_network(address)
    widest = address.max_prefixlen
    if _FEW_DIGITS.fullmatch(length) is None or int(length) > widest:
        raise UnfitError(
            f'"/{length}" is no prefix length', f"write a number from 0 to {widest}, such as /24"
        )
    network = ip_network(f"{address}/{int(length)}", strict=False)
    if network.network_address != address:
        raise UnfitError(
            f"{address} is not the first address of a /{int(length)}",
            f'write "{network}" for the network or "{address}" for the one address',
        )
    return network


def _host_and_port(text: str, form: str, transport: Transport) -> tuple[str, int]:
    if text.startswith("["):
        host, closing, rest = text[1:].partition("]")
        if not closing:
            raise UnfitError("the bracket of the IPv6 address is not closed", f"write {form}")
        if not rest:
            return host, transport.default_port
        if not rest.startswith(":"):
            raise UnfitError(f'"{rest}" follows the address', f"write {form}")
        return host, _port(rest[1:], transport)
    if text.count(":") > 1:
        raise UnfitError("an IPv6 address stands in brackets", _bracket_remedy(text))
    host, colon, port = text.partition(":")
    if not host:
        raise UnfitError("the address is missing", f"write {form}")
    return host, _port(port, transport) if colon else transport.default_port


def _bracket_remedy(text: str) -> str:
    """Guess which IPv6 address was meant, for the remedy alone."""
    host, _, port = text.rpartition(":")
    whole, split = (text, ""), (host, f":{port}")
    for guess, ending in (split, whole) if len(port) > 3 and port.isdecimal() else (whole, split):
        try:
            return f"write [{IPv6Address(guess)}]{ending}"
        except ValueError:
            continue
    return 'write, for example, "udp:[2001:db8::1]:5060"'


def _port(text: str, transport: Transport) -> int:
    if _PORT.fullmatch(text) is None or not 1 <= int(text) <= 65535:
        raise UnfitError(
            f'"{text}" is no port', f"give a number from 1 to 65535, usually {transport.default_port}"
        )
    return int(text)


def _address(text: str) -> _Address:
    if "%" in text:
        raise UnfitError(
            f'"{text}" has a zone', "give an address that needs none: link-local ones are not served"
        )
    try:
        address = ip_address(text)
    except ValueError:
        if _HOST_NAME.fullmatch(text):
            raise UnfitError(f'"{text}" is a host name', _NO_NAMES) from None
        remedy = "write an IPv4 address such as 192.0.2.1 or an IPv6 address such as 2001:db8::1"
        raise UnfitError(f'"{text}" is no IP address', remedy) from None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        raise UnfitError(f"{text} is an IPv4 address in disguise", f"write {address.ipv4_mapped}")
    return address


def _single_host(address: _Address) -> None:
    if address.is_multicast or address == IPv4Address("255.255.255.255"):
        raise UnfitError(f"{address} is an address of many", "give the address of one machine")


def _transport(parameters: list[str]) -> Transport | None:
    found: Transport | None = None
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.lower() != "transport":
            raise UnfitError(f'";{parameter}" means nothing on a target', f"write {_TARGET_FORM}")
        if found is not None:
            raise UnfitError("the transport is given twice", f"write {_TARGET_FORM}")
        if value.lower() in {"ws", "wss"}:
            raise UnfitError(f'"{value}" is no transport of this release', _NO_WEB)
        if value.lower() not in _TRANSPORTS:
            raise UnfitError(
                f'"{value}" is no transport', 'write ";transport=udp", ";transport=tcp" or ";transport=tls"'
            )
        found = Transport(value.lower())
    return found


def covers(wide: Network, narrow: Network) -> bool:
    """Whether two networks have an address in common."""
    if isinstance(wide, IPv6Network) or isinstance(narrow, IPv6Network):
        return isinstance(wide, IPv6Network) and isinstance(narrow, IPv6Network) and wide.overlaps(narrow)
    return wide.overlaps(narrow)


def family(host: str) -> str:
    """Return `IPv4` or `IPv6`."""
    return "IPv6" if ":" in host else "IPv4"


def spelled(target: Target | Listener) -> str:
    """Return a target as a listener would be spelled, for comparison and messages."""
    return f"{target.transport}:{bracketed(target.host)}:{target.port}"
