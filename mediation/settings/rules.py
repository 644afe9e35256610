"""Rules between settings: what each value alone cannot know. Every quarrel names both places."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from itertools import chain
from typing import Final

from mediation.settings.addresses import family, spelled
from mediation.settings.connection_rules import broken_connection_rules
from mediation.settings.draft import EACH, Draft
from mediation.settings.identity import HeaderAction, SendIdentity
from mediation.settings.kept import Secret
from mediation.settings.number_rules import broken_number_rules
from mediation.settings.places import Listener, NamedTarget, Target, bracketed
from mediation.settings.policy_rules import broken_policy_rules
from mediation.settings.positions import Path
from mediation.settings.problems import Fault
from mediation.settings.recording_rules import broken_recording_rules
from mediation.settings.registration_rules import registration_agrees
from mediation.settings.route_rules import broken_route_rules
from mediation.settings.screening_rules import broken_screening_rules
from mediation.settings.secrecy import keys_have_a_way
from mediation.settings.site_rules import broken_site_rules
from mediation.settings.source_rules import broken_source_rules
from mediation.settings.words import http_endpoint
from mediation.sip.flow import Transport

SIDES: Final = ("internal", "gateway")

_UNIQUE_LISTS: Final[tuple[Path, ...]] = (
    ("internal", "targets"),
    ("internal", "trusted"),
    ("internal", "trusted_names"),
    ("internal", "codecs"),
    ("trunk", EACH, "targets"),
    ("trunk", EACH, "trusted"),
    ("trunk", EACH, "trusted_names"),
    ("trunk", EACH, "codecs"),
    ("trunk", EACH, "failover_codes"),
    ("trunk", EACH, "failover_causes"),
    ("internal", "media", "srtp_suites"),
    ("trunk", EACH, "media", "srtp_suites"),
    ("internal", "tls", "peers"),
    ("gateway", "tls", "peers"),
    ("route", EACH, "trunks"),
    ("recording", "formats"),
    ("recording", "rule", EACH, "trunks"),
    ("recording", "rule", EACH, "sites"),
)


def broken_rules(draft: Draft) -> Iterator[Fault]:
    """Return every rule that the draft breaks."""
    return chain(
        _ports_in_pairs(draft),
        _ports_apart(draft),
        _listeners_apart(draft),
        _listeners_outside_ports(draft),
        _targets_reachable(draft),
        _certificates_given(draft),
        _tls_names_agree(draft),
        names_differ(draft, "trunk"),
        names_differ(draft, "site"),
        broken_site_rules(draft),
        broken_connection_rules(draft),
        broken_source_rules(draft),
        _locals_listen(draft),
        broken_route_rules(draft),
        lists_without_repetition(draft, _UNIQUE_LISTS),
        _timers_in_order(draft),
        _user_with_password(draft),
        _metrics_apart(draft),
        _identity_agrees(draft),
        broken_screening_rules(draft),
        _header_values_set(draft),
        _responses_are_named(draft),
        broken_number_rules(draft),
        keys_have_a_way(draft),
        registration_agrees(draft),
        broken_recording_rules(draft),
        broken_policy_rules(draft),
    )


def _ports_in_pairs(draft: Draft) -> Iterator[Fault]:
    """RTP on an even port, RTCP on the next odd one (RFC 3550 section 11)."""
    for side in SIDES:
        for path, ports in draft.each((side, "rtp_ports"), tuple):
            match ports:
                case (int(first), int(last)) if first >= last:
                    yield Fault(path, f"{first} is not below {last}", "write the first and the last port")
                case (int(first), int(last)):
                    if first % 2:
                        message = f"{first} is odd, and RTP begins on an even port"
                        yield Fault((*path, 0), message, f"write {first + 1}")
                    if last % 2 == 0:
                        message = f"{last} is even, and the last RTCP port is odd"
                        yield Fault((*path, 1), message, f"write {last - 1}")


def _ports_apart(draft: Draft) -> Iterator[Fault]:
    hosts = [{listener.host for _, listener in draft.listeners(side)} for side in SIDES]
    shared = hosts[0] & hosts[1]
    internal, gateway = (draft.value((side, "rtp_ports"), tuple) for side in SIDES)
    if not shared or internal is None or gateway is None:
        return
    if internal[0] <= gateway[1] and gateway[0] <= internal[1]:
        message = f"the RTP ports of both interfaces overlap, and both use {min(shared)}"
        remedy = "keep the two ranges apart, or use another address for one interface"
        yield Fault(("gateway", "rtp_ports"), message, remedy, related=("internal", "rtp_ports"))


def _listeners_apart(draft: Draft) -> Iterator[Fault]:
    first: dict[Listener, Path] = {}
    for path, listener in chain.from_iterable(draft.listeners(side) for side in SIDES):
        other = _as_socket(listener)
        if other in first:
            yield Fault(
                path, f"{listener.socket} is listened on already", "remove one of them", related=first[other]
            )
        first.setdefault(other, path)


def _as_socket(listener: Listener) -> Listener:
    """TLS is spoken over TCP, and a port of TCP has room for one of them; names take no room."""
    tls = listener.transport is Transport.TLS
    return Listener(Transport.TCP if tls else listener.transport, *listener.endpoint)


def _listeners_outside_ports(draft: Draft) -> Iterator[Fault]:
    listeners = [found for side in SIDES for found in draft.listeners(side)]
    for side in SIDES:
        ports = draft.value((side, "rtp_ports"), tuple)
        hosts = {listener.host for _, listener in draft.listeners(side)}
        if ports is None:
            continue
        for path, listener in listeners:
            taken = listener.transport is Transport.UDP and listener.host in hosts
            if taken and ports[0] <= listener.port <= ports[1]:
                message = f"port {listener.port} is one of the RTP ports of [{side}] on the same address"
                remedy = "choose a port outside the range, or move the range"
                yield Fault(path, message, remedy, related=(side, "rtp_ports"))


def _targets_reachable(draft: Draft) -> Iterator[Fault]:
    yield from _targets_of(draft, ("internal",), "internal")
    for trunk in draft.trunks():
        yield from _targets_of(draft, trunk, "gateway")


def _targets_of(draft: Draft, holder: Path, side: str) -> Iterator[Fault]:
    listeners = [listener for _, listener in draft.doors(holder)]
    own: dict[str, Path] = {}
    for path, listener in chain.from_iterable(draft.listeners(each) for each in SIDES):
        for host, port in (listener.advertised, listener.endpoint):
            own[spelled(Listener(listener.transport, host, port))] = path
    complete = draft.sound((side, "listen")) and bool(listeners)
    doors = {(listener.transport, family(listener.host)) for listener in listeners}
    for path, target in draft.targets(holder):
        wanted = (target.transport, family(target.host))
        if spelled(target) in own:
            message = "this target is our own listener: a call would come back to us"
            yield Fault(path, message, "give the other server's address", related=own[spelled(target)])
        elif complete and wanted not in doors:
            message = f"[{side}] has no listener for {target.transport} over {wanted[1]}"
            same = [bracketed(each.host) for each in listeners if family(each.host) == wanted[1]]
            place = same[0] if same else "ADDRESS" if wanted[1] == "IPv4" else "[ADDRESS]"
            remedy = f'add "{target.transport}:{place}:{target.transport.default_port}" to {side}.listen'
            yield Fault(path, message, remedy, related=(side, "listen"))
    for path, named in draft.named(holder):
        needed = named.spoken
        if complete and needed is not None and needed not in {transport for transport, _ in doors}:
            message = f"[{side}] has no listener for {needed}"
            remedy = f'add "{needed}:ADDRESS:{needed.default_port}" to {side}.listen'
            yield Fault(path, message, remedy, related=(side, "listen"))


def _certificates_given(draft: Draft) -> Iterator[Fault]:
    """TLS takes a certificate and its key, in both roles: a peer may ask for ours whoever has connected."""
    for side in SIDES:
        table = (side, "tls")
        certificate, key = (draft.value((*table, name), str) for name in ("certificate", "private_key"))
        if certificate is None or key is None:
            continue
        if bool(certificate) != bool(key):
            given, missing = ("certificate", "private_key") if certificate else ("private_key", "certificate")
            message = f"{given} is given, and {missing} is not"
            yield Fault((*table, given), message, f"add {missing} to [{side}.tls]")
        if certificate or key:
            continue
        speakers = (path for path, each in draft.listeners(side) if each.transport is Transport.TLS)
        if (first := next(speakers, None)) is not None:
            message = f"TLS needs a certificate, and [{side}.tls] has none"
            yield Fault(first, message, f"add [{side}.tls] with certificate and private_key")


def _tls_names_agree(draft: Draft) -> Iterator[Fault]:
    """One server has one name, whichever trunk a call takes to it."""
    first: dict[object, tuple[str, Path]] = {}
    for trunk in draft.trunks():
        name = draft.value((*trunk, "tls_name"), str)
        if name is None:
            continue
        for path, target in draft.targets(trunk):
            if target.transport is not Transport.TLS:
                continue
            other, place = first.setdefault(target.endpoint, (name.lower(), path))
            if other != name.lower():
                message = "another trunk expects another tls_name of this server"
                yield Fault(path, message, "give both trunks the same tls_name", related=place)


def names_differ(draft: Draft, kind: str) -> Iterator[Fault]:
    """Tables of one kind, such as `trunk`, are known by their names."""
    first: dict[str, Path] = {}
    for path, name in draft.each((kind, EACH, "name"), str):
        if name in first:
            message = f'another {kind} is called "{name}" already'
            yield Fault(path, message, f"give each {kind} a name of its own", related=first[name])
        first.setdefault(name, path)


def _locals_listen(draft: Draft) -> Iterator[Fault]:
    """A trunk is spoken with by sockets that there are."""
    if not draft.sound(("gateway", "listen")):
        return
    known = {listener.socket for _, listener in draft.listeners("gateway")}
    for path, listener in draft.each(("trunk", EACH, "local", EACH), Listener):
        if listener.socket not in known:
            message = f"[gateway] does not listen at {listener.socket}"
            yield Fault(
                path, message, f"give one of {', '.join(sorted(known))}", related=("gateway", "listen")
            )


def lists_without_repetition(draft: Draft, patterns: Iterable[Path]) -> Iterator[Fault]:
    """What stands in a list twice is a mistake, or does nothing."""
    for pattern in patterns:
        for holder, _ in draft.each(pattern, tuple):
            first: dict[object, Path] = {}
            for path, item in draft.each((*holder, EACH), object):
                same = _same(item)
                if same in first:
                    yield Fault(path, f"{item} stands in this list twice", "remove it", related=first[same])
                first.setdefault(same, path)


def _same(item: object) -> object:
    """What makes two items of a list the same one."""
    match item:
        case Target():
            return spelled(item)
        case NamedTarget():
            return item.sought
        case _:
            return item


def _timers_in_order(draft: Draft) -> Iterator[Fault]:
    pairs = (
        ("sip", "t1_ms", "t2_ms"),
        ("sip", "ring_limit_s", "setup_limit_s"),
        ("dns", "min_ttl_s", "max_ttl_s"),
    )
    for table, low, high in pairs:
        least, most = (draft.value((table, key), int) for key in (low, high))
        if least is not None and most is not None and least > most:
            given = draft.each((table, high), int)
            shown, other = (high, low) if any(True for _ in given) else (low, high)
            message = f"{low} is {least} and {high} is {most}"
            yield Fault((table, shown), message, f"raise {high} or lower {low}", related=(table, other))


def _user_with_password(draft: Draft) -> Iterator[Fault]:
    """A challenge is answered with both or not at all (RFC 7616)."""
    for trunk in draft.trunks():
        user, password = (*trunk, "username"), (*trunk, "password")
        name, secret = draft.value(user, str), draft.value(password, Secret)
        if name and secret is not None and not secret.text:
            yield Fault(user, "a user name without a password", 'add password = "file:PATH"')
        if name == "" and secret is not None and secret.text:
            yield Fault(password, "a password without a user name", "add username")
        demands = (*trunk, "authenticate")
        if name == "" and draft.value(demands, bool):
            yield Fault(demands, "nothing to check its calls against", "add username and password")


def _metrics_apart(draft: Draft) -> Iterator[Fault]:
    """HTTP is spoken over TCP as well, on any address or on one."""
    place = ("metrics", "listen")
    text = draft.value(place, str)
    if not text:
        return
    host, port = http_endpoint(text)
    for path, listener in chain.from_iterable(draft.listeners(side) for side in SIDES):
        same = ip_address(host).is_unspecified or host == listener.host
        if listener.transport is not Transport.UDP and same and port == listener.port:
            message = f"{listener.socket} takes SIP at this port"
            yield Fault(place, message, "choose another port, usually 9464", related=path)


def _identity_agrees(draft: Draft) -> Iterator[Fault]:
    """What is not asserted at all, or to nobody who may hear it, cannot be kept on a forwarded call."""
    for trunk in draft.trunks():
        table = (*trunk, "identity")
        send = draft.value((*table, "send"), SendIdentity)
        for key in ("keep_pai_on_anonymous_forward", "accept_peer_pai_on_forward"):
            if draft.value((*table, key), bool) and send is SendIdentity.OFF:
                message = "nothing is asserted to this trunk, so that nothing can be kept"
                yield Fault((*table, key), message, 'add send = "pai"', related=(*table, "send"))
        keep = (*table, "keep_pai_on_anonymous_forward")
        if draft.value(keep, bool) and draft.value((*table, "reveal"), bool) is False:
            message = "callers who want to be hidden are not revealed to this trunk"
            yield Fault(keep, message, "add reveal = true", related=(*table, "reveal"))


def _header_values_set(draft: Draft) -> Iterator[Fault]:
    """A value is for `set`, and `set` takes one."""
    for holder in ("internal", "trunk"):
        pattern = (holder, "header", EACH) if holder == "internal" else (holder, EACH, "header", EACH)
        for path, _ in draft.each(pattern, dict):
            action = draft.value((*path, "action"), HeaderAction)
            value = draft.value((*path, "value"), str)
            if action is HeaderAction.SET and value == "":
                yield Fault((*path, "action"), "there is no value to set", 'add value = "TEXT"')
            elif action in (HeaderAction.PASS, HeaderAction.DROP) and value:
                yield Fault(
                    (*path, "value"), f'"{action}" takes no value', 'write action = "set", or remove it'
                )


def _responses_are_named(draft: Draft) -> Iterator[Fault]:
    """A rule that says neither would turn every failure into the same one."""
    for path, rule in draft.each(("trunk", EACH, "response", EACH), dict):
        if draft.sound(path) and not rule.get("status") and rule.get("cause", -1) == -1:
            yield Fault(path, "neither status nor cause says which responses are meant", "give one of them")
