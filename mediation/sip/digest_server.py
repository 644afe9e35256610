"""Challenges of ours, for a peer that must say who it is, and the judgement of its answers (RFC 3261 section 22.4)."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from mediation.sip.challenge import Asker, Authorization, Challenge, unescaped
from mediation.sip.digest import AUTH, Algorithm, proof
from mediation.sip.errors import LocalSipError
from mediation.sip.message import Request
from mediation.sip.nonces import Nonces

LIFETIME_S = 300.0
"""How long a nonce is taken; then it is stale, and a client answers once more without a person noticing."""
MOST_JUDGED = 4
"""Answers of one request that are looked at for our realm: one is usual, one for each algorithm possible."""


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The request comes from someone who knows the password of this user name."""

    username: str


class Refusal(Enum):
    """Why a request is not authenticated."""

    NO_CREDENTIALS = "no credentials"
    """Nothing for our realm that can be read: challenge it."""
    STALE = "stale"
    """The password is right; nonce or count are used up: challenge it again."""
    WRONG = "wrong"
    """User name, password, algorithm or protection are wrong."""


class DigestServer:
    """One realm of ours. ACK and CANCEL must not be challenged (RFC 3261 section 22.1): do not ask about them."""

    def __init__(
        self,
        realm: str,
        lookup: Callable[[str], str | None],
        secret: bytes,
        *,
        algorithms: tuple[Algorithm, ...] = (Algorithm.SHA_512_256, Algorithm.SHA_256, Algorithm.MD5),
        qop: tuple[str, ...] = (AUTH,),
        lifetime_s: float = LIFETIME_S,
        asker: Asker = Asker.USER_AGENT,
    ) -> None:
        """`lookup` gives the password of a user name, None if there is no such user; `secret` see `Nonces`."""
        if not realm.isascii() or not realm.isprintable() or '"' in realm or "\\" in realm:
            raise LocalSipError("a realm must be printable ASCII without quotes and backslashes")
        if not algorithms or not qop:
            raise LocalSipError("a digest server without an algorithm or protection")
        self._realm = realm
        self._lookup = lookup
        self._algorithms = sorted(algorithms, key=list(Algorithm).index)
        self._qop = qop
        self._asker = asker
        self._nonces = Nonces(realm, secret, lifetime_s)

    @property
    def status(self) -> int:
        """The response that carries our challenges."""
        return 401 if self._asker is Asker.USER_AGENT else 407

    def challenge(self, refusal: Refusal, *, now: float, token: str) -> tuple[tuple[str, str], ...]:
        """The header fields of a 401 or 407: a challenge for each algorithm, the strongest on top (RFC 8760).

        `token` is a fresh one of 64 bits or more.
        """
        nonce = self._nonces.issue(now, token)
        stale = refusal is Refusal.STALE
        return tuple(
            (
                self._asker.challenge_header,
                str(Challenge(self._realm, nonce, str(algorithm), self._qop, stale=stale)),
            )
            for algorithm in self._algorithms
        )

    def verify(self, request: Request, *, now: float) -> Authenticated | Refusal:
        """Who sent this request, or why that is not known. Whatever the header holds, it is one of these."""
        refusal = Refusal.NO_CREDENTIALS
        judged = 0
        for value in request.headers.get_all(self._asker.answer_header):
            answer = Authorization.read(value)
            if answer is None or unescaped(answer.realm) != self._realm:
                continue
            verdict = self._judge(answer, request, now)
            if isinstance(verdict, Authenticated):
                return verdict
            if refusal is not Refusal.STALE:
                refusal = verdict
            judged += 1
            if judged == MOST_JUDGED:
                break
        return refusal

    def _judge(self, answer: Authorization, request: Request, now: float) -> Authenticated | Refusal:
        algorithm = Algorithm.named(answer.algorithm)
        if algorithm is None or algorithm not in self._algorithms or answer.userhash:
            return Refusal.WRONG
        # A client of the days of RFC 2069 knows no qop and sends none
        if answer.qop and (answer.qop not in self._qop or not answer.count or answer.cnonce is None):
            return Refusal.WRONG
        username, nonce = unescaped(answer.username), unescaped(answer.nonce)
        password = self._lookup(username)
        # deviates: RFC 7616 section 3.4.6 wants `uri` to name the Request-URI; proxies rewrite that one
        expected = proof(
            algorithm,
            username=username,
            password=password or "",  # the time spent must not tell whether the user exists
            realm=self._realm,
            nonce=nonce,
            method=request.method,
            uri=unescaped(answer.uri),
            qop=answer.qop,
            count=answer.count,
            cnonce=unescaped(answer.cnonce or ""),
            body=request.body,
        )
        if not hmac.compare_digest(expected, answer.response.lower()) or password is None:
            return Refusal.WRONG
        count = int(answer.count, 16) if answer.qop else None
        return Authenticated(username) if self._nonces.take(nonce, count, now) else Refusal.STALE
