"""Answers to the challenges that our requests meet (RFC 3261 section 22, RFC 7616, RFC 8760).

One `DigestClient` belongs to one leg or registration. It answers who it has credentials for and nobody else; a leg
that must never answer has none. What is decided for each realm of a 401 or 407, whatever the method of the request:

    the request carried for it   the challenge           answered so far
    nothing                      any                     0 or 1   answer
    a nonce                      the same nonce          any      give up: the password is wrong
    a nonce                      the same, stale=true    0 or 1   answer, the count goes on
    a nonce                      another nonce           0 or 1   answer, a count of its own
    anything                     anything                2        give up: a renewal did not help either

"So far" counts for one request and its repetitions. Credentials that a later request brought along unasked and that
have aged meanwhile are therefore renewed like those of a first request. Realms that we do not know are left
unanswered where another one can be answered, as in a response that gathers the challenges of several branches.
"""

from dataclasses import dataclass, field
from enum import Enum

from mediation.sip.challenge import Asker, Authorization, Challenge, escaped, unescaped
from mediation.sip.digest import AUTH, AUTH_INT, Algorithm, name_hash, proof
from mediation.sip.errors import LocalSipError
from mediation.sip.message import Request, Response

TRIES = 2
"""Answers that one request gives to one realm: the first, and one for a nonce that was renewed."""
MOST_ANSWERS = 8
"""Challenges answered in the chain of one request, whatever realms they name: proxies in line have an end."""
MOST_SPACES = 8
"""Realms remembered, and answered at a time."""
MOST_CHAINS = 32
"""Requests in flight whose challenges are counted."""
UNCHALLENGEABLE = ("ACK", "CANCEL")
"""They can not be repeated with another CSeq (RFC 3261 section 22.1)."""

Extra = tuple[tuple[str, str], ...]
"""Header fields: names and values."""
_Space = tuple[Asker, str]
"""Who asks, and the realm as between its quotes: what one set of credentials is good for."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and its password, for one realm or, with None, for any that this trunk asks about."""

    username: str
    password: str = field(repr=False)
    realm: str | None = None

    def __post_init__(self) -> None:
        for text in (self.username, self.password, self.realm or ""):
            if any(ord(letter) < 0x20 or 0xD800 <= ord(letter) < 0xE000 for letter in text):
                raise LocalSipError("a control character or half a character in credentials")
        if not self.username:
            raise LocalSipError("credentials without a user name")


class Reason(Enum):
    """Why a challenge is not answered."""

    UNCHALLENGEABLE = "unchallengeable"
    """An ACK or CANCEL was challenged, which is forbidden: to be ignored."""
    UNREADABLE = "unreadable"
    """No challenge is in it that we understand: another scheme, algorithm or protection, or a broken line."""
    FOREIGN = "foreign"
    """It asks about realms that we have no credentials for."""
    REFUSED = "refused"
    """Our credentials were refused: someone should look at user name and password."""
    ENDLESS = "endless"
    """More and more realms ask about the same request."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The request to be sent in place of the one that was challenged."""

    request: Request
    realms: tuple[str, ...]
    """Those that were answered anew."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The response is final. `realm` is one that it is about, if it names any."""

    reason: Reason
    realm: str = ""


class DigestClient:
    """Credentials, and where they were asked for.

    deviates: `nextnonce` of Authentication-Info (RFC 7616 section 3.5) is not used; a server that takes each nonce
    once says `stale=true` and costs us one more round.
    """

    __slots__ = ("_chains", "_credentials", "_sessions")

    def __init__(self, *credentials: Credentials) -> None:
        self._credentials = credentials
        self._sessions: dict[_Space, _Session] = {}
        self._chains: dict[tuple[str, int], dict[_Space, int]] = {}
        """How often each realm was answered, by Call-ID and CSeq number of the request that is in flight."""

    def authorize(self, request: Request) -> Request:
        """The request with credentials for every realm that has asked before, counts raised.

        For new requests of the same dialog or registration, so that they need not be challenged again. ACK and
        CANCEL are given back as they are: an ACK takes `credentials_of` its INVITE.
        """
        if not self._sessions or request.method in UNCHALLENGEABLE:
            return request
        headers = request.headers.without(*(asker.answer_header for asker in Asker))
        for (asker, _), session in self._sessions.items():
            headers = headers.append(asker.answer_header, session.answer(request))
        return request.replace(headers=headers)

    def challenged(
        self, response: Response, request: Request, *, sequence: int, via: str, cnonce: str
    ) -> Answer | GiveUp:
        """What to do about a 401 or 407 to `request`, which must be the request as it was sent.

        The answer is the same request with the CSeq number `sequence`, higher than any so far, the Via `via` and
        credentials (RFC 3261 section 8.1.3.5); Call-ID and tags stay. `cnonce` is a fresh token of 64 bits or more.
        """
        if response.status not in (401, 407) or sequence <= request.cseq.number:
            raise LocalSipError("no challenge, or no new sequence number")
        if request.method in UNCHALLENGEABLE:
            return GiveUp(Reason.UNCHALLENGEABLE)
        found, foreign = self._strongest(response)
        chain = self._chains.pop((request.call_id, request.cseq.number), {})
        carried = _carried(request)
        for space, session in found.items():
            challenge = session.challenge
            repeated = carried.get(space) == challenge.nonce and not challenge.stale
            if repeated or chain.get(space, 0) >= TRIES:
                return GiveUp(Reason.REFUSED, unescaped(space[1]))
        if not found:
            return GiveUp(Reason.UNREADABLE) if foreign is None else GiveUp(Reason.FOREIGN, foreign)
        if sum(chain.values()) + len(found) > MOST_ANSWERS:
            return GiveUp(Reason.ENDLESS, unescaped(next(iter(found))[1]))
        for space, session in found.items():
            self._adopt(space, session, cnonce)
            chain[space] = chain.get(space, 0) + 1
        self._chains[request.call_id, sequence] = chain
        while len(self._chains) > MOST_CHAINS:
            del self._chains[next(iter(self._chains))]
        headers = request.headers.with_("Via", via).with_("CSeq", f"{sequence} {request.method}")
        return Answer(
            self.authorize(request.replace(headers=headers)), tuple(unescaped(realm) for _, realm in found)
        )

    def _strongest(self, response: Response) -> "tuple[dict[_Space, _Session], str | None]":
        """For each realm of ours its strongest challenge, the topmost of equals; and a realm that is not ours."""
        found: dict[_Space, _Session] = {}
        foreign: str | None = None
        for asker in Asker:
            for value in response.headers.get_all(asker.challenge_header):
                for challenge in Challenge.read_all(value):
                    algorithm, qop = Algorithm.named(challenge.algorithm), _protection(challenge)
                    if algorithm is None or qop is None:
                        continue
                    credentials = self._credentials_for(unescaped(challenge.realm))
                    if credentials is None:
                        foreign = unescaped(challenge.realm)
                        continue
                    space = (asker, challenge.realm)
                    best = found.get(space)
                    if best is None and len(found) == MOST_SPACES:
                        continue
                    if best is None or algorithm.strength > best.algorithm.strength:
                        found[space] = _Session(credentials, challenge, algorithm, qop)
        return found, foreign

    def _credentials_for(self, realm: str) -> Credentials | None:
        """Those of the realm itself before those of any realm."""
        for wanted in (realm, None):
            for credentials in self._credentials:
                if credentials.realm == wanted:
                    return credentials
        return None

    def _adopt(self, space: _Space, session: "_Session", cnonce: str) -> None:
        session.cnonce = cnonce
        known = self._sessions.pop(space, None)
        if known is not None and known.continues(session):
            session.cnonce, session.count = known.cnonce, known.count
        self._sessions[space] = session
        while len(self._sessions) > MOST_SPACES:
            del self._sessions[next(iter(self._sessions))]


@dataclass(slots=True)
class _Session:
    """A realm's last challenge and how often its nonce was used."""

    credentials: Credentials
    challenge: Challenge
    algorithm: Algorithm
    qop: str
    cnonce: str = ""
    """One for as long as the nonce lasts: then no server can differ on which one a -sess secret is made of."""
    count: int = 0

    def continues(self, other: "_Session") -> bool:
        """Whether the other one is about the same nonce, used in the same way."""
        return (self.challenge.nonce, self.algorithm, self.qop) == (
            other.challenge.nonce,
            other.algorithm,
            other.qop,
        )

    def answer(self, request: Request) -> str:
        """The header value for one more request."""
        self.count += 1
        challenge, algorithm = self.challenge, self.algorithm
        count = f"{self.count:08x}" if self.qop else ""
        username, realm = self.credentials.username, unescaped(challenge.realm)
        response = proof(
            algorithm,
            username=username,
            password=self.credentials.password,
            realm=realm,
            nonce=unescaped(challenge.nonce),
            method=request.method,
            uri=request.request_uri,
            qop=self.qop,
            count=count,
            cnonce=self.cnonce,
            body=request.body,
        )
        return str(
            Authorization(
                username=name_hash(algorithm, username, realm) if challenge.userhash else escaped(username),
                realm=challenge.realm,
                nonce=challenge.nonce,
                uri=escaped(request.request_uri),
                response=response,
                algorithm=str(algorithm) if challenge.algorithm else "",
                cnonce=escaped(self.cnonce) if self.qop or algorithm.is_session else None,
                opaque=challenge.opaque,
                qop=self.qop,
                count=count,
                userhash=challenge.userhash,
            )
        )


def credentials_of(invite: Request) -> Extra:
    """The Authorization and Proxy-Authorization fields of an INVITE, which its ACK repeats (RFC 3261 section 22.1)."""
    return tuple(
        (asker.answer_header, value)
        for asker in Asker
        for value in invite.headers.get_all(asker.answer_header)
    )


def _protection(challenge: Challenge) -> str | None:
    """The qop to use, empty for none; None where only others are taken. SBCs change bodies, so `auth` is preferred."""
    if not challenge.qop:
        return ""
    return next((qop for qop in (AUTH, AUTH_INT) if qop in challenge.qop), None)


def _carried(request: Request) -> dict[_Space, str]:
    """The nonce that a request of ours carries for each realm."""
    carried: dict[_Space, str] = {}
    for asker in Asker:
        for value in request.headers.get_all(asker.answer_header):
            answer = Authorization.read(value)
            if answer is not None:
                carried[asker, answer.realm] = answer.nonce
    return carried
