"""Which calls are recorded, and under which name: decided once, at the answer. And what has become of that."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from mediation.b2bua.call_media import CallMedia
from mediation.b2bua.ledger import Ledger
from mediation.b2bua.media_facts import RecordingEnded, RecordingFailed
from mediation.b2bua.plan import RecordingOrder
from mediation.b2bua.record import RecordingRecord
from mediation.routing.admission import Source
from mediation.routing.sites import Sites
from mediation.settings.model import Settings
from mediation.settings.patterns import compile_pattern
from mediation.settings.recording import CallDirection, RecordingFormat, RecordingRule

UNHEARD = "nothing was heard of its end"
TOO_LONG = "the call was longer than max_length_s"
"""Why a recording is not complete."""
_PARTS_OF_ALL = 1_000_000
"""How finely a share is drawn."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """What the rules ask about."""

    id: str
    inbound: bool
    trunks: frozenset[str]
    """By which it has come or left."""
    sites: frozenset[str]
    """Those that are known of whoever called; those of the numbers and the trunks count as well."""
    calling: str
    called: str

    @classmethod
    def of(
        cls, call: str, source: Source, trunks: Iterable[str], calling: str, called: str
    ) -> "RecordedCall":
        """A call from there; `trunks` are those of its parties, empty where one has none."""
        sites = frozenset(site.name for site in source.sites)
        named = frozenset(name for name in trunks if name)
        return cls(call, source.trunk is not None, named, sites, calling, called)


class Recorder:
    """The rules of one configuration."""

    def __init__(self, settings: Settings, sites: Sites, draw: Callable[[int, int], int]) -> None:
        """`draw` gives a whole number from the first to the second, both included."""
        self._settings = settings.recording
        self._draw = draw
        self._sites = sites
        self._site_of = {trunk.name: trunk.site for trunk in settings.trunks}
        self._rules = tuple(_Rule(rule) for rule in self._settings.rules if self._settings.directory)
        self.epoch_s = 0.0
        """The time of day at the caller's moment 0, in seconds of Unix time."""

    def order(self, call: RecordedCall, now: float) -> RecordingOrder | None:
        """How a call that was answered now is recorded; None: it is not."""
        rule = self._rule(call)
        if rule is None or self._draw(1, _PARTS_OF_ALL) > rule.share * _PARTS_OF_ALL:
            return None
        answered = datetime.fromtimestamp(now + self.epoch_s, UTC)
        directory = self._settings.directory.rstrip("/")
        return RecordingOrder(
            f"{directory}/{answered:%Y%m%dT%H%M%SZ}-{call.id}",
            wav=RecordingFormat.WAV in self._settings.formats,
            pcap=RecordingFormat.PCAP in self._settings.formats,
            max_length_s=self._settings.max_length_s,
        )

    def concerns(self, call: RecordedCall) -> bool:
        """Whether a call that nobody has answered yet may come to be recorded."""
        return self._rule(call) is not None

    def _rule(self, call: RecordedCall) -> "_Rule | None":
        if not self._rules:
            return None
        sites = self._sites_of(call)
        return next((each for each in self._rules if each.fits(call, sites)), None)

    def _sites_of(self, call: RecordedCall) -> frozenset[str]:
        of_numbers = {site.name for site in self._sites.of_numbers((call.calling, call.called))}
        return call.sites | of_numbers | {self._site_of.get(trunk, "") for trunk in call.trunks}


class CallRecorder:
    """What one call has to do with it."""

    def __init__(self, recorder: Recorder, call: str, ledger: Ledger, media: CallMedia) -> None:
        self._recorder = recorder
        self._call = call
        self._ledger = ledger
        self._media = media
        self._ended: RecordingEnded | None = None
        self._failure = ""

    def concerns(self, source: Source, trunks: tuple[str, ...]) -> bool:
        """Whether it is recorded; or before the answer, whether it may come to be, where it goes by these trunks."""
        if self._ledger.answered is not None:
            return self._media.order is not None
        return self._recorder.concerns(self._as_asked(source, trunks))

    def decide(self, source: Source, trunks: tuple[str, ...], now: float) -> RecordingOrder | None:
        """Once, when somebody has answered: only then is it known by which trunk the call has left."""
        self._media.order = self._recorder.order(self._as_asked(source, trunks), now)
        return self._media.order

    def told(self, fact: RecordingFailed | RecordingEnded) -> None:
        """What has become of it, or goes wrong with it."""
        match fact:
            case RecordingFailed(_, reason):
                self._failure = self._failure or reason
            case RecordingEnded():
                self._ended = fact

    @property
    def record(self) -> RecordingRecord | None:
        """What is written down of it; None: there was to be none."""
        order, ended = self._media.order, self._ended
        if order is None:
            return None
        if ended is None:
            return RecordingRecord(order.files, complete=False, dropped=None, reason=self._failure or UNHEARD)
        reason = self._failure or (TOO_LONG if ended.cut else "")
        complete = not reason and not ended.dropped
        return RecordingRecord(ended.files, complete=complete, dropped=ended.dropped, reason=reason)

    def _as_asked(self, source: Source, trunks: tuple[str, ...]) -> RecordedCall:
        return RecordedCall.of(self._call, source, trunks, self._ledger.calling, self._ledger.called)


class _Rule:
    """One rule with its patterns compiled."""

    __slots__ = ("_called", "_calling", "_rule", "share")

    def __init__(self, rule: RecordingRule) -> None:
        self._rule = rule
        self._called, self._calling = compile_pattern(rule.called), compile_pattern(rule.calling)
        self.share = rule.share_percent / 100

    def fits(self, call: RecordedCall, sites: frozenset[str]) -> bool:
        """Whether the call is all that the rule asks for."""
        rule = self._rule
        way = CallDirection.INBOUND if call.inbound else CallDirection.OUTBOUND
        return (
            rule.direction in (CallDirection.ANY, way)
            and (not rule.trunks or not call.trunks.isdisjoint(rule.trunks))
            and (not rule.sites or not sites.isdisjoint(rule.sites))
            and self._called.matches(call.called)
            and self._calling.matches(call.calling)
        )
