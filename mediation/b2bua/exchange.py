"""What all calls of one engine share."""

from collections.abc import Callable
from dataclasses import dataclass

from mediation.b2bua import notices
from mediation.b2bua.announcing import Announcer
from mediation.b2bua.outputs import Output
from mediation.b2bua.recording import Recorder
from mediation.b2bua.wide_room import WideRoom
from mediation.routing.admission import Source
from mediation.routing.bypass import BypassPolicy
from mediation.routing.room import Room
from mediation.routing.routes import Candidate
from mediation.routing.trunk import TrunkState
from mediation.settings.model import Settings
from mediation.sip.agent import Agent


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who and what they have in common."""

    agent: Agent
    settings: Settings
    trunks: dict[str, TrunkState]
    lines: dict[str, Room]
    """Those to the users of sites, by the site's name."""
    emit: Callable[[Output], None]
    candidates: Callable[[Source, str, float], tuple[Candidate, ...]]
    """Targets for a number, as a caller from this source would get them."""
    recorder: Recorder
    """Decides which calls are recorded."""
    wide: WideRoom
    """Places of parties that speak a wide codec."""
    announcer: Announcer
    """Decides which refusals are heard."""
    bypass: BypassPolicy
    """Decides whose audio may go past us."""
    bypassed: set[str]
    """The calls whose audio does, by our name for them."""

    def room_turned(self, room: Room, is_nearly_full: bool) -> None:
        """A trunk or a line has become nearly full, or has room again."""
        self.emit(notices.room_turned(room, is_nearly_full))
