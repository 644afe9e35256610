"""A call whose caller's port is attacked: who is heard by the callee, and who hears it. Real sockets, time by hand."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mediation.b2bua.plan import Fax, FaxPlan, Stream
from mediation.sdp.crypto import SrtpKeys
from mediation.settings.peer_media import Latching
from mediation_codecs.law import Law
from mediation_codecs.transcode import translation_table
from tests.unit.media.circuit import CALLEE, CALLER, OURS, STRANGER, Circuit, heard, own, packet, stream

NAT, ROAMED = own(7), own(8)
"""Where the caller's packets come from when it is behind a NAT, and when it has gone on."""

VOICE, NOISE = b"\x11" * 160, b"\x22" * 160
"""What the party says, and what strangers say."""
AS_HEARD = {
    payload.translate(translation_table(Law.PCMU, Law.PCMA)): name
    for payload, name in ((VOICE, "voice"), (NOISE, "noise"))
}
SSRC, OTHER_SSRC = 0x1111, 0x9999


class Attacked(Circuit):
    """The caller has `latching`; one stranger is at an address of its own, one shares the caller's."""

    def __init__(self, latching: Latching) -> None:
        super().__init__(OURS, (CALLER, CALLEE), lambda: 0.5)
        self.latching = latching
        self.nat, self.roamed = self.other(NAT), self.other(ROAMED)
        self.stranger, self.neighbour = self.other(STRANGER), self.other(CALLER)
        self._said = 0

    def description(
        self,
        sock: socket.socket | None = None,
        *,
        sends: bool = True,
        event: int = 101,
        srtp: SrtpKeys | None = None,
    ) -> Stream:
        """What the caller says of itself."""
        told = stream(sock or self.caller, self.caller_rtcp, sends=sends, event=event)
        return replace(told, latching=self.latching, srtp=srtp)

    def name(self, described: Stream | None = None) -> None:
        """Signalling names it."""
        self.apply(self.plan(caller=described or self.description()))

    def name_fax(self) -> None:
        """The call becomes a fax."""
        faxes = Fax(self.caller.getsockname(), self.latching), Fax(self.callee.getsockname())
        self.apply(FaxPlan(*faxes))

    def send(self, by: socket.socket, first: int, count: int = 2, ssrc: int = SSRC) -> None:
        """So many packets in a row."""
        strange = by in (self.stranger, self.neighbour)
        for number in range(first, first + count):
            self.from_caller(packet(number, NOISE if strange else VOICE, ssrc=ssrc), by=by)
        self.serve_now()

    def pass_time(self, units: int) -> None:
        """On the media clock."""
        self.now += units

    def is_heard(self) -> set[str]:
        """What has come to the callee since: voice, noise."""
        return {AS_HEARD.get(octets[12:], "else") for octets in heard(self.callee)}

    def hearers(self) -> list[str]:
        """Who gets what the callee says now."""
        places = {
            "described": self.caller,
            "nat": self.nat,
            "roamed": self.roamed,
            "stranger": self.stranger,
            "neighbour": self.neighbour,
        }
        for sock in places.values():
            heard(sock)
        self._said += 1
        self.from_callee(packet(self._said, payload_type=8))
        self.serve_now()
        return [name for name, sock in places.items() if heard(sock)]


@contextmanager
def attacked(latching: Latching) -> Iterator[Attacked]:
    """A call, cleaned up in the end."""
    made = Attacked(latching)
    try:
        yield made
    finally:
        made.clean_up()
