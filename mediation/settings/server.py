"""What is the same for every call and both sides: [media], [sip], [cdr], [metrics] and [log]."""

from dataclasses import dataclass, field
from enum import StrEnum

from mediation.settings.story import setting, story
from mediation.settings.words import check_file, check_http_listen, check_runtime_directory, check_user_agent


class LogLevel(StrEnum):
    """The least important line that is still written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a log line looks."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Audio, on both sides."""

    workers: int = setting(
        0, low=0, high=128, doc="Processes that carry audio; 0: one for each processor core."
    )
    pin_workers: bool = setting(
        False,
        doc="Keep each of these processes on a core of its own, in turn, instead of wherever the system puts it. For "
        "a machine that does nothing else.",
    )
    real_time_priority: int = setting(
        0,
        low=0,
        high=99,
        doc="Priority of these processes before all ordinary ones (SCHED_FIFO), so that nothing on the machine delays "
        "audio; 0: they are ordinary. Needs CAP_SYS_NICE, or LimitRTPRIO= of systemd; without it they go on as "
        "ordinary ones, which the log tells.",
    )
    socket_buffer_kb: int = setting(
        0,
        low=0,
        high=4096,
        doc="Room for packets that wait to be read, for each RTP socket; 0: the system's own size, which on Linux "
        "holds about 250 packets of one party. No more than net.core.rmem_max allows.",
    )
    wide_parties: int = setting(
        50,
        low=0,
        high=10_000,
        doc="Most parties at a time that speak G722 or opus, where codecs has them: each takes about one percent of a "
        "processor core, many times what G.711 takes. Who comes when all places are taken is spoken with in G.711, or "
        "refused (503) if it has none, unless it is a call for help.",
    )
    silence_s: int = setting(
        30,
        low=0,
        high=3600,
        doc="A call ends when a party that should send audio sends no RTP and no RTCP for so many seconds; "
        "0: never.",
    )
    hold_silence_s: int = setting(
        1800,
        low=0,
        high=86_400,
        doc="The same for a party that is on hold, or holds, unless it hears music of ours; a party that may not speak "
        "is asked only if it has sent RTCP before. 0: never.",
    )
    first_silence_s: int = setting(
        30,
        low=0,
        high=3600,
        doc="The same for a party that has not been heard since the answer; 0: never.",
    )
    early_silence_s: int = setting(
        0,
        low=0,
        high=60,
        doc="Early media that was announced (183) and is not heard for so many seconds: the caller hears our ringback, "
        "if its peer has one, or else is told 180, so that its phone rings by itself. 0: it waits.",
    )
    max_announcements: int = setting(
        100,
        low=0,
        high=100_000,
        doc="So many callers may hear an announcement at a time before they are refused; those above are refused "
        "without. 0: none.",
    )
    watch_audio: bool = setting(
        True,
        doc="Tell within five seconds of a party in a call that sends nothing while the other one does, or nothing but "
        "silence: media.one_way and media.silent_audio in the log. false: for phones that send nothing while "
        "nobody speaks.",
    )
    port_quarantine_s: int = setting(
        5, low=0, high=300, doc="After a call its ports keep swallowing late packets for so many seconds."
    )
    rtcp_interval_s: int = setting(
        5,
        low=1,
        high=60,
        doc="Seconds between RTCP reports (RFC 3550 section 6.2), varied at random by a half.",
    )
    outlive_signalling_s: int = setting(
        1800,
        low=0,
        high=86_400,
        doc="Where the main process is killed or crashes, the processes that carry audio go on with the calls that are "
        "up for so many seconds at most, until their parties hang up; the main process that is started next takes them "
        "over. Its new calls are not affected. 0: audio ends with the main process.",
    )
    runtime_directory: str = setting(
        "",
        check=check_runtime_directory,
        doc="Where these processes and the next main process find one another: a directory that our user alone may "
        "enter (mode 0700), made where it is not there; 80 octets at most. Empty: RUNTIME_DIRECTORY, as systemd "
        "sets it, or else one of our user's among temporary files.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sip:
    """Signalling, on both sides."""

    t1_ms: int = setting(
        500, low=50, high=5000, doc="T1, the round trip we expect (RFC 3261 section 17.1.1.1)."
    )
    t2_ms: int = setting(4000, low=100, high=60000, doc="T2, the longest wait between two repetitions.")
    t4_ms: int = setting(
        5000, low=100, high=60000, doc="T4, the longest that a message stays in the network."
    )
    ring_limit_s: int = setting(
        180,
        low=5,
        high=3600,
        doc="A target that rings (any 18x) for so many seconds is cancelled: nobody answers.",
    )
    setup_limit_s: int = setting(
        240,
        low=5,
        high=7200,
        doc="From INVITE to answer, all targets and trunks together; not below ring_limit_s.",
    )
    max_duration_s: int = setting(
        0,
        low=0,
        high=604_800,
        doc="A call that has been up for so many seconds is ended on both sides; 0: never.",
    )
    user_agent: str = setting(
        "Mediation-Server",
        check=check_user_agent,
        doc="User-Agent and Server header of what we send, towards both sides. Empty: none.",
    )
    max_calls: int = setting(
        0, low=0, high=1_000_000, doc="Most calls at a time in this server; 0: no limit."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cdr:
    """Call records."""

    file: str = setting(
        "",
        doc="One JSON line for each call is appended here; relative to the working directory. Empty: none.",
        check=check_file,
        example='"cdr.jsonl"',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Figures for Prometheus."""

    listen: str = setting(
        "",
        doc='Where GET /metrics is answered by plain HTTP: "ADDRESS:PORT", IPv6 in brackets. Whoever reaches it can '
        "read it. Empty: nowhere.",
        check=check_http_listen,
        example='"127.0.0.1:9464"',
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The log, on standard error."""

    level: LogLevel = field(
        default=LogLevel.INFO,
        metadata=story("Least level: debug, info, warning or error. Only debug shows phone numbers."),
    )
    format: LogFormat = field(
        default=LogFormat.AUTO,
        metadata=story("console, json, or auto: console on a terminal, json elsewhere."),
    )
