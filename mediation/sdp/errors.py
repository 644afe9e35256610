"""What can go wrong with a session description, by what the peer should hear of it.

SdpError            the octets are no session description: 400 (Bad Request)
NotAcceptable       a description, but nothing in it that we can use: 488 (Not Acceptable Here)
"""


class SdpError(Exception):
    """The octets are no session description. Untrusted octets raise this and nothing else."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """What is wrong, in a few words, fit for a reason phrase: no octet of the peer's is in it."""


class NotAcceptable(Exception):  # noqa: N818 -- the name of the answer, RFC 3261 section 21.4.26
    """Offer and capabilities, or offer and answer, have no audio in common (RFC 3264 section 6)."""

    def __init__(self, reason: str, warning: int = 399) -> None:
        super().__init__(reason)
        self.reason = reason
        """What is missing, in a few words, fit for a Warning text: no octet of the peer's is in it."""
        self.warning = warning
        """The warn-code of RFC 3261 section 20.43 that says the same."""
