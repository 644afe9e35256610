"""What can go wrong with SIP, by whose fault it is.

SipError
    RemoteSipError      the peer broke the protocol; `status` is the reply it has earned
    LocalSipError       we asked for what the protocol forbids: a bug, never sent on the wire
"""


class SipError(Exception):
    """Anything that this package can complain about."""


class RemoteSipError(SipError):
    """The peer broke the protocol. Untrusted octets raise this and nothing else."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        """The final response that a request like this has earned (RFC 3261 section 21)."""
        self.reason = reason
        """What is wrong, in a few words, fit for a reason phrase."""


class LocalSipError(SipError):
    """We asked for what the protocol forbids."""
