"""What a party may want."""

from enum import StrEnum


class Intent(StrEnum):
    """A wish; the party fulfils it once the rules allow it."""

    INVITE = "invite"
    INVITE_WITHOUT_OFFER = "invite-without-offer"
    CANCEL = "cancel"
    RING = "ring"
    RING_RELIABLY = "ring-reliably"
    ANSWER = "answer"
    REFUSE = "refuse"
    BYE = "bye"
    HOLD = "hold"
    """re-INVITE to sendonly, or back."""
    UPDATE = "update"
    """The same by UPDATE."""
    FAX = "fax"
    """re-INVITE to T.38, or back to audio."""
    EARLY_UPDATE = "early-update"
    REFER = "refer"
