"""What the parts of a body are worth to us: the session description, what passes as it is, what must be refused.

RFC 5621 on the ground of RFC 3261 section 20.11; the order of preference within multiparts is that of RFC 2046.
"""

from dataclasses import dataclass, replace

from mediation.sip.errors import RemoteSipError
from mediation.sip.message import Message
from mediation.sip.multipart import Body, Part, join, part_of, session_part

SDP = "application/sdp"
UNDECIPHERABLE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"})
"""S/MIME that wants a key of ours, and we have none (RFC 3261 section 23.2)."""


@dataclass(frozen=True, slots=True)
class PartPolicy:
    """Which bodies cross besides the session description. What it does not name is dropped, or refused."""

    passes: frozenset[str] = frozenset()
    """Media types, in lower case, whose parts are kept octet for octet."""
    unlabelled_is_required: bool = True
    """What `handling` is where nothing is said: required, by section 20.11. False is for sides that label nothing."""
    refuses: bool = True
    """Whether what must be understood is refused. False is for what cannot be: responses, and ACK."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a message holds for us."""

    session: Part | None = None
    """The session description."""
    kept: tuple[Part, ...] = ()
    """What passes to the other side, in its order."""

    @property
    def sdp(self) -> bytes:
        """The session description's octets; none when there is none."""
        return b"" if self.session is None else self.session.body

    def __bool__(self) -> bool:
        return self.session is not None or bool(self.kept)


NOTHING = Contents()
NO_PARTS_PASS = PartPolicy()
_SEARCHED = PartPolicy(refuses=False)


def contents_of(message: Message, policy: PartPolicy = NO_PARTS_PASS) -> Contents:
    """What the body of a message holds, whether it has parts or not.

    Raises RemoteSipError: 400 and 413 where the body cannot be read, 415 where something in it must be understood and
    is not, 493 where that is enciphered.
    """
    part = part_of(message)
    return NOTHING if part is None else _read(part, policy)


def describes_session(message: Message) -> bool:
    """Whether a body holds a session description, or is so broken that whoever looks for one must say so."""
    if not message.body:
        return False
    try:
        return contents_of(message, _SEARCHED).session is not None
    except RemoteSipError:
        return True


def essences_of(message: Message) -> frozenset[str]:
    """The media types of a body and of all that it holds, in lower case; of one that cannot be read, what it says."""
    try:
        part = part_of(message)
    except RemoteSipError:
        media_type = message.content_type
        return frozenset() if media_type is None else frozenset({media_type.essence})
    return frozenset() if part is None else frozenset(_essences(part))


def _essences(part: Part) -> set[str]:
    return {part.essence}.union(*(_essences(child) for child in part.parts))


def body_of(sdp: bytes, kept: tuple[Part, ...], boundary: str) -> Body:
    """A body for the other side: the session description of ours, and before the rest of what was kept.

    `boundary` is drawn anew for each. Raises LocalSipError where there is nothing, or where it occurs in a part.
    """
    return join((session_part(sdp), *kept) if sdp else kept, boundary)


def _read(part: Part, policy: PartPolicy) -> Contents:
    if _is_session(part):
        return Contents(part)
    if part.essence in policy.passes:
        return Contents(kept=(part,)) if part.body else NOTHING
    handling = None if part.disposition is None else part.disposition.handling
    if part.parts:
        try:
            return _READERS.get(part.essence, _mixed)(part, policy)
        except RemoteSipError:
            if handling != "optional":
                raise
            return NOTHING
    if handling == "optional" or not policy.refuses:
        return NOTHING
    if part.essence in UNDECIPHERABLE:
        raise RemoteSipError(493, "Undecipherable")
    if handling is None and not policy.unlabelled_is_required:
        return NOTHING
    raise RemoteSipError(415, "Unsupported Media Type")


def _is_session(part: Part) -> bool:
    """A session description is one unless it says that it is something else, as that of RFC 3959 does."""
    if part.essence != SDP or not part.is_plain:
        return False
    return part.disposition is None or part.disposition.type == "session"


def _mixed(part: Part, policy: PartPolicy) -> Contents:
    """Every part counts (RFC 2046 section 5.1.3); so it is for multiparts that we do not know (section 5.1.7)."""
    if part.essence in UNDECIPHERABLE and policy.refuses:
        raise RemoteSipError(493, "Undecipherable")
    if any(_holds_session(child) for child in part.parts):
        # deviates: RFC 5621 section 8 has unlabelled parts required; products put their own beside the session
        # description and label nothing, and would not be heard by anybody who insists
        policy = replace(policy, unlabelled_is_required=False)
    return _together([_read(child, policy) for child in part.parts])


def _holds_session(part: Part) -> bool:
    return _is_session(part) or any(_holds_session(child) for child in part.parts)


def _alternative(part: Part, policy: PartPolicy) -> Contents:
    """The last one that we understand counts, and it alone (RFC 2046 section 5.1.4)."""
    refused: RemoteSipError | None = None
    for child in reversed(part.parts):
        try:
            contents = _read(child, policy)
        except RemoteSipError as error:
            refused = refused or error
            continue
        if contents:
            return contents
    if refused is not None:
        raise refused
    return NOTHING


def _related(part: Part, policy: PartPolicy) -> Contents:
    """The root counts, which `start` names or which is first; the others are its appendages (RFC 2387 section 3)."""
    start = (part.content_type.parameters.get("start") or "").strip('"').removeprefix("<").removesuffix(">")
    root = next((child for child in part.parts if start and child.content_id == start), part.parts[0])
    found = [_read(root, policy)]
    for child in part.parts:
        if child is not root and child.essence in policy.passes:
            found.append(Contents(kept=(child,)))
    return _together(found)


def _together(found: list[Contents]) -> Contents:
    """One session description: the first that is labelled as one, else the first."""
    sessions = [contents.session for contents in found if contents.session is not None]
    labelled = [session for session in sessions if session.disposition is not None]
    session = next(iter((*labelled, *sessions)), None)
    return Contents(session, tuple(part for contents in found for part in contents.kept))


_READERS = {"multipart/alternative": _alternative, "multipart/related": _related}
