"""What a probe asks outside of calls: OPTIONS, of any length."""

from typing import Final

from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response
from mediation.sip.transaction_row import Failure, Transaction

_LINE: Final = 400
"""Octets of one padding line at most: some peers take no longer ones."""
_NAME: Final = "X-Padding"


class Question:
    """A request outside of calls that waits for its answer."""

    def __init__(self) -> None:
        self.outcome: Response | Failure | None = None

    @property
    def is_settled(self) -> bool:
        """Whether anything has come of it."""
        return self.outcome is not None

    def response_received(self, transaction: Transaction, response: Response, now: float) -> None:
        """Keep the final one."""
        del transaction, now
        if response.status >= 200:
            self.outcome = response

    def request_failed(self, transaction: Transaction, failure: Failure, now: float) -> None:
        """Nothing will come."""
        del transaction, now
        self.outcome = failure


def padded(request: Request, missing: int) -> Headers:
    """Its headers, so many octets longer; a few more where so few make no line."""
    headers = request.headers
    overhead = len(_NAME) + len(": \r\n")
    while missing > 0:
        length = max(1, min(_LINE, missing - overhead))
        if 0 < missing - overhead - length <= overhead:
            length -= overhead
        headers = headers.append(_NAME, "x" * max(1, length))
        missing -= overhead + max(1, length)
    return headers
