"""Who is told who calls: the settings of identity and of single headers, for a trunk and for the front ends."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from mediation.settings.header_names import check_header_name, check_header_value
from mediation.settings.story import setting, story
from mediation.settings.words import check_match, check_user


class SendIdentity(StrEnum):
    """How an asserted identity is written, if at all."""

    OFF = "off"
    PAI = "pai"
    RPID = "rpid"
    BOTH = "both"


class FromPolicy(StrEnum):
    """What From says to a peer."""

    AS_IS = "as-is"
    ANONYMOUS = "anonymous"
    NUMBER = "number"
    PAI = "pai"


class History(StrEnum):
    """How a peer is told who was called before."""

    OFF = "off"
    HISTORY_INFO = "history-info"
    DIVERSION = "diversion"
    BOTH = "both"

    @property
    def has_history_info(self) -> bool:
        """Whether History-Info is written (RFC 7044)."""
        return self in (History.HISTORY_INFO, History.BOTH)

    @property
    def has_diversion(self) -> bool:
        """Whether Diversion is written (RFC 5806)."""
        return self in (History.DIVERSION, History.BOTH)


class HeaderDirection(StrEnum):
    """Seen from us: what comes from the peer, and what goes to it."""

    FROM_PEER = "from-peer"
    TO_PEER = "to-peer"


class HeaderAction(StrEnum):
    """What becomes of a header."""

    PASS = "pass"  # noqa: S105 -- no password
    DROP = "drop"
    SET = "set"


TRUST_DOC = (
    "Believe it when it says who calls: P-Asserted-Identity (RFC 3325), P-Preferred-Identity and Remote-Party-ID. "
    "false: only From is left, which proves nothing."
)
REVEAL_DOC = (
    "It belongs to our trust domain (RFC 3325): it is told who calls, and that the caller wants to be hidden. false: "
    "of a caller who wants to be hidden, no number and no name is sent to it in any header."
)
SEND_DOC = (
    "Write who calls as P-Asserted-Identity (pai), as Remote-Party-ID (rpid), as both, or not at all (off)."
)
FROM_DOC = (
    "What From says: name and number as they came (as-is), nobody (anonymous, RFC 3323), the setting number (number), "
    "or what is asserted (pai; as-is where nothing is)."
)
NUMBER_DOC = 'User part of From for from = "number", and what stands in for numbers that are not ours.'
OWN_DOC = (
    "RE2 pattern of the numbers that may call here: anchor it with ^ and $. Another number in From or in an asserted "
    "identity is replaced by number, unless [trunk.screening] says otherwise. Empty: every number."
)
HISTORY_DOC = (
    "Tell who was called before, as history-info (RFC 7044), as diversion (RFC 5806), as both, or off; the one is made "
    "of the other (RFC 7544). Referred-By goes the same way."
)
REASON_DOC = (
    "Failure responses say the cause of ITU-T Q.850 in a Reason header (RFC 3326, RFC 6432). "
    "CANCEL and BYE always do."
)
OWN_EXAMPLE = "'^\\+49301234567[0-9]$'"
NUMBER_EXAMPLE = '"+493012345670"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What is believed of one peer, and what it is told."""

    trust: bool = setting(True, doc=TRUST_DOC)
    reveal: bool = setting(False, doc=REVEAL_DOC)
    send: SendIdentity = field(default=SendIdentity.OFF, metadata=story(SEND_DOC))
    from_: FromPolicy = field(default=FromPolicy.AS_IS, metadata=story(FROM_DOC, key="from"))
    number: str = setting("", doc=NUMBER_DOC, check=check_user, example=NUMBER_EXAMPLE)
    own_numbers: str = setting("", doc=OWN_DOC, check=check_match, example=OWN_EXAMPLE)
    history: History = field(default=History.OFF, metadata=story(HISTORY_DOC))
    reason_in_responses: bool = setting(True, doc=REASON_DOC)

    @property
    def forwards_anonymous_pai(self) -> bool:
        """Whether a forwarded call may assert a caller who wants to be hidden, where he may be told at all."""
        return True

    @property
    def forwards_peer_pai(self) -> bool:
        """Whether a forwarded call may assert a caller who is not ours."""
        return True


USUAL_IDENTITY: Final = Identity()


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkIdentity(Identity):
    """The same for a trunk, with what concerns calls that came from outside and go out again."""

    keep_pai_on_anonymous_forward: bool = setting(
        False,
        doc="A call that is forwarded out again asserts its caller even when he wants to be hidden. Needs send and "
        "reveal. false: the party that forwarded it is asserted.",
    )
    accept_peer_pai_on_forward: bool = setting(
        False,
        doc="A call that is forwarded out again asserts its caller, who is not ours. false: the party that "
        "forwarded it is asserted.",
    )

    @property
    def forwards_anonymous_pai(self) -> bool:
        """As the setting says."""
        return self.keep_pai_on_anonymous_forward

    @property
    def forwards_peer_pai(self) -> bool:
        """As the setting says."""
        return self.accept_peer_pai_on_forward


@dataclass(frozen=True, slots=True, kw_only=True)
class InternalIdentity(Identity):
    """The same for the front ends: they are ours, so they are told all that is known."""

    reveal: bool = setting(True, doc=REVEAL_DOC)
    send: SendIdentity = field(default=SendIdentity.PAI, metadata=story(SEND_DOC))
    history: History = field(default=History.BOTH, metadata=story(HISTORY_DOC))


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRule:
    """What becomes of one header, where that shall differ from the usual."""

    name: str = field(
        metadata=story(
            "Header that the rule is about; none of those that this server writes itself.",
            check=check_header_name,
            example='"X-Customer"',
        )
    )
    direction: HeaderDirection = field(
        metadata=story(
            "from-peer: of what comes from it; to-peer: of what goes to it. The rules of the sender come first.",
            example='"to-peer"',
        )
    )
    action: HeaderAction = field(
        metadata=story(
            "pass: octet for octet as it came; drop: not at all; set: one line with value.",
            example='"set"',
        )
    )
    value: str = setting(
        "", doc='Text of the header, for action = "set".', check=check_header_value, example='"4711"'
    )


HEADER_DOC = (
    "A rule for one header of INVITE and its responses, in place of the usual: rules are asked in the order of the "
    "file, and the last that speaks decides."
)
