"""TLS without I/O: the only module that imports ssl. Octets of a connection in, octets of SIP out, and back.

asyncio's own TLS is not used: it ends a connection whose handshake has failed without the alert that says why, and
waits half a minute for the goodbye of a peer that says none.
"""

import ssl
from dataclasses import dataclass
from typing import Final

from mediation.routing.certificates import Expected, Identity
from mediation.settings.tls import Tls, TlsVersion

_VERSIONS: Final = {
    TlsVersion.TLS_1_2: ssl.TLSVersion.TLSv1_2,
    TlsVersion.TLS_1_3: ssl.TLSVersion.TLSv1_3,
}
_PIECE_OCTETS: Final = 65536

_WORDS: Final = {
    "HTTP_REQUEST": "it speaks HTTP, not TLS",
    "WRONG_VERSION_NUMBER": "it does not speak TLS",
    "UNSUPPORTED_PROTOCOL": "it offers only versions of TLS below minimum_version",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "it shows no certificate",
    "NO_SHARED_CIPHER": "it offers no cipher that we take",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it refuses our versions of TLS",
    "TLSV1_ALERT_UNKNOWN_CA": "it does not know the authority of our certificate",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it demands a certificate, and takes none of ours",
    "SSLV3_ALERT_BAD_CERTIFICATE": "it refuses our certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "it refuses our certificate, which has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "it refuses our certificate",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it refuses our handshake",
}
"""OpenSSL's names for what operators meet, in words; of "it", the peer."""


class CredentialsError(Exception):
    """Certificate, key or authorities cannot be used."""

    def __init__(self, setting: str, reason: str) -> None:
        super().__init__(f"{setting}: {reason}")
        self.setting = setting
        """The key of [….tls] that is to blame."""
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Contexts:
    """What new connections of one interface are made of."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def load_contexts(tls: Tls) -> Contexts:
    """Read the files. Raises CredentialsError.

    Sessions are never resumed: a certificate that has gone out of favour must not live on in a ticket.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.verify_mode = ssl.CERT_REQUIRED if tls.verify else ssl.CERT_NONE
    server.options |= ssl.OP_NO_TICKET
    server.num_tickets = 0
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False  # RFC 5922 has rules of its own: see `Shield`
    for context, purpose in ((server, ssl.Purpose.CLIENT_AUTH), (client, ssl.Purpose.SERVER_AUTH)):
        context.minimum_version = _VERSIONS[tls.minimum_version]
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        _load_own(context, tls)
        _load_authorities(context, tls, purpose)
    return Contexts(server, client)


def _load_own(context: ssl.SSLContext, tls: Tls) -> None:
    try:
        # the password is given so that an encrypted key is an error, not a question on the terminal
        context.load_cert_chain(tls.certificate, tls.private_key, password=lambda: b"")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CredentialsError("private_key", "this key does not belong to the certificate") from None
        raise CredentialsError(
            "private_key",
            "certificate and key cannot be used: is each a PEM file, and the key not encrypted?",
        ) from None
    except OSError as error:
        raise CredentialsError("certificate", (error.strerror or "it cannot be read").lower()) from None


def _load_authorities(context: ssl.SSLContext, tls: Tls, purpose: ssl.Purpose) -> None:
    if not tls.authorities:
        context.load_default_certs(purpose)
        return
    try:
        context.load_verify_locations(tls.authorities)
    except ssl.SSLError:
        raise CredentialsError("authorities", "it holds no certificate in PEM") from None
    except OSError as error:
        raise CredentialsError("authorities", (error.strerror or "it cannot be read").lower()) from None


class Shield:
    """The TLS of one connection. `fault` says what has broken it; `pending` is to be sent even then."""

    def __init__(
        self, context: ssl.SSLContext, *, calling: bool, server_name: str = "", expected: Expected | None
    ) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_side=not calling, server_hostname=server_name or None
        )
        self._expected = expected
        """None: no certificate was asked for."""
        self.established = False
        """Whether the handshake is complete and the peer is the one that is meant."""
        self.ended = False
        """Whether the peer has said goodbye: nothing more will come."""
        self.fault = ""
        self.identity: Identity | None = None
        """Whom the peer's certificate names, once it is found good; None: it was asked for none."""

    def begin(self) -> None:
        """Say hello, as the one who has connected."""
        self._shake_hands()

    def take(self, octets: bytes) -> bytes:
        """What the peer has said, as far as it is whole."""
        if self.fault:
            return b""
        self._incoming.write(octets)
        if not self.established:
            self._shake_hands()
        return self._read() if self.established else b""

    def put(self, octets: bytes) -> None:
        """Say something; `pending` has it then."""
        view = memoryview(octets)
        try:
            while view:
                view = view[self._tls.write(view) :]
        except ssl.SSLError as error:
            self._break(error)

    def end(self) -> None:
        """Say goodbye, without waiting for an answer."""
        try:
            self._tls.unwrap()
        except (ssl.SSLError, ValueError):  # the peer's goodbye is missing, and is not needed
            return

    def pending(self) -> bytes:
        """What is to be sent."""
        return self._outgoing.read()

    @property
    def version(self) -> str:
        """`TLSv1.2` or `TLSv1.3`; empty before the handshake."""
        return self._tls.version() or ""

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return
        except ssl.SSLError as error:
            self._break(error)
            return
        expected = self._expected
        if expected is not None:
            names = (self._tls.getpeercert() or {}).get("subjectAltName", ())
            identity = Identity.of((str(name[0]), str(name[1])) for name in names)
            if not expected.met_by(identity):
                self.fault = f"its certificate names {identity}, and not {expected}"
                self.end()
                return
            self.identity = identity
        self.established = True

    def _read(self) -> bytes:
        pieces = []
        try:
            while piece := self._tls.read(_PIECE_OCTETS):
                pieces.append(piece)
            self.ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        except ssl.SSLError as error:
            self._break(error)
        return b"".join(pieces)

    def _break(self, error: ssl.SSLError) -> None:
        if isinstance(error, ssl.SSLCertVerificationError):
            self.fault = f"its certificate is not good: {error.verify_message}"
        else:
            reason = error.reason or "nothing is known"
            self.fault = _WORDS.get(reason) or f"TLS has failed: {reason.lower().replace('_', ' ')}"
