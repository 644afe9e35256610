"""The arithmetic of Digest: algorithms, and the response that proves a password (RFC 7616 section 3.4, RFC 8760)."""

import hashlib
from enum import StrEnum

AUTH = "auth"
AUTH_INT = "auth-int"
"""Protects the body too, where no proxy on the way may touch it."""


class Algorithm(StrEnum):
    """The algorithms we know, the strongest first. `-sess` mixes both nonces into the secret (section 3.4.2)."""

    SHA_512_256 = "SHA-512-256"
    SHA_512_256_SESS = "SHA-512-256-sess"
    SHA_256 = "SHA-256"
    SHA_256_SESS = "SHA-256-sess"
    MD5 = "MD5"
    MD5_SESS = "MD5-sess"

    @classmethod
    def named(cls, text: str) -> "Algorithm | None":
        """The algorithm of that name in any case; MD5 for no name at all, None for one we do not know."""
        return _BY_NAME.get(text.lower()) if text else cls.MD5

    @property
    def is_session(self) -> bool:
        """Whether this is one of the `-sess` kind."""
        return self.endswith("-sess")

    @property
    def strength(self) -> int:
        """To compare by: that of the hash alone, for `-sess` guards a password no better."""
        return _STRENGTH[self.removesuffix("-sess")]

    def hash(self, octets: bytes) -> str:
        """`H` of the RFC: hexadecimal digits in lower case."""
        name = _HASHES[self.removesuffix("-sess")]
        return hashlib.new(name, octets, usedforsecurity=False).hexdigest()


_HASHES = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
_STRENGTH = {"SHA-512-256": 3, "SHA-256": 2, "MD5": 1}
_BY_NAME = {algorithm.lower(): algorithm for algorithm in Algorithm}


def proof(
    algorithm: Algorithm,
    *,
    username: str,
    password: str,
    realm: str,
    nonce: str,
    method: str,
    uri: str,
    qop: str = "",
    count: str = "",
    cnonce: str = "",
    body: bytes = b"",
) -> str:
    """The `response` of an Authorization (RFC 7616 section 3.4.1 to 3.4.3), hexadecimal digits in lower case.

    Texts are what they mean, not what stands between quotes. `count` is the `nc` as written on the wire. Without
    `qop` it is the response of RFC 2069. A -sess algorithm takes its `cnonce` from the session's first request.
    """

    def hashed(*parts: str) -> str:
        return algorithm.hash(":".join(parts).encode("utf-8", "surrogateescape"))

    secret = hashed(username, realm, password)
    if algorithm.is_session:
        secret = hashed(secret, nonce, cnonce)
    request = hashed(method, uri, algorithm.hash(body)) if qop == AUTH_INT else hashed(method, uri)
    if not qop:
        return hashed(secret, nonce, request)
    return hashed(secret, nonce, count, cnonce, qop, request)


def name_hash(algorithm: Algorithm, username: str, realm: str) -> str:
    """The user name as it is sent where the server knows it by its hash (RFC 7616 section 3.4.4)."""
    return algorithm.hash(f"{username}:{realm}".encode("utf-8", "surrogateescape"))
