"""A border controller that takes registrations, and trunks that want one."""

from dataclasses import replace
from typing import Any

from mediation.settings.kept import Secret
from mediation.settings.model import Settings
from mediation.settings.peers import Side
from mediation.settings.registration import Registration
from mediation.settings.trunks import Trunk
from mediation.sip.digest_server import Authenticated, DigestServer, Refusal
from mediation.sip.flow import Transport
from mediation.sip.message import Request
from tests.flows.peers import Peer
from tests.flows.scenery import OUTSIDE, SBC, settings, trunk
from tests.flows.world import World

USER, PASSWORD = "trunk-4711", "correct horse"
NUMBER = "+49308888000"
AOR = f"sip:{NUMBER}@itsp.example"
CONTACT = f"<sip:{NUMBER}@{OUTSIDE}:5060>"


def registering(*hosts: str, password: str = PASSWORD, trunk_terms: Any = None, **how: Any) -> Trunk:
    """A trunk that registers and has credentials; `how` are fields of its registration."""
    plain = trunk("itsp-a", *hosts, **(trunk_terms or {}))
    registration = Registration(**{"address_of_record": AOR, **how})
    return replace(plain, username=USER, password=Secret("env:X", password), registration=registration)


def registering_settings(*hosts: str, **how: Any) -> Settings:
    return settings(registering(*hosts, **how))


class Registrar:
    """One that is told what to answer."""

    def __init__(self, world: World, host: str = SBC, transport: Transport = Transport.UDP) -> None:
        self.world = world
        self.peer = Peer(world, Side.GATEWAY, host, transport=transport)
        self.server = DigestServer("itsp.example", {USER: PASSWORD}.get, b"s" * 32)

    def asked(self) -> Request:
        """The one REGISTER that has come since the last look."""
        assert self.peer.heard() == ["REGISTER"]
        return self.peer.request("REGISTER")

    def waits(self, most_s: float) -> float:
        """Let time pass until the next REGISTER comes, and return how long that was; no longer than `most_s`."""
        began, known = self.world.now, len(self.peer.received)
        while len(self.peer.received) == known:
            due = self.world.engine.next_deadline()
            assert due is not None, "nothing will come"
            assert due - began <= most_s, f"nothing has come for {most_s} s"
            self.world.advance(max(0.0, due - self.world.now))
        return self.world.now - began

    def says(self, status: int, headers: str = "") -> None:
        """Answer the latest REGISTER."""
        latest = self.peer.request("REGISTER")
        line = next(line for line in self.peer.lines if line.call_id == latest.call_id)
        self.peer.says(status, to="REGISTER", headers=headers, line=line)

    def grants(self, expires_s: int | None = 3600, *, contact: str = CONTACT, headers: str = "") -> None:
        """Register whoever asked for so long."""
        expires = "" if expires_s is None else f";expires={expires_s}"
        self.says(200, f"Contact: {contact}{expires}\r\n{headers}")

    def challenges(self, refusal: Refusal | None = None) -> None:
        """Ask who it is."""
        verdict = refusal or self.server.verify(self.peer.request("REGISTER"), now=self.world.now)
        assert not isinstance(verdict, Authenticated)
        token = self.peer.request("REGISTER").top_via.branch or ""
        fields = self.server.challenge(verdict, now=self.world.now, token=token[-16:])
        self.says(401, "".join(f"{name}: {value}\r\n" for name, value in fields))

    def is_convinced(self) -> bool:
        """Whether the latest REGISTER proves who has sent it."""
        verdict = self.server.verify(self.peer.request("REGISTER"), now=self.world.now)
        return verdict == Authenticated(USER)


def told(world: World, *names: str) -> list[dict[str, object]]:
    """What was told under one of these names, in order."""
    return [dict(fact.fields) for fact in world.facts if fact.name in names]
