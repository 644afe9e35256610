"""Keys through a real worker process, between a phone that says them in one way and one that hears them in another."""

from dataclasses import replace

import numpy as np
import pytest

from mediation.b2bua.media_commands import ApplyMedia, PressKey
from mediation.b2bua.media_facts import KeyHeard
from mediation.b2bua.plan import MediaPlan
from mediation.media.worker_settings import WorkerSettings
from mediation.rtp.packet import build, read_header
from mediation.rtp.telephone_event import EventReceiver, key_packets
from mediation.settings.peer_media import Dtmf
from mediation_codecs.dtmf import key_tone
from mediation_codecs.dtmf_detector import ToneDetector
from mediation_codecs.g711 import decode, encode
from mediation_codecs.law import Law
from tests.wire.media_phones import Media, Phone, phones

SETTINGS = WorkerSettings(
    front_end_ports=(23_000, 23_499),
    gateway_ports=(33_000, 33_499),
    workers=1,
    port_quarantine_s=0.1,
    rtcp_interval_s=0.2,
    statistics_interval_s=0.1,
)
KEYS = "0123456789*#ABCD"

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def connected(media: Media, caller: Phone, callee: Phone, ways: tuple[Dtmf, Dtmf]) -> None:
    """A call between phones that say keys in these ways."""
    await media.open("call", caller, callee)
    one, other = (
        replace(phone.stream(), dtmf=way) for phone, way in zip((caller, callee), ways, strict=True)
    )
    media.engine.perform(ApplyMedia("call", MediaPlan(one, other, 30.0)))
    await media.settle()


async def test_keys_by_signalling_become_events__rfc4733_2_5_1(media: Media) -> None:
    with phones(events=(101, None)) as (caller, callee):
        await connected(media, caller, callee, (Dtmf.RTP, Dtmf.INFO))
        callee.say(b"\x55" * 160)
        last = read_header(caller.hear())
        for key in "5#":
            media.engine.perform(PressKey("call", True, key, 60))
        for key in "5#":
            wanted = list(key_packets(key, 480))
            heard = [caller.hear() for _ in wanted]
            headers = [read_header(octets) for octets in heard]
            assert [octets[12:] for octets in heard] == [packet.payload for packet in wanted]
            assert {header[0] for header in headers} == {101}
            assert len({header[3] for header in headers}) == 1, "one time of beginning"
            assert [(header[2] - last[2]) & 0xFFFF for header in headers] == list(range(1, len(wanted) + 1))
            assert [header[1] for header in headers] == [packet.marker for packet in wanted]
            assert (headers[0][3] - last[3]) & 0xFFFFFFFF >= 160
            last = headers[-1]


async def test_a_key_by_signalling_becomes_a_tone__q23(media: Media) -> None:
    with phones(events=(None, None)) as (caller, callee):
        await connected(media, caller, callee, (Dtmf.INFO, Dtmf.INBAND))
        media.engine.perform(PressKey("call", False, "8", 100))
        sound = b"".join(callee.hear()[12:] for _ in range(5))
        wanted = decode(Law.PCMA, encode(Law.PCMA, key_tone("8", 0, 800, 10)))
        assert np.array_equal(decode(Law.PCMA, sound), wanted)


async def test_events_become_words_to_signalling_each_once__rfc4733_2_5_1_4(media: Media) -> None:
    with phones(events=(101, None)) as (caller, callee):
        await connected(media, caller, callee, (Dtmf.RTP, Dtmf.INFO))
        number = 0
        for index, key in enumerate(KEYS):
            for event in key_packets(key, 800):
                octets = build(101, number, 4000 * index, 0xABCD, event.payload, marker=event.marker)
                caller.rtp.sendto(octets, caller.to)
                number += 1
        for key in KEYS:
            assert await media.fact(KeyHeard, "call") == KeyHeard("call", True, key, 100)
        caller.say(b"\x55" * 160)
        assert callee.hear()[12:] != b""
        assert callee.hears_nothing(), "no event has left as it came"


async def test_an_event_whose_end_is_lost_is_told_without_it(media: Media) -> None:
    with phones(events=(101, None)) as (caller, callee):
        await connected(media, caller, callee, (Dtmf.RTP, Dtmf.INFO))
        for number, event in enumerate(list(key_packets("3", 800))[:-3]):
            caller.rtp.sendto(build(101, number, 0, 0xABCD, event.payload), caller.to)
        assert await media.fact(KeyHeard, "call") == KeyHeard("call", True, "3", 80)


async def test_tones_become_events_and_none_is_heard_twice__flow_19_3(media: Media) -> None:
    with phones(events=(101, None)) as (caller, callee):
        await connected(media, caller, callee, (Dtmf.RTP, Dtmf.INBAND))
        sound = [part for key in "42" for part in (np.zeros(800, np.int16), key_tone(key, 0, 640, 10))]
        octets = encode(Law.PCMA, np.concatenate((*sound, np.zeros(1600, np.int16))))
        for begin in range(0, len(octets), 160):
            callee.say(octets[begin : begin + 160])
        receiver, detector = EventReceiver(), ToneDetector()
        keys: list[str | None] = []
        numbers: list[int] = []
        while not (receiver.ended and len(keys) == 2):
            heard = caller.hear()
            kind, _, number, timestamp, *_ = read_header(heard)
            numbers.append(number)
            if kind == 101 and (event := receiver.packet_arrived(timestamp, heard[12:])) is not None:
                keys.append(event.key)
            elif kind == 0:
                assert detector.feed(decode(Law.PCMU, heard[12:])) == []
        assert keys == ["4", "2"]
        assert [(number - numbers[0]) & 0xFFFF for number in numbers] == list(range(len(numbers)))


async def test_an_event_becomes_a_tone_of_its_length(media: Media) -> None:
    with phones(events=(101, None)) as (caller, callee):
        await connected(media, caller, callee, (Dtmf.RTP, Dtmf.INBAND))
        for number, event in enumerate(key_packets("6", 800)):
            caller.rtp.sendto(build(101, number, 0, 0xABCD, event.payload, marker=event.marker), caller.to)
        sound = decode(Law.PCMA, b"".join(callee.hear()[12:] for _ in range(5)))
        wanted = decode(Law.PCMA, encode(Law.PCMA, key_tone("6", 0, 800, 10)))
        assert np.array_equal(sound, wanted)
