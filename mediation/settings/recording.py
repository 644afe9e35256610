"""Which calls are recorded, where and how: [recording]."""

from dataclasses import dataclass, field
from enum import StrEnum

from mediation.settings.story import setting, story
from mediation.settings.words import check_directory, check_match, check_name


class RecordingFormat(StrEnum):
    """What is written of a call."""

    WAV = "wav"
    PCAP = "pcap"


class CallDirection(StrEnum):
    """Which way a call goes."""

    ANY = "any"
    INBOUND = "inbound"
    OUTBOUND = "outbound"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingRule:
    """One rule: all that it asks for must fit, and then no later rule is asked."""

    direction: CallDirection = field(
        default=CallDirection.ANY,
        metadata=story("inbound: calls that come from an ITSP; outbound: calls of front ends; any: both."),
    )
    trunks: tuple[str, ...] = setting(
        (),
        check=check_name,
        doc="Trunks, by one of which the call has come or left. []: any.",
        example='["itsp-a"]',
    )
    sites: tuple[str, ...] = setting(
        (), check=check_name, doc="Sites, one of which the call belongs to. []: any.", example='["berlin"]'
    )
    called: str = setting(
        "",
        check=check_match,
        doc="RE2 pattern, searched for in the called number as we write it. Empty: every number.",
        example="'^\\+4930'",
    )
    calling: str = setting(
        "", check=check_match, doc="The same in the number that calls. Empty: every number."
    )
    share_percent: float = setting(
        100.0, low=0, high=100, doc="So many of the calls that fit are recorded, drawn for each; 0: none."
    )


RULE_DOC = (
    "Which calls are recorded from their answer on: the first rule that fits decides. Without any, none is."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """Recording of calls."""

    directory: str = setting(
        "",
        check=check_directory,
        doc="Where recordings are written, readable for the server's own user alone; relative to the working "
        "directory. Empty: nothing is recorded.",
        example='"/var/lib/mediation/recordings"',
    )
    formats: tuple[RecordingFormat, ...] = setting(
        (RecordingFormat.WAV,),
        at_least=1,
        doc="wav: a stereo file, the caller left and the callee right. pcap: the RTP and RTCP of both parties as they "
        "came, decrypted.",
    )
    free_mb: int = setting(
        1024,
        low=0,
        high=100_000_000,
        doc="Recording stops while the directory's file system has less room than so many megabytes.",
    )
    max_length_s: int = setting(
        14_400,
        low=60,
        high=129_600,
        doc="A recording ends after so many seconds, and the call goes on.",
    )
    rules: tuple[RecordingRule, ...] = field(default=(), metadata=story(RULE_DOC, key="rule"))

    @property
    def is_on(self) -> bool:
        """Whether a call may be recorded."""
        return bool(self.directory and self.rules)
