"""Media without packets."""

from mediation.b2bua.media_commands import (
    ApplyMedia,
    CloseMedia,
    ClosePair,
    MediaCommand,
    OpenMedia,
    OpenPair,
    PressKey,
)
from mediation.b2bua.media_facts import (
    MediaClosed,
    MediaFact,
    MediaOpened,
    MediaRefused,
    PairOpened,
    PairRefused,
    StreamReport,
)
from mediation.b2bua.plan import FaxPlan, MediaPlan


class FakeMedia:
    """A media engine that answers at once, unless told to be slow or to refuse.

    It is as strict as the real one: pairs are opened and closed once, and a plan stands on two that are open.
    """

    def __init__(self) -> None:
        self.slow = False
        self.refuses = False
        self.open: dict[str, OpenMedia] = {}
        self.pairs: dict[str, dict[int, PairOpened | None]] = {}
        """By call: those that are open. A further one stands here with its endpoint."""
        self.asked: list[OpenPair] = []
        """Further pairs that nobody has answered yet, because media are slow."""
        self.plans: list[MediaPlan] = []
        self.faxes: list[FaxPlan] = []
        self.pressed: list[tuple[str, str, int]] = []
        """Keys that a party is to hear: who, which, and for how many milliseconds."""
        self._in_force: MediaPlan | FaxPlan | None = None
        self._used: dict[str, tuple[int, int]] = {}
        self._numbers: dict[str, int] = {}
        self._next_port = 40000

    @property
    def in_force(self) -> MediaPlan | FaxPlan:
        """The plan that holds."""
        assert self._in_force is not None
        return self._in_force

    @property
    def plan(self) -> MediaPlan:
        """The one in force, which is one of audio."""
        assert isinstance(self._in_force, MediaPlan)
        return self._in_force

    @property
    def fax(self) -> FaxPlan:
        """The one in force, which is one of a fax."""
        assert isinstance(self._in_force, FaxPlan)
        return self._in_force

    def perform(self, command: MediaCommand) -> MediaFact | None:
        """Carry out a command; what comes back at once, if anything does."""
        match command:
            case OpenMedia(call):
                assert call not in self.open, "one OpenMedia a call"
                if self.refuses:
                    return MediaRefused(call, "no ports")
                self.open[call] = command
                self.pairs[call] = {0: None, 1: None}
                self._used[call] = (0, 1)
                self._numbers[call] = 2
                return None if self.slow else self.opened(call)
            case ApplyMedia(call, plan):
                assert call in self.open, "a plan for media that is not open"
                self._used[call] = (plan.caller_pair, plan.callee_pair)
                assert self.pairs[call].keys() >= set(self._used[call]), "a plan on a pair that is not open"
                self._in_force = plan
                if isinstance(plan, MediaPlan):
                    self.plans.append(plan)
                else:
                    self.faxes.append(plan)
                return None
            case OpenPair(call):
                assert call in self.open, "a further pair for media that is not open"
                self.asked.append(command)
                return None if self.slow else self.pair_answered()
            case ClosePair(call, pair):
                assert pair in self.pairs[call], "a pair is closed that is not open"
                assert pair not in self._used[call], "a pair is closed that the plan uses"
                del self.pairs[call][pair]
                return None
            case PressKey(call, caller, key, duration_ms):
                assert call in self.open, "a key for media that is not open"
                self.pressed.append(("caller" if caller else "callee", key, duration_ms))
                return None
            case CloseMedia(call):
                if self.open.pop(call, None) is None:
                    return None  # it was refused, and nobody is asked for a last word
                self.asked = [asked for asked in self.asked if asked.call != call]
                report = StreamReport(50, 50, 8000, 0, 1.0, 0)
                return MediaClosed(call, report, report)

    def opened(self, call: str) -> MediaOpened:
        """The ports of a call."""
        near, far = self.open[call].local_hosts
        self._next_port += 4
        return MediaOpened(call, (near, self._next_port), (far, self._next_port + 2))

    def pair_answered(self) -> PairOpened | PairRefused:
        """What comes of the further pair that was asked for first."""
        asked = self.asked.pop(0)
        if self.refuses:
            return PairRefused(asked.call, "no ports")
        number = self._numbers[asked.call]
        self._numbers[asked.call] += 1
        self._next_port += 4
        opened = PairOpened(asked.call, number, (asked.local_host, self._next_port))
        self.pairs[asked.call][number] = opened
        return opened
