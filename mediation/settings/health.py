"""How it is found out whether a target serves: a table that [internal] and each [[trunk]] have alike."""

from dataclasses import dataclass

from mediation.settings.story import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Signs of life of the targets of one peer, and what follows from them."""

    options: bool = setting(
        True,
        doc="Ask each target by OPTIONS whether it is there. false: only calls tell, and a target that is down gets a "
        "few calls again after down_interval_s.",
    )
    interval_s: int = setting(30, low=1, high=3600, doc="Seconds between two OPTIONS while a target is up.")
    suspect_interval_s: int = setting(
        4,
        low=1,
        high=3600,
        doc="The same once something has failed, until it is clear what the matter is.",
    )
    down_interval_s: int = setting(60, low=1, high=3600, doc="The same while a target is down.")
    timeout_s: int = setting(
        4, low=1, high=32, doc="OPTIONS that nobody answers within so many seconds have failed."
    )
    bad_codes: tuple[int, ...] = setting(
        (408, 503),
        low=300,
        high=699,
        doc="Answers to OPTIONS that say that a target takes no calls; every other one says that it is alive.",
    )
    failures: int = setting(
        5,
        low=1,
        high=100,
        doc="A target is down after so many failures in a row, of OPTIONS or of calls (nothing heard, not reached, "
        "503).",
    )
    successes: int = setting(
        1, low=1, high=100, doc="A target that is down is up after so many answers to OPTIONS in a row."
    )
    stable_s: int = setting(
        0,
        low=0,
        high=3600,
        doc="And nothing must have failed for so many seconds since the first of these answers. Until then it gets "
        "the calls that no other target takes: a line that comes and goes moves none.",
    )
    slow_start_s: int = setting(
        30,
        low=0,
        high=3600,
        doc="A target that has come back gets its full share of calls after so many seconds, and less before, where "
        "another one can take them. 0: at once.",
    )
