"""What a transferor knows of its transfer: the REFER, and the subscription that it begins (RFC 3515, RFC 6665)."""

import re

from mediation.sip.message import Request, Response
from tests.explorer.transactions import Asked

_STATUS = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2}) ")


class Referral:
    """One REFER of a party, from its being sent to the last report."""

    def __init__(self) -> None:
        self.asked: Asked | None = None
        """The REFER, once it was sent."""
        self.status = 0
        """What was reported last: the status of the call that was asked for."""
        self._over = False
        """Whether no report may follow: it was refused, or the last one has come."""

    @property
    def lives(self) -> bool:
        """Whether reports are to be expected."""
        return self.asked is not None and not self.asked.pending and not self._over

    def answered(self, response: Response) -> None:
        """The final response to the REFER."""
        self._over |= response.status >= 300

    def hear(self, notify: Request) -> str:
        """A report, which may come before the response (RFC 3515 section 2.4.4); what is wrong with it, if anything."""
        if self.asked is None:
            return "a report that nobody has asked for (RFC 6665 section 4.1.3)"
        if self._over:
            return "a report behind the last one (RFC 6665 section 4.4.1)"
        event = notify.headers.get("Event") or ""
        if event not in ("refer", f"refer;id={self.asked.sequence}"):
            return "it does not say of which REFER it is (RFC 3515 section 2.4.6)"
        match = _STATUS.match(notify.body)
        if match is None or not (notify.headers.get("Content-Type") or "").startswith("message/sipfrag"):
            return "no status in it (RFC 3515 section 2.4.5)"
        self.status = int(match[1])
        self._over = (notify.headers.get("Subscription-State") or "").startswith("terminated")
        if self._over != (self.status >= 200):
            return "the last report tells how it ended, and no other does (RFC 3515 section 2.4.5)"
        return ""


def report(refer: int, status: int) -> tuple[tuple[str, ...], bytes]:
    """Headers and body of a NOTIFY of whoever performs the REFER with this CSeq number (RFC 3515 section 2.4.4)."""
    state = "active;expires=60" if status < 200 else "terminated;reason=noresource"
    headers = (f"Event: refer;id={refer}", f"Subscription-State: {state}")
    return (*headers, "Content-Type: message/sipfrag;version=2.0"), f"SIP/2.0 {status} Well\r\n".encode()
