"""Peers, messages and passages for the tests of what crosses."""

from mediation.b2bua.passage import Passage
from mediation.b2bua.policy import crossing_response, invited
from mediation.routing.terms import Terms
from mediation.sdp.capabilities import Capabilities
from mediation.settings.identity import HeaderRule, Identity, InternalIdentity, TrunkIdentity
from mediation.settings.peers import Side
from mediation.sip.headers import Headers
from mediation.sip.message import Request

CAPABILITIES = Capabilities(("PCMU",), True, 20)
CALLER = '"Ann" <sip:+15550100@far.example;user=phone>;tag=x'
US = "us.example:5060"


def front_end(identity: Identity | None = None, *rules: HeaderRule) -> Terms:
    return Terms(Side.FRONT_END, CAPABILITIES, identity=identity or InternalIdentity(), headers=rules)


def gateway(identity: Identity | None = None, *rules: HeaderRule) -> Terms:
    return Terms(Side.GATEWAY, CAPABILITIES, identity=identity or TrunkIdentity(), headers=rules)


def out(identity: Identity | None = None, *rules: HeaderRule) -> Passage:
    """From a front end to a trunk of these settings."""
    return Passage(front_end(), gateway(identity, *rules), US)


def inward(identity: Identity | None = None, *rules: HeaderRule) -> Passage:
    """From a trunk of these settings to a front end."""
    return Passage(gateway(identity, *rules), front_end(), US)


def invite(*headers: tuple[str, str], from_: str = CALLER, uri: str = "sip:+4930@far.example") -> Request:
    return Request("INVITE", uri, Headers((("From", from_), *headers)))


def told(passage: Passage, *headers: tuple[str, str], from_: str = CALLER) -> dict[str, list[str]]:
    """All that the other side is told, From among it, by the name of the header."""
    said, lines = invited(invite(*headers, from_=from_), passage)
    found: dict[str, list[str]] = {"From": [said]}
    for name, value in lines:
        found.setdefault(name, []).append(value)
    return found


def told_back(passage: Passage, status: int, *headers: tuple[str, str]) -> dict[str, list[str]]:
    """The same of a response."""
    found: dict[str, list[str]] = {}
    for name, value in crossing_response(status, Headers(headers), passage):
        found.setdefault(name, []).append(value)
    return found
