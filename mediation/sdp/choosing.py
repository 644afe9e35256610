"""Which codec a call has where there are several, and under which numbers formats are said.

Without a transcoder in between a call sounds best and costs least, so a law is taken wherever there is one: `prefer`,
if both have it, which is what the other side of the call has; else the first of the offer's, as RFC 3264 section 6.1
wants it. A wide codec is taken where the other side has the very same, where the offer has no law, or where one is the
first of our own: then we have been told to prefer them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mediation.sdp.audio import COMFORT_NOISE, STATIC_PAYLOAD_TYPES, TELEPHONE_EVENT, Format
from mediation.sdp.opus import OURS
from mediation_codecs.codec import Codec, is_wide

EVENT_PAYLOAD_TYPE = 101
"""What our offers call telephone-event: dynamic, and the number that most equipment uses."""
_DYNAMIC = range(96, 128)
DIGITS = "0-15"
"""The events of whoever lists none (RFC 4733 section 2.4.1)."""
DIGITS_AND_FLASH = "0-16"
"""With the flash of RFC 2833: RFC 4733 only reserves it, many still list it, relaying it costs nothing."""

_UP_TO_FLASH = tuple(str(event) for event in range(17))
_NUMBERS = {name: number for number, name in STATIC_PAYLOAD_TYPES.items()}


def chosen_codec(common: Sequence[Format], ours: Sequence[str], prefer: str | None) -> Format:
    """The one to use of those that an offer and we have in common, which are in the offer's order."""
    wanted = next((each for each in common if each.name == prefer), None)
    wide = [each for each in common if is_wide(each.name)]
    laws = [each for each in common if not is_wide(each.name)]
    if wanted is not None and wanted in wide:
        return wanted
    if wide and (not laws or is_wide(ours[0])):
        return wide[0]
    return wanted or laws[0]


def offered_formats(
    codecs: Iterable[str], known: tuple[Format, ...], *, comfort_noise: bool, telephone_event: bool
) -> list[Format]:
    """What an offer of ours lists. What is `known` by a number already keeps it (RFC 3264 section 8.3.2)."""
    numbers = {(each.name, each.clock_hz): each.payload_type for each in reversed(known)}

    def dynamic(name: str, clock_hz: int, usual: int, parameters: str) -> Format:
        free = (number for number in (usual, *_DYNAMIC) if number not in numbers.values())
        number = numbers.get((name, clock_hz)) or next(free, usual)
        numbers[name, clock_hz] = number
        return Format(number, name, parameters, clock_hz)

    formats = [
        dynamic(codec, Codec.OPUS.clock_hz, _DYNAMIC[0], OURS)
        if codec == Codec.OPUS
        else Format(_NUMBERS[codec], codec)
        for codec in codecs
    ]
    clocks = dict.fromkeys(each.clock_hz for each in formats)
    if comfort_noise:
        formats.append(Format(*COMFORT_NOISE))
    if telephone_event:
        formats += [dynamic(TELEPHONE_EVENT, each, EVENT_PAYLOAD_TYPE, DIGITS_AND_FLASH) for each in clocks]
    return formats


def event_answered(event: Format) -> Format:
    """What an answer of ours lists of a party's telephone-event: flash for those who know it."""
    for item in event.parameters.split(","):
        low, _, high = item.strip(" ").partition("-")
        if (low, high) == ("16", "") or (low in _UP_TO_FLASH and high == "16"):
            return replace(event, parameters=DIGITS_AND_FLASH)
    return replace(event, parameters=DIGITS)
