"""What we play stands in the recording of a call, in the place of the party that was not heard meanwhile."""

import os
import socket
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mediation.b2bua.plan import RecordingOrder
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.media.reel import Reel
from mediation.media.shelf import read_shelf
from mediation.media.stocking import write_shelf
from mediation.media.tape import Tape, batch_of, pair
from mediation_codecs.law import Law
from mediation_codecs.pcm import level_at_dbm0
from mediation_codecs.tones import sine
from tests.unit.media.circuit import circuit, packet, stream

MUSIC = Sound(SoundKind.MUSIC, "tune")


def test_music_on_hold_is_on_the_side_of_who_holds_and_not_in_the_capture(tmp_path: Path) -> None:
    """The caller is on the left. The callee holds, and sends something of its own that nobody hears."""
    ours, theirs = pair()
    ours.setblocking(False)
    descriptor = write_shelf({MUSIC: sine(600, -12, 2.0)})
    order = RecordingOrder(str(tmp_path / "call"), wav=True, pcap=True)
    with circuit(shelf=read_shelf(descriptor)) as call:
        os.close(descriptor)
        tape = call.session._tape = Tape(theirs.detach())
        caller = replace(stream(call.caller, call.caller_rtcp), plays=MUSIC)
        callee = stream(call.callee, call.callee_rtcp, law=Law.PCMA)
        reel = Reel(order, call.now, 0)
        call.apply(replace(call.plan(caller, callee, 0), recording=order))
        for number in range(50):
            call.from_callee(packet(number, payload_type=8))
            call.serve_now()
            call.advance(0.02)
        call.session.close(call.now)
        end = call.now
    while (octets := _next(ours)) is not None:
        reel.take(batch_of(octets))
    reel.finish(end)
    with wave.open(str(tmp_path / "call.wav"), "rb") as file:
        left, right = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).T
    assert not left.any()
    assert level_at_dbm0(right[400:7600], 600) == pytest.approx(-12, abs=0.2)
    ours.close()
    tape.close()
    packets = (tmp_path / "call.pcap").read_bytes().count(b"\x55" * 160)
    assert packets == 50, "the packets of the callee, and none of ours"
    assert (tmp_path / "call.pcap").stat().st_size < 50 * 300


def _next(sock: socket.socket) -> bytes | None:
    try:
        return sock.recv(65_536)
    except BlockingIOError:
        return None
