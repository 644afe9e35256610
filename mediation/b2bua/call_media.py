"""One call's audio as the call sees it: asked for once, planned as often as need be, closed once.

Each of the two parties has a seat, and each seat a pair of ports. Another party that is to take a seat gets a further
pair; once it sits there, the pair before is given up.
"""

from collections.abc import Callable

from mediation.b2bua.media_commands import (
    ApplyMedia,
    CloseMedia,
    ClosePair,
    MediaCommand,
    OpenMedia,
    OpenPair,
    PressKey,
)
from mediation.b2bua.media_facts import MediaClosed, MediaOpened, StreamReport
from mediation.b2bua.plan import ABSENT, Endpoint, Fax, FaxPlan, MediaPlan, RecordingOrder, Stream
from mediation.settings.peers import Side
from mediation.settings.server import Media
from mediation.sip.dtmf_info import DtmfInfo

CALLER, CALLEE = 0, 1
"""The seats; also the pairs that they begin with."""


class CallMedia:
    """What stands between a call and the media engine."""

    def __init__(self, call: str, emit: Callable[[MediaCommand], None], media: Media) -> None:
        self._call = call
        self._emit = emit
        self._media = media
        self._plan: MediaPlan | FaxPlan | None = None
        self.pairs = (CALLER, CALLEE)
        """Which pair each seat has."""
        self._left: set[int] = set()
        """Pairs that no seat has any more, and that the plan in force still uses."""
        self._closing = False
        self.is_open = False
        """Whether the engine owes us a last word."""
        self._again = False
        """Whether that is one of ports that were asked for in place of lost ones."""
        self.callee_local: Endpoint = ("", 0)
        """Our port towards the called party, once it is bound."""
        self.order: RecordingOrder | None = None
        """How the call is recorded from the next plan on."""
        self.caller_report: StreamReport | None = None
        """What was measured; None while it was not, or when no audio was ever planned."""
        self.callee_report: StreamReport | None = None

    @property
    def is_fax(self) -> bool:
        """Whether the plan in force is one of a fax."""
        return isinstance(self._plan, FaxPlan)

    def open(self, caller: Side, callee: Side, hosts: tuple[str, str]) -> None:
        """Ask for ports on both sides."""
        self.is_open = True
        self._asked = OpenMedia(self._call, caller, callee, hosts)
        self._emit(self._asked)

    def open_again(self) -> None:
        """Ask for other ports in place of those that were lost while no audio went by them."""
        if not self._closing:
            self._plan, self.pairs, self.is_open, self._again = None, (CALLER, CALLEE), True, True
            self._left.clear()
            self._emit(self._asked)

    def opened(self, fact: MediaOpened) -> None:
        """The ports are bound."""
        self._again = False
        self.callee_local = fact.callee

    def open_pair(self, side: Side, host: str) -> None:
        """Ask for a further pair."""
        self._emit(OpenPair(self._call, side, host))

    def close_pair(self, pair: int) -> None:
        """Give up a pair that nobody sits at."""
        if self.is_open and not self._closing:
            self._emit(ClosePair(self._call, pair))

    def apply(
        self,
        caller: Stream | Fax | None,
        callee: Stream | Fax | None,
        *,
        early: bool,
        pairs: tuple[int, int] | None = None,
    ) -> None:
        """Put in force what both parties agreed; nothing while one of them has not, or nothing has changed.

        `early`: before the answer. Silence then means that the caller's phone must ring by itself, not the end.
        `pairs` are those of the seats; without them, those that they have.
        """
        if caller is None or callee is None or self._closing:
            return  # the caller's ACK will bring what is missing
        at = self.pairs if pairs is None else pairs
        plan: MediaPlan | FaxPlan
        if isinstance(caller, Fax) and isinstance(callee, Fax):
            plan = FaxPlan(caller, callee, *at)
        elif isinstance(caller, Stream) and isinstance(callee, Stream):
            media = self._media
            limits = (media.silence_s, media.hold_silence_s, media.first_silence_s)
            active_s, hold_s, first_s = map(float, (media.early_silence_s,) * 3 if early else limits)
            plan = MediaPlan(
                caller,
                callee,
                active_s,
                *at,
                watched=media.watch_audio and not early,
                hold_silence_s=hold_s,
                first_silence_s=first_s,
                recording=self.order,
            )
        else:
            return  # one side is a fax already and the other not yet: what is in force goes on
        self._put(plan)

    def _put(self, plan: MediaPlan | FaxPlan) -> None:
        if plan != self._plan:
            self._plan = plan
            self._emit(ApplyMedia(self._call, plan))
            for pair in self._left.difference((plan.caller_pair, plan.callee_pair)):
                self._left.discard(pair)
                self.close_pair(pair)

    def rest(self) -> None:
        """The audio goes past us: what still comes is dropped, and nobody listens for silence."""
        if self._plan is not None and not self._closing:
            self._put(MediaPlan(ABSENT, ABSENT, 0.0, *self.pairs))

    def press(self, key: DtmfInfo, *, caller: bool) -> None:
        """Let the caller hear a key that was said by signalling, or else the callee."""
        if self._plan is not None and not self._closing:
            self._emit(PressKey(self._call, caller, key.key, key.duration_ms))

    def move(self, pairs: tuple[int, int]) -> None:
        """Let the seats have these pairs from the next plan on, which gives up those that they had."""
        self._left |= set(self.pairs).difference(pairs)
        self.pairs = pairs

    def close(self) -> None:
        """Ask for the end; asking twice is asking once."""
        if self.is_open and not self._closing:
            self._closing = True
            self._emit(CloseMedia(self._call))

    def ended(self, fact: MediaClosed | None = None) -> None:
        """The engine has said its last word."""
        self.is_open = False
        if fact is not None and self._plan is not None:
            self.caller_report, self.callee_report = fact.caller, fact.callee

    def forget(self) -> None:
        """The engine has said its last word, which a bug kept from being heard; of other ports there will be one."""
        self.is_open, self._again = self._again, False
