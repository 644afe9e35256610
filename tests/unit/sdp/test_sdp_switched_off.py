"""Audio that is switched off while a call is up (RFC 3264 section 8.2)."""

from dataclasses import replace

import pytest

from mediation.sdp.agreed import AgreedAudio
from mediation.sdp.audio import Direction
from mediation.sdp.description import SessionDescription
from mediation.sdp.switched_off import switched_off

HEAD = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
AGREED = AgreedAudio(("192.0.2.1", 4000), ("192.0.2.1", 4001), "PCMA", 8, 101, 20, Direction.SENDRECV)


def off(lines: str, before: AgreedAudio | None = AGREED) -> AgreedAudio | None:
    return switched_off(SessionDescription.parse((HEAD + lines.replace("\n", "\r\n")).encode()), before)


def test_what_was_agreed_stays_but_for_where_audio_goes_and_which_way__rfc3264_8_2() -> None:
    audio = off("m=audio 0 RTP/AVP 8 101\n")
    assert audio is not None
    assert audio.is_switched_off
    assert not AGREED.is_switched_off
    assert (audio.direction, audio.theirs) == (Direction.INACTIVE, Direction.INACTIVE)
    assert (
        replace(
            audio,
            remote=AGREED.remote,
            remote_rtcp=AGREED.remote_rtcp,
            direction=AGREED.direction,
            theirs=AGREED.theirs,
        )
        == AGREED
    )


@pytest.mark.parametrize(
    "lines",
    [
        "m=audio 4000 RTP/AVP 8\n",
        "m=audio 0 RTP/AVP 8\nm=audio 4002 RTP/AVP 8\n",
        "m=audio 0 RTP/AVP 8\nm=image 4004 udptl t38\n",
        "m=image 0 udptl t38\n",
        "",
    ],
)  # fmt: skip
def test_anything_else_switches_nothing_off(lines: str) -> None:
    assert off(lines) is None


def test_a_call_without_audio_has_none_to_switch_off() -> None:
    assert off("m=audio 0 RTP/AVP 8\n", None) is None
    assert off("m=audio 0 RTP/AVP 8\n", replace(AGREED, place=1)) is None
