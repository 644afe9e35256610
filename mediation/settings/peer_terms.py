"""How calls with one peer are held: tables that [internal] and each [[trunk]] have alike."""

from dataclasses import dataclass, field
from enum import StrEnum

from mediation.settings.story import setting, story
from mediation.settings.words import check_file, check_ringback
from mediation.sip.session_timer import Preference, TimerMode


class Reliability(StrEnum):
    """Provisional responses that are acknowledged (RFC 3262)."""

    OFF = "off"
    """Not known here: whoever demands them hears 420."""
    SUPPORT = "support"
    """Given and taken where the peer demands them."""
    PREFER = "prefer"
    """Given wherever the peer knows them."""
    REQUIRE = "require"
    """Demanded, and given: whoever does not know them hears 421."""


class Follow(StrEnum):
    """Whose early media is heard when a call has forked (RFC 3960 section 3.1)."""

    LAST = "last"
    FIRST = "first"
    MEDIA = "media"


NO_RINGBACK = "off"


class RingbackIn(StrEnum):
    """The response that our own ringing is described in."""

    SESSION_PROGRESS = "183"
    RINGING = "180"


class Relay(StrEnum):
    """Whether a change on the other side is passed on, or met on that side alone."""

    RELAY = "relay"
    LOCAL = "local"


class TransferMode(StrEnum):
    """What becomes of a REFER (RFC 3515)."""

    LOCAL = "local"
    """Performed here."""
    REFER = "refer"
    """Passed on to this peer where it takes REFER, else performed here."""
    OFF = "off"


class TransferTo(StrEnum):
    """Who takes the call that a transfer makes."""

    FRONT_END = "front-end"
    ROUTES = "routes"


class Location(StrEnum):
    """In which calls the place of a caller crosses (RFC 6442)."""

    EMERGENCY = "emergency"
    KEEP = "keep"
    DROP = "drop"


class RedirectMode(StrEnum):
    """What becomes of a 3xx (RFC 3261 section 8.1.3.4)."""

    OFF = "off"
    """A failure like others: 480."""
    FOLLOW = "follow"
    """The call goes on to the number that is named."""
    PASS = "pass"  # noqa: S105 -- no password
    """The caller is told the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimers:
    """Session timers with one peer (RFC 4028)."""

    mode: TimerMode = field(
        default=TimerMode.ANSWER,
        metadata=story(
            "off, answer (where the peer asks), offer (ask, and refresh alone if need be) or require (421 for a peer "
            "that knows none)."
        ),
    )
    expires_s: int = setting(1800, low=90, high=86_400, doc="The session interval that we ask for.")
    min_se_s: int = setting(
        90, low=90, high=86_400, doc="The shortest interval that we take: less is 422. Not above expires_s."
    )
    refresher: Preference = field(
        default=Preference.AUTO,
        metadata=story("Who should refresh where we may choose: us, them, or auto."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyMedia:
    """What happens between INVITE and answer."""

    reliable: Reliability = field(
        default=Reliability.SUPPORT,
        metadata=story(
            "Reliable provisional responses (100rel): off (420 for who demands them), support (where the peer demands "
            "them), prefer (wherever it knows them) or require (421 for a peer that does not)."
        ),
    )
    follow: Follow = field(
        default=Follow.LAST,
        metadata=story(
            "Whose early media is heard when several parties answer: last, first (to describe it), or media (first to "
            "be heard)."
        ),
    )
    max_early_dialogs: int = setting(
        20,
        low=1,
        high=100,
        doc="So many parties that answer behind us are shown to this peer with a tag each; those above are folded "
        "onto the last one. 1: all onto one.",
    )
    bare_183: bool = setting(True, doc="Pass 183 without a description on to this peer.")
    ringback: str = setting(
        NO_RINGBACK,
        check=check_ringback,
        doc="Ringing that callers of this peer hear from us, as it sounds in a country (two letters, ITU-T E.180 "
        "supplement 2), while the other side rings and sends no early media: it stops when that comes, or the answer. "
        "off: their phones ring by themselves.",
        example='"de"',
    )
    ringback_in: RingbackIn = field(
        default=RingbackIn.SESSION_PROGRESS,
        metadata=story(
            "The response that describes it: 183, or 180 for peers that want to know that it rings (many of them then "
            "ring by themselves all the same)."
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MidCall:
    """What may change while a call is up."""

    hold: Relay = field(
        default=Relay.RELAY,
        metadata=story(
            "Hold and resume by the other side: relay (this peer is told) or local (it is not disturbed)."
        ),
    )
    music: str = setting(
        "",
        check=check_file,
        doc="A sound file that a party of this peer hears from us while the other side holds it, in place of what the "
        "holder sends, and in a transfer while nobody is there. WAV, MP3, Ogg, FLAC and others; from one second to ten "
        "minutes, again and again. It is read at the start. Empty: it hears what the holder sends.",
        example='"/etc/mediation/music.wav"',
    )
    fax: bool = setting(
        False,
        doc="Take and relay T.38 within a call where the other side allows it too; else 488, and audio stays. A call "
        "that begins with T.38 alone is 488.",
    )
    info: bool = setting(
        True,
        doc="Relay INFO and MESSAGE to and from this peer: within a call, and MESSAGE (RFC 3428) outside of calls too, "
        "by its number. false: 405.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bodies:
    """What stands in a body beside the session description; it crosses where the settings of both peers let it."""

    location: Location = field(
        default=Location.EMERGENCY,
        metadata=story(
            "Where the caller is (PIDF-LO, and the Geolocation that names it; RFC 6442): emergency (in calls with "
            "Priority: emergency or Resource-Priority of esnet), keep (in every call, unless the caller wants to be "
            "hidden from the other side), drop."
        ),
    )
    isup: bool = setting(
        False,
        doc="ISUP and QSIG (RFC 3204) cross octet for octet to and from this peer, in INVITE, its responses and BYE. "
        "false: they are dropped; what must not be dropped (handling=required) is 415.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    """Call transfer by one peer, and to it."""

    mode: TransferMode = field(
        default=TransferMode.LOCAL,
        metadata=story(
            "REFER: local (performed here), refer (passed on to this peer where it takes REFER, else performed here), "
            "off (refused, and left out of Allow)."
        ),
    )
    to: TransferTo = field(
        default=TransferTo.FRONT_END,
        metadata=story(
            "Where a transfer that is performed here goes: front-end (it knows every number) or routes (the trunks "
            "that carry the number)."
        ),
    )
    replaces: bool = setting(
        True, doc="Take calls of this peer that replace another one (INVITE with Replaces, RFC 3891)."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirects:
    """Redirection by one peer."""

    mode: RedirectMode = field(
        default=RedirectMode.OFF,
        metadata=story(
            "3xx of this peer: off (480 for the caller), follow (call the number it names), pass (tell the caller)."
        ),
    )
    most: int = setting(3, low=1, high=10, doc="So many redirections of one call are followed.")
    hosts: tuple[str, ...] = setting(
        (),
        doc="Hosts that a redirection may name, compared whole, beside the targets of this peer. Its number is called "
        "by our own routes, whatever host it names.",
        example='["sbc2.itsp.example"]',
    )
