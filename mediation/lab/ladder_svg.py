"""The ladder as a picture: SVG in the page's light or dark colours, each arrow a link to its message."""

from collections.abc import Sequence
from html import escape
from typing import Final

from mediation.lab.ladder import Arrow, LadderMessage, Row, columns, rows

STYLE: Final = """
.ladder { --request: #2f6fde; --provisional: #8a6d1d; --success: #16803c; --failure: #c62f2f;
  --audio: #7a4fd0; --line: #b9c0cc; --faint: #6b7585; --ink: #1c2330; --head: #eef1f6; --middle: #2f6fde;
  --paper: #fff;
  font: 12.5px/1.2 ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  display: block; width: 100%; height: auto; }
@media (prefers-color-scheme: dark) { .ladder { --request: #7fb0ff; --provisional: #dcb95a;
  --success: #5fd08a; --failure: #ff8378; --audio: #c0a2ff; --line: #444d5c; --faint: #8d97a8;
  --ink: #e7ebf2; --head: #262d3a; --middle: #3b6fd0; --paper: #171c25; } }
.ladder .life { stroke: var(--line); stroke-dasharray: 2 4; }
.ladder .head rect { fill: var(--head); }
.ladder .head text { fill: var(--ink); font-weight: 600; text-anchor: middle; }
.ladder .head.middle rect { fill: var(--middle); }
.ladder .head.middle text { fill: #fff; }
.ladder .time { fill: var(--faint); font-size: 10.5px; text-anchor: end; font-variant-numeric: tabular-nums; }
.ladder .pause { fill: var(--faint); font-size: 11px; font-style: italic; }
.ladder .arrow text { fill: var(--colour); text-anchor: middle; font-weight: 550;
  stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.ladder .arrow.audio text { stroke: none; }
.ladder .arrow path { stroke: var(--colour); stroke-width: 1.5; fill: none; }
.ladder .arrow .tip { fill: var(--colour); stroke: none; }
.ladder .arrow .hit { fill: transparent; }
.ladder .arrow .band { fill: var(--colour); opacity: 0.16; }
.ladder a:hover .hit, .ladder a:focus-visible .hit { fill: var(--colour); opacity: 0.1; }
.ladder a:focus-visible { outline: none; }
.ladder .remark { fill: var(--ink); font-style: italic; }
.ladder .request { --colour: var(--request); } .ladder .provisional { --colour: var(--provisional); }
.ladder .success { --colour: var(--success); } .ladder .failure { --colour: var(--failure); }
.ladder .audio { --colour: var(--audio); }
"""
"""Put once into a page; colours are those of the page's scheme."""

_TIME_WIDTH: Final = 64
_COLUMN: Final = 220
_ROW: Final = 31
_PAUSE: Final = 26
_HEAD: Final = 52
_EDGE: Final = 70


def ladder_svg(
    messages: Sequence[LadderMessage],
    actors: Sequence[str],
    *,
    middle: str = "mediation",
    link: str = "",
    standalone: bool = False,
) -> str:
    """The ladder as one `<svg>` element.

    Args:
        messages: In any order; drawn by time.
        actors: The columns from left to right.
        middle: The actor whose head is filled.
        link: Message 3 links to `#{link}-3`, so that a page can open its text; empty: no links.
        standalone: Carry the style along, for a file of its own.
    """
    names = columns(messages, actors)
    drawn = rows(messages, actors)
    places = [_TIME_WIDTH + _EDGE + _COLUMN * index for index in range(len(names))]
    width = _TIME_WIDTH + 2 * _EDGE + _COLUMN * max(0, len(names) - 1)
    body: list[str] = []
    height = _HEAD + 8
    for row in drawn:
        if row.pause_s:
            height += _PAUSE
            body.append(
                f'<text class="pause" x="{places[0] + 8}" y="{height - 8}">{row.pause_s:.1f} s</text>'
            )
        height += _ROW
        body.append(_row(row, places, height - 8, link))
    height += 14
    lines = "".join(
        f'<line class="life" x1="{place}" y1="{_HEAD - 12}" x2="{place}" y2="{height - 4}"/>'
        for place in places
    )
    heads = "".join(_head(name, place, name == middle) for name, place in zip(names, places, strict=True))
    label = _text(f"SIP ladder: {len(messages)} messages between {', '.join(names)}")
    style = f"<style>{STYLE}</style>" if standalone else ""
    return (
        f'<svg class="ladder" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'style="max-width: {width}px" role="group" aria-label="{label}">'
        f"{style}{lines}{heads}{''.join(body)}</svg>"
    )


def kind_of(message: LadderMessage) -> str:
    """The message's class in the style: request, provisional, success, failure or audio."""
    if message.both_ways:
        return "audio"
    status = message.label[:3]
    if not (status.isascii() and status.isdigit()):
        return "request"
    return {"1": "provisional", "2": "success"}.get(status[0], "failure")


def _head(name: str, place: int, middle: bool) -> str:
    width = max(84, min(_COLUMN - 16, 9 * len(name) + 26))
    return (
        f'<g class="head{" middle" if middle else ""}">'
        f'<rect x="{place - width / 2:g}" y="10" width="{width}" height="28" rx="8"/>'
        f'<text x="{place}" y="28.5">{_text(name)}</text></g>'
    )


def _row(row: Row, places: Sequence[int], y: int, link: str) -> str:
    time = f'<text class="time" x="{_TIME_WIDTH - 4}" y="{y + 3.5:g}">{row.after_s:.3f} s</text>'
    return time + "".join(
        _arrow(arrow, places[arrow.begin], places[arrow.end], y, link) for arrow in row.arrows
    )


def _arrow(arrow: Arrow, begin: int, end: int, y: int, link: str) -> str:
    message = arrow.message
    if begin == end:
        return f'<text class="remark" x="{begin + 8}" y="{y + 3.5:g}">{_text(arrow.label)}</text>'
    low, high = sorted((begin, end))
    way = 1 if end > begin else -1
    shape = f'<rect class="hit" x="{low + 3}" y="{y - 19}" width="{high - low - 6}" height="26" rx="5"/>'
    if message.both_ways:
        shape += (
            f'<rect class="band" x="{low + 3}" y="{y - 17}" width="{high - low - 6}" height="22" rx="4"/>'
        )
        shape += _tip(low, y - 6, -1) + _tip(high, y - 6, 1)
        label_y = y - 2.0
    else:
        shape += f'<path d="M{begin} {y}H{end - 7 * way}"/>' + _tip(end, y, way)
        label_y = y - 5.0
    text = f'<text x="{(low + high) / 2:g}" y="{label_y:g}">{_text(_fitting(arrow.label, high - low))}</text>'
    title = f"<title>{_text(_first_line(message))}</title>"
    group = f'<g class="arrow {kind_of(message)}">{title}{shape}{text}</g>'
    return f'<a href="#{_text(link)}-{arrow.index}">{group}</a>' if link and message.detail else group


def _tip(x: int, y: float, way: int) -> str:
    return f'<path class="tip" d="M{x - way} {y:g}l{-9 * way} -4.5v9z"/>'


def _fitting(label: str, pixels: int) -> str:
    most = max(4, (pixels - 24) // 7)
    return label if len(label) <= most else label[: most - 1] + "…"


def _first_line(message: LadderMessage) -> str:
    return message.detail.split("\n", 1)[0].strip("\r") or message.label


def _text(text: str) -> str:
    """Escaped for XML; what XML forbids is shown as a control picture or a replacement sign."""
    return escape("".join(char if char.isprintable() else _picture(char) for char in text))


def _picture(char: str) -> str:
    return chr(0x2400 + ord(char)) if ord(char) < 0x20 else "\N{REPLACEMENT CHARACTER}"
