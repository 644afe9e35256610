"""Audio that goes past a whole server, and through its media workers while it is needed (flow 12, D25)."""

import asyncio
import json

import pytest

from tests.interop.scene import Scene
from tests.wire.phones import nothing_left_in, serving
from tests.wire.test_fax import AUDIO, Machine, hear_each_other, machines

HELD = AUDIO + "c=IN IP4 0.0.0.0\r\na=sendonly\r\n"
"""A hold as it was spelled once: there is no address in it that anybody could be told."""
LISTENS = AUDIO + "a=recvonly\r\n"


async def hear_each_other_directly(one: Machine, other: Machine) -> None:
    """Each packet comes from the very socket that has sent it."""
    for speaker, listener in ((one, other), (other, one)):
        assert speaker.to == listener.media.getsockname()
        for _ in range(10):
            speaker.speaks()
            _, source = await listener.hears_from()
            assert source == speaker.media.getsockname()


def drop_what_is_left(*parties: Machine) -> None:
    """Forget packets that nobody has waited for."""
    for party in parties:
        try:
            while party.media.recv(2048):
                pass
        except BlockingIOError:
            continue


@pytest.mark.parametrize("again", [True, False])
@pytest.mark.parametrize("direction", ["outbound", "inbound"])
async def test_two_sockets_hear_each_other_past_the_server_and_through_it_after_a_hold(
    scene: Scene, direction: str, again: bool
) -> None:
    way = scene.way(direction)
    configuration = scene.configuration(
        trunk='media = { bypass = "allowed" }',
        more=f'\n[bypass]\nmode = "always"\nmid_call = {str(again).lower()}\n',
    )
    async with serving(configuration, media=True) as server:
        with machines(way) as (caller, callee):
            caller.law = callee.law = 8
            await asyncio.gather(caller.calls(way.door), callee.takes(AUDIO))
            await hear_each_other_directly(caller, callee)
            assert len(server._engine.bypassed) == 1
            await asyncio.gather(caller.asks_for(HELD), callee.takes(LISTENS))
            ours = {scene.internal[0], scene.gateway[0]}
            assert {caller.to[0], callee.to[0]} == ours
            assert server._engine.bypassed == set()
            await asyncio.gather(caller.asks_for(AUDIO), callee.takes(AUDIO))
            if again:
                drop_what_is_left(caller, callee)
                await hear_each_other_directly(caller, callee)
            else:
                assert {caller.to[0], callee.to[0]} == ours
                await hear_each_other(caller, callee)
            await asyncio.gather(caller.hangs_up(), callee.is_hung_up_on())
            await nothing_left_in(server, "calls", "dialogs")
    (line,) = (scene.folder / "cdr.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert record["verdict"] == "success"
    assert record["bypassed_s"] is not None
    for party in ("caller", "callee"):
        received = record[party]["media"]["packets_received"]
        assert received >= 10 if not again else received == 0, "no worker has seen a packet"
