"""The server that is explored, and what it is configured to."""

from collections.abc import Callable
from functools import cache
from typing import Any

from mediation.settings.announcements import Announcement
from mediation.settings.bypass import Bypass, BypassMode, TrunkBypass, TrunkMedia
from mediation.settings.model import Settings
from mediation.settings.peer_terms import EarlyMedia, MidCall, Reliability, TransferMode, Transfers
from mediation.sip.flow import Flow, Transmit
from mediation.sip.message import Message, Response
from mediation_codecs.codec import Codec
from tests.explorer.scenarios import Scenario
from tests.explorer.wire import read
from tests.flows.reading import marks_in
from tests.flows.scenery import settings, trunk
from tests.flows.world import World

_RELIABLY = EarlyMedia(reliable=Reliability.PREFER)
_MAY_FAX = MidCall(fax=True)
_WITH_MUSIC = MidCall(fax=True, music="/music.wav")
_WORDS = (Announcement(sound="tone:busy:de", longest_s=2),)
_PASSING_ON = Transfers(mode=TransferMode.REFER)


@cache
def _settings(*, reliable: bool, passes_on: bool, announces: bool, past_us: bool, music: bool) -> Settings:
    terms: dict[str, Any] = {"mid_call": _WITH_MUSIC if music else _MAY_FAX}
    terms |= {"early_media": _RELIABLY} if reliable else {}
    terms |= {"transfer": _PASSING_ON} if passes_on else {}
    terms |= {"announcements": _WORDS} if announces else {}
    if not past_us:
        return settings(trunk(**terms), **terms)
    allowed = TrunkMedia(bypass=TrunkBypass.ALLOWED)
    always = Bypass(mode=BypassMode.ALWAYS)
    return settings(trunk(media=allowed, **terms), codecs=(Codec.PCMA,), bypass=always, **terms)


class Explored(World):
    """The world of the flow tests, with a network in between."""

    def __init__(self, scenario: Scenario, server_sends: Callable[[Message, Transmit], None]) -> None:
        """What the server sends is handed over."""
        super().__init__(
            _settings(
                reliable=scenario.reliable,
                passes_on=scenario.passes_on,
                announces=scenario.announces,
                past_us=scenario.past_us,
                music=scenario.music,
            )
        )
        self._past_us = scenario.past_us
        self._server_sends = server_sends

    def give(self, octets: bytes, flow: Flow) -> None:
        """Let the server hear a datagram."""
        message = read(octets)
        self._remember(octets, flow)
        if self._past_us:
            self.hiding.heard(self._side(flow), octets)
        self.soon(lambda: self.engine.receive(message, flow, self.now))

    def _remember(self, octets: bytes, flow: Flow) -> None:
        self._marks[self._side(flow)] |= marks_in(octets)

    def _transmit(self, sent: Transmit) -> None:
        message = read(sent.octets)
        self._remember(sent.octets, sent.flow)
        self._told[self._side(sent.flow)].append(sent.octets)
        if isinstance(message, Response) and message.cseq.method == "INVITE":
            begins = message.to.tag is None  # a 100 within a call begins none
            if begins or message.status >= 200:
                self._count(message.status, message.top_via.branch or message.call_id)
        self._server_sends(message, sent)
