"""What stands between a call and the media engine."""

from dataclasses import replace

from mediation.b2bua.call_media import CallMedia
from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, MediaCommand, OpenMedia
from mediation.b2bua.media_facts import MediaClosed, MediaOpened, StreamReport
from mediation.b2bua.plan import MediaPlan, Stream
from mediation.settings.peers import Side
from mediation.settings.server import Media
from mediation_codecs.law import Law

ONE = Stream(("10.1.1.20", 4000), ("10.1.1.20", 4001), Law.PCMU, 0, 101, 20, sends=True, takes=True)
OTHER = replace(ONE, law=Law.PCMA, payload_type=8)
REPORT = StreamReport(1, 2, 3, 4, None, 5)


def opened() -> tuple[CallMedia, list[MediaCommand]]:
    commands: list[MediaCommand] = []
    media = CallMedia("one", commands.append, Media(silence_s=30, early_silence_s=5))
    media.open(Side.FRONT_END, Side.GATEWAY, ("10.1.1.10", "198.51.100.10"))
    media.opened(MediaOpened("one", ("10.1.1.10", 20000), ("198.51.100.10", 30000)))
    return media, commands


def test_ports_are_asked_for_and_the_callees_is_known_then() -> None:
    media, commands = opened()
    assert commands == [OpenMedia("one", Side.FRONT_END, Side.GATEWAY, ("10.1.1.10", "198.51.100.10"))]
    assert media.callee_local == ("198.51.100.10", 30000)


def test_a_plan_needs_both_parties_and_is_told_when_it_changes() -> None:
    media, commands = opened()
    media.apply(ONE, None, early=False)
    media.apply(None, OTHER, early=False)
    media.apply(ONE, OTHER, early=False)
    media.apply(ONE, OTHER, early=False)
    held = replace(ONE, takes=False)
    media.apply(held, OTHER, early=False)
    assert commands[1:] == [
        ApplyMedia(
            "one", MediaPlan(ONE, OTHER, 30.0, watched=True, hold_silence_s=1800.0, first_silence_s=30.0)
        ),
        ApplyMedia(
            "one", MediaPlan(held, OTHER, 30.0, watched=True, hold_silence_s=1800.0, first_silence_s=30.0)
        ),
    ]


def test_it_is_closed_once_and_stays_open_until_the_last_word() -> None:
    media, commands = opened()
    media.close()
    media.close()
    assert commands[1:] == [CloseMedia("one")]
    assert media.is_open
    media.ended()
    assert not media.is_open


def test_what_was_never_opened_or_is_gone_is_not_closed() -> None:
    commands: list[MediaCommand] = []
    media = CallMedia("one", commands.append, Media(silence_s=30, early_silence_s=5))
    media.close()
    assert commands == []
    media, commands = opened()
    media.ended()
    media.close()
    assert len(commands) == 1


def test_figures_are_kept_only_where_audio_was_planned() -> None:
    media, _ = opened()
    media.ended(MediaClosed("one", REPORT, REPORT))
    assert (media.caller_report, media.callee_report) == (None, None)
    media, _ = opened()
    media.apply(ONE, OTHER, early=False)
    media.ended(MediaClosed("one", REPORT, replace(REPORT, lost=0)))
    assert (media.caller_report, media.callee_report) == (REPORT, replace(REPORT, lost=0))
