"""What a party wants of its audio, what both have agreed on, and where it goes (RFC 3264)."""

from mediation.sip.flow import Endpoint
from tests.explorer.wire import FAX, MIRROR, describe, direction_of, place_of

_SENDING = ("sendrecv", "sendonly")
_LISTENING = ("sendrecv", "recvonly")
DIRECTIONS = {
    (True, True): "sendrecv",
    (True, False): "sendonly",
    (False, True): "recvonly",
    (False, False): "inactive",
}
"""By whether one sends and whether one listens."""


class Audio:
    """Of one party."""

    def __init__(self, hears_at: Endpoint, payload_type: int) -> None:
        self.hears_at = hears_at
        """Where it is to be sent."""
        self.speaks_to = ("", 0)
        """Where the party was told last to send its own."""
        self.answered_early = False
        """Whether a reliable provisional response has answered the first offer."""
        self._payload_type = payload_type
        self._version = 0
        self._direction = "sendrecv"
        """What we want of it, as the server accepted it last."""
        self._wanted = "sendrecv"
        """What we have asked for last."""
        self._flows = (True, True)
        """Whether we send and whether we listen, as both agreed last."""
        self._faxes = False
        """Whether both have agreed on a fax instead."""

    @property
    def does(self) -> str:
        """Its direction, or that it is a fax."""
        return FAX if self._faxes else DIRECTIONS[self._flows]

    # ours to offer

    def toggle(self, direction: str) -> None:
        """Want this, or no longer."""
        self._wanted = "sendrecv" if self._direction == direction else direction

    def change(self) -> bytes:
        """An offer of what is wanted."""
        return self._described(self._wanted)

    def changed(self, answer: bytes) -> None:
        """The other party has accepted the change."""
        self._direction = self._wanted
        self.answered(answer)

    def offer(self) -> bytes:
        """An offer of what holds."""
        return self._described(self._direction)

    def answered(self, answer: bytes) -> None:
        """The other party's answer to an offer of what holds."""
        self._agree(self._direction, MIRROR[direction_of(answer)])
        self.heard(answer)

    # ours to answer

    def answer(self, offer: bytes) -> bytes:
        """RFC 3264 section 6.1: what they offer, less what we do not want; nobody refuses a fax, or the end of one."""
        offered = direction_of(offer)
        if FAX in (offered, self._direction):
            self._direction = FAX if offered == FAX else "sendrecv"
        self._agree(self._direction, MIRROR[offered])
        self.heard(offer)
        return self._described(self.does)

    def heard(self, body: bytes) -> None:
        """A description of the other party, if there is one."""
        if body:
            self.speaks_to = place_of(body)

    def _agree(self, ours: str, theirs: str) -> None:
        """Both as we see them."""
        self._faxes = FAX in (ours, theirs)
        self._flows = (
            ours in _SENDING and theirs in _SENDING,
            ours in _LISTENING and theirs in _LISTENING,
        )

    def _described(self, direction: str) -> bytes:
        self._version += 1
        session = 7_000_000 + self._payload_type
        return describe(self.hears_at, session, self._version, self._payload_type, direction)
