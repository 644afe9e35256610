"""Which sources may be a party: each side by its own settings, in audio and in fax, all through the call (flow 12)."""

import pytest

from mediation.settings.peer_media import Latching, PeerMedia
from tests.flows.fax_pair import FAX, image
from tests.flows.midcall import SIDES, sides
from tests.flows.pair import WAYS, Make
from tests.flows.scenery import settings, trunk


@SIDES
@pytest.mark.parametrize("way", list(WAYS))
def test_each_side_latches_by_its_own_settings_in_audio_and_fax(make: Make, way: str, by: str) -> None:
    outside, inside = PeerMedia(latching=Latching.CONTINUOUS), PeerMedia(latching=Latching.OFF)
    world = make(settings(trunk(media=outside, mid_call=FAX), media_terms=inside, mid_call=FAX))
    call = WAYS[way](world)
    modes = [Latching.OFF, Latching.CONTINUOUS]
    if way != "outbound":
        modes.reverse()
    one, other = sides(call, by)
    plan = call.media.plan
    assert [plan.caller.latching, plan.callee.latching] == modes
    one.reinvites(image(one))
    other.says(200, sdp=image(other, port=4700))
    one.acks()
    assert [call.media.fax.caller.latching, call.media.fax.callee.latching] == modes
    call.caller.heard(), call.callee.heard()
    call.ends()
