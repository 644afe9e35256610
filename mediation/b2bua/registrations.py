"""The registrations of all trunks that register: what is asked for, what is told, and how each trunk stands."""

from collections.abc import Callable, Mapping
from functools import partial

from mediation.b2bua.outputs import Fact, Level
from mediation.routing.directory import Directory
from mediation.routing.routes import listener_for
from mediation.routing.terms import Terms
from mediation.routing.trunk import Standing, TrunkState
from mediation.settings.model import Settings
from mediation.settings.places import Listener, Target
from mediation.settings.trunks import Trunk
from mediation.sip.agent import Agent
from mediation.sip.digest_client import DigestClient
from mediation.sip.flow import Flow
from mediation.sip.grammar import print_host
from mediation.sip.registration import Registration
from mediation.sip.registration_events import (
    Bound,
    Denied,
    Ended,
    Intent,
    Lapsed,
    Left,
    Registrar,
    Resting,
    Setback,
    Tidings,
)
from mediation.sip.uri import SipUri, parse_uri

SPACING_S = 0.05
"""Between the first requests of two trunks, so that many of them do not begin in one burst."""


class Registrations:
    """Those of one configuration."""

    def __init__(
        self,
        agent: Agent,
        settings: Settings,
        trunks: Mapping[str, TrunkState],
        directory: Directory,
        emit: Callable[[Fact], None],
    ) -> None:
        """`trunks` learn how they stand; `directory` knows where their targets are."""
        self._trunks = trunks
        self._directory = directory
        self._emit = emit
        self._of: dict[Registration, Trunk] = {}
        self._targets: dict[Registrar, Target] = {}
        for trunk in settings.trunks:
            if trunk.registration.is_on and trunk.enabled:
                credentials = Terms.of(trunk).credentials
                digest = DigestClient(*(() if credentials is None else (credentials,)))
                intent = intent_of(trunk, settings.sip.user_agent)
                registrars = partial(self._registrars, trunk.name, settings.listeners_of(trunk))
                self._of[Registration(agent, self, intent, registrars, digest)] = trunk
                trunks[trunk.name].standing = Standing(trunk.registration.required)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of any."""
        return all(registration.is_over for registration in self._of)

    @property
    def standings(self) -> Mapping[str, bool]:
        """The trunks that register, and whether each is registered."""
        return {trunk.name: registration.holder is not None for registration, trunk in self._of.items()}

    def begin(self, now: float) -> None:
        """Register."""
        for index, registration in enumerate(self._of):
            registration.begin(now, index * SPACING_S)

    def stop(self, now: float) -> None:
        """Give all back."""
        for registration in self._of:
            registration.stop(now)

    def abandon(self) -> None:
        """Forget those that could not be given back in time."""
        for registration, trunk in self._of.items():
            if not registration.is_over:
                registration.abandon()
                self._tell("trunk.unregistered", Level.INFO, trunk, _why(Setback("no-response")))

    def lost(self, flow: Flow, now: float) -> None:
        """Whoever is there is not reached, or reaches us by this connection no more (RFC 5626 section 4.4)."""
        for registration in self._of:
            holder = registration.holder
            if holder is not None and (flow.transport, flow.local, flow.remote) == (
                holder.flow.transport,
                holder.flow.local,
                holder.flow.remote,
            ):
                registration.suspect(now)

    def moved(self, trunk: str, now: float) -> None:
        """The names of a trunk stand for other addresses: who holds its registration may be gone."""
        known = self._directory.sought(trunk)
        for registration, of in self._of.items():
            holder = registration.holder
            if of.name == trunk and holder is not None and self._targets[holder] not in known:
                registration.suspect(now)

    def slept(self, now: float) -> None:
        """The machine has slept, and its clock with it: what was granted may be over."""
        for registration in self._of:
            registration.suspect(now)

    def registration_told(self, registration: Registration, tidings: Tidings, now: float) -> None:
        """One of them has news (mediation.sip.registration.RegistrationUser)."""
        del now
        trunk = self._of[registration]
        match tidings:
            case Bound():
                self._bound(trunk, tidings)
            case Left(registrar, setback):
                fields = {"target": registrar.name, **_why(setback)}
                self._tell("trunk.registrar_failed", Level.INFO, trunk, fields)
            case Resting(setback, retry_s):
                fields = {**_why(setback), "retry_in_s": round(retry_s)}
                self._tell("trunk.registration_failed", Level.WARNING, trunk, fields)
            case Denied(registrar, setback, retry_s):
                fields = {"target": registrar.name, **_why(setback), "retry_in_s": round(retry_s)}
                self._tell("trunk.registration_refused", Level.WARNING, trunk, fields)
            case Lapsed():
                self._stand(trunk, None)
                self._tell("trunk.registration_lost", Level.WARNING, trunk, {})
            case Ended(setback):
                self._stand(trunk, None)
                fields = {} if setback is None else _why(setback)
                self._tell("trunk.unregistered", Level.INFO, trunk, fields)

    def _bound(self, trunk: Trunk, bound: Bound) -> None:
        grant = bound.grant
        route = grant.service_route if trunk.registration.service_route else ()
        self._stand(trunk, self._targets[bound.registrar], route)
        name = "trunk.registration_renewed" if bound.renewed else "trunk.registered"
        level = Level.DEBUG if bound.renewed else Level.INFO
        fields = {
            "target": bound.registrar.name,
            "expires_s": grant.expires_s,
            "associated": len(grant.associated),
        }
        self._tell(name, level, trunk, fields)

    def _stand(self, trunk: Trunk, target: Target | None, route: tuple[str, ...] = ()) -> None:
        self._trunks[trunk.name].standing = Standing(trunk.registration.required, target, route)

    def _tell(self, name: str, level: Level, trunk: Trunk, fields: Mapping[str, object]) -> None:
        self._emit(Fact(name, level, {"trunk": trunk.name, **fields}))

    def _registrars(self, trunk: str, listeners: tuple[Listener, ...]) -> tuple[Registrar, ...]:
        """The targets of a trunk, as they are known now."""
        found: dict[Registrar, Target] = {}
        for target in self._directory.sought(trunk):
            listener = listener_for(target, listeners)
            if listener is not None:
                flow = Flow(target.transport, listener.endpoint, target.endpoint)
                found[Registrar(target.uri, flow)] = target
        self._targets.update(found)
        return tuple(found)


def _why(setback: Setback) -> dict[str, object]:
    return {"status": setback.status, "reason": setback.reason}


def intent_of(trunk: Trunk, product: str) -> Intent:
    """What a trunk that registers asks for; `product` is our User-Agent."""
    registration = trunk.registration
    registrar = registration.registrar
    if not registrar:
        uri = parse_uri(registration.address_of_record)
        registrar = (
            f"sip:{print_host(uri.host, uri.port)}"
            if isinstance(uri, SipUri)
            else registration.address_of_record
        )
    return Intent(
        address_of_record=registration.address_of_record,
        registrar=registrar,
        contact_user=registration.contact_name,
        bulk=registration.bulk,
        expires_s=registration.expires_s,
        remove_others=registration.remove_others,
        retry_s=registration.retry_s,
        max_retry_s=registration.max_retry_s,
        refused_retry_s=registration.refused_retry_s,
        product=product,
    )
