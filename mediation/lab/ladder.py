"""Who said what to whom, as a ladder of text. `ladder_svg` draws the same rows as a picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

RELAYED_WITHIN_S: Final = 0.05
"""A message passed on so soon stands in one row with the message it was."""
PAUSE_S: Final = 1.0
"""A longer pause is drawn as one."""
_TIMES: Final = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True)
class LadderMessage:
    """One message on the wire. From an actor to itself it is a remark, drawn beside its line."""

    at_s: float
    """On any clock; the ladder shows the time since the first message."""
    source: str
    destination: str
    label: str
    """Method or status: `INVITE`, `180 Ringing`."""
    detail: str = ""
    """The message as it was on the wire, or whatever explains it."""
    both_ways: bool = False
    """Drawn with two heads and a double line: audio, not a message."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """A message in its row, with the columns it goes from and to."""

    message: LadderMessage
    index: int
    """Its place among all messages, from 0: what a link to it is named by."""
    begin: int
    end: int
    times: int
    """How often the very same message was sent in a row."""

    @property
    def label(self) -> str:
        """What stands on the arrow."""
        return f"{self.message.label} {_TIMES}{self.times}" if self.times > 1 else self.message.label


@dataclass(frozen=True, slots=True)
class Row:
    """What stands at one height: arrows that follow each other from column to column."""

    after_s: float
    """Since the first message."""
    pause_s: float
    """Since the row before, when that is long enough to be drawn; else 0."""
    arrows: tuple[Arrow, ...]


def columns(messages: Iterable[LadderMessage], actors: Sequence[str]) -> tuple[str, ...]:
    """The actors in their order, and after them those that nobody announced."""
    known = dict.fromkeys(actors)
    for message in messages:
        known |= dict.fromkeys((message.source, message.destination))
    return tuple(known)


def rows(messages: Sequence[LadderMessage], actors: Sequence[str]) -> list[Row]:
    """Messages in order of time, repetitions counted, and what is passed on at once drawn as one line."""
    place = {actor: index for index, actor in enumerate(columns(messages, actors))}
    made: list[Row] = []
    previous_s = 0.0
    ordered = sorted(enumerate(messages), key=lambda item: item[1].at_s)
    first_s = ordered[0][1].at_s if ordered else 0.0
    for index, message in ordered:
        after_s = message.at_s - first_s
        arrow = Arrow(message, index, place[message.source], place[message.destination], 1)
        last = made[-1].arrows if made else ()
        if last and _repeats(last[-1], arrow):
            repeated = Arrow(last[-1].message, last[-1].index, arrow.begin, arrow.end, last[-1].times + 1)
            made[-1] = Row(made[-1].after_s, made[-1].pause_s, (*last[:-1], repeated))
        elif last and after_s - previous_s <= RELAYED_WITHIN_S and _continues(last, arrow):
            made[-1] = Row(made[-1].after_s, made[-1].pause_s, (*last, arrow))
        else:
            pause_s = after_s - previous_s
            made.append(Row(after_s, pause_s if made and pause_s >= PAUSE_S else 0.0, (arrow,)))
        previous_s = after_s
    return made


def ladder_text(
    messages: Sequence[LadderMessage],
    actors: Sequence[str],
    *,
    width: int = 100,
    times: bool = False,
    ascii_only: bool = False,
) -> str:
    """The ladder as lines of at most `width` characters, without a line end at the last one."""
    names = columns(messages, actors)
    if not names:
        return ""
    margin = 10 if times else 1
    if len(names) > 1:
        edges = min(len(names[0]) // 2, 12) + (len(names[-1]) + 1) // 2
        step = max(8, min(27, (width - margin - edges - 1) // (len(names) - 1)))
    else:
        step = 8
    first = margin + min(len(names[0]) // 2, 12)
    lines = _Lines([first + step * index for index in range(len(names))], step, width)
    lines.heads(names)
    for row in rows(messages, actors):
        if row.pause_s:
            lines.pause(row.pause_s)
        lines.row(row, f"{row.after_s:8.3f}" if times else "")
    text = "\n".join(lines.done)
    return ascii_text(text) if ascii_only else text


def ascii_text(text: str) -> str:
    """The same shape in ASCII, character for character."""
    return text.translate(_ASCII).encode("ascii", "replace").decode("ascii")


_ASCII: Final = str.maketrans(f"│┊─═▶◀…→←µ·✓✗{_TIMES}", "|:-=><~><u-+!x")


class _Lines:
    """A sheet of characters, filled line by line."""

    def __init__(self, places: list[int], step: int, width: int) -> None:
        self.done: list[str] = []
        self._places = places
        self._step = step
        self._width = width

    def heads(self, names: Sequence[str]) -> None:
        line = [" "] * self._width
        for place, name in zip(self._places, names, strict=True):
            shown = _shortened(_plain(name), self._step - 1)
            _write(line, max(0, place - len(shown) // 2), shown)
        self._add(line)

    def pause(self, pause_s: float) -> None:
        line = self._lifelines("┊")
        _write(line, self._places[0] + 2, _shortened(f"{pause_s:.1f} s", self._step - 2))
        self._add(line)

    def row(self, row: Row, time: str) -> None:
        line = self._lifelines("│")
        _write(line, 0, time)
        for arrow in row.arrows:
            begin, end = self._places[arrow.begin], self._places[arrow.end]
            if begin == end:
                _write(line, begin + 2, _shortened(_plain(arrow.label), self._width - begin - 2))
            else:
                low, high = sorted((begin, end))
                _write(line, low + 1, _drawn(arrow, high - low - 1))
        self._add(line)

    def _lifelines(self, char: str) -> list[str]:
        line = [" "] * self._width
        for place in self._places:
            _write(line, place, char)
        return line

    def _add(self, line: list[str]) -> None:
        self.done.append("".join(line).rstrip(" "))


def _repeats(last: Arrow, arrow: Arrow) -> bool:
    before, now = last.message, arrow.message
    return (before.source, before.destination, before.label, before.detail, before.both_ways) == (
        now.source,
        now.destination,
        now.label,
        now.detail,
        now.both_ways,
    )


def _continues(last: Sequence[Arrow], arrow: Arrow) -> bool:
    """Whether it goes on from where the row ends, the same way, with the same word; or is audio as well."""
    before = last[-1]
    onward = (before.end - before.begin) * (arrow.end - arrow.begin) > 0
    if before.message.both_ways or arrow.message.both_ways:
        same = before.message.both_ways and arrow.message.both_ways
    else:
        same = before.message.label == arrow.message.label and before.times == 1
    return before.end == arrow.begin and onward and same


def _drawn(arrow: Arrow, length: int) -> str:
    """The arrow between two lines, so many characters long."""
    stroke = "═" if arrow.message.both_ways else "─"
    right = arrow.end > arrow.begin
    tail = "▶" if right or arrow.message.both_ways else ""
    head = "◀" if not right or arrow.message.both_ways else stroke
    label = _shortened(_plain(arrow.label), length - 3 - len(tail))
    text = f"{head}{stroke} {label} "[: length - len(tail)]
    return text + stroke * (length - len(text) - len(tail)) + tail


def _shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: max(0, length - 1)] + "…"


def _plain(text: str) -> str:
    """Labels come from the wire: one that is not printable is shown as escapes."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


def _write(line: list[str], place: int, text: str) -> None:
    for offset, char in enumerate(text):
        if place + offset < len(line):
            line[place + offset] = char
