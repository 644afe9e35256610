"""The report: one HTML file that needs nothing else, for reading, listening and looking."""

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Final

from mediation.lab.audio import wav
from mediation.lab.identify import LAW_NAME
from mediation.lab.ladder import LadderMessage
from mediation.lab.ladder_svg import STYLE as LADDER_STYLE
from mediation.lab.ladder_svg import kind_of, ladder_svg
from mediation.lab.pictures import sound_picture
from mediation.lab.proof import Claim
from mediation.lab.quality import percentile
from mediation.lab.results import CallResult, DirectionResult, LabResult
from mediation_codecs.g711 import Samples, decode


def write_report(path: Path, result: LabResult) -> None:
    """Write the run to one file. What strangers wrote into messages is shown, never interpreted.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(report_html(result), encoding="utf-8", errors="backslashreplace")


def report_html(result: LabResult) -> str:
    """The whole page."""
    style = resources.files("mediation.lab").joinpath("report.css").read_text(encoding="utf-8")
    title = f"Mediation lab: {'passed' if result.passed else 'FAILED'}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; media-src data:;
 style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{_text(title)}</title>
<link rel="icon" href="data:,">
<style>{style}{LADDER_STYLE}</style>
</head>
<body>
<a class="skip" href="#calls">To the calls</a>
{_head(result)}
<main>
{_figures(result)}
<div id="calls">{"".join(_call(call) for call in result.calls)}</div>
</main>
{_foot(result)}
<script>{_SCRIPT}</script>
</body>
</html>
"""


_SCRIPT: Final = """
const reveal = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = target; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true;
  if (target) target.scrollIntoView({block: 'center'});
};
addEventListener('hashchange', reveal);
reveal();
for (const player of document.querySelectorAll('audio'))
  player.addEventListener('play', () => {
    for (const other of document.querySelectorAll('audio')) if (other !== player) other.pause();
  });
"""
"""Comfort only: opens the message an arrow points to, and lets one sound play at a time."""


_NOT_MEASURED: Final = "&ndash;"
"""Never 0."""


# The top of the page


def _head(result: LabResult) -> str:
    good, total = result.checks
    if result.passed:
        verdict = f"All {total} checks passed"
    elif total:
        verdict = f"{total - good} of {total} checks failed"
    else:
        verdict = "Nothing was checked"
    failures = "".join(f"<li>{_text(failure)}</li>" for failure in result.failures)
    when = result.started_at.strftime("%d %B %Y, %H:%M:%S %Z").lstrip("0")
    return f"""<header class="{"good" if result.passed else "bad"}">
<p class="kicker">Mediation Server · lab</p>
<h1>{_mark(result.passed)} {verdict}</h1>
<p class="when">{len(result.calls)} calls in {result.duration_s:.1f} s · {_text(when)}</p>
{f'<ul class="failures">{failures}</ul>' if failures else ""}
<nav aria-label="Calls">{"".join(_chip(call) for call in result.calls)}</nav>
</header>"""


def _chip(call: CallResult) -> str:
    return f'<a class="chip" href="#{_text(call.name)}">{_mark(call.passed)} {_text(call.title)}</a>'


def _figures(result: LabResult) -> str:
    ways = [(call, way) for call in result.calls for way in call.directions]
    run = _claims("The run as a whole", result.claims) if result.claims else ""
    if not ways:
        return f'<section aria-label="The run">{run}</section>' if run else ""
    verdicts = [way.verdict for _, way in ways]
    delays = [delay for verdict in verdicts for delay in verdict.delays_ms]
    scores = [verdict.mos for verdict in verdicts if verdict.mos is not None]
    tiles = [
        ("packets of audio", f"{sum(verdict.packets for verdict in verdicts):,}"),
        ("lost", f"{sum(verdict.lost for verdict in verdicts):,}"),
        ("added delay p50", f"{percentile(delays, 0.5):.1f} ms" if delays else _NOT_MEASURED),
        ("added delay p99", f"{percentile(delays, 0.99):.1f} ms" if delays else _NOT_MEASURED),
        ("lowest MOS", f"{min(scores):.2f}" if scores else _NOT_MEASURED),
    ]
    shown = "".join(f"<div><dt>{name}</dt><dd>{figure}</dd></div>" for name, figure in tiles)
    rows = "".join(_figure_row(call, way) for call, way in ways)
    return f"""<section aria-labelledby="figures">
<h2 id="figures">Measured</h2>
<dl class="tiles">{shown}</dl>
<div class="wide"><table class="figures">
<caption>Audio of every call, each way</caption>
<thead><tr><th scope="col">Call</th><th scope="col">Way</th><th scope="col">Law</th>
<th scope="col" class="number">Packets</th><th scope="col" class="number">Lost</th>
<th scope="col" class="number">p50</th><th scope="col" class="number">p99</th>
<th scope="col" class="number">MOS</th><th scope="col">Verdict</th></tr></thead>
<tbody>{rows}</tbody></table></div>
{run}
</section>"""


def _figure_row(call: CallResult, way: DirectionResult) -> str:
    verdict = way.verdict
    p50, p99 = (
        f"{percentile(verdict.delays_ms, share):.1f} ms" if verdict.delays_ms else _NOT_MEASURED
        for share in (0.5, 0.99)
    )
    score = _NOT_MEASURED if verdict.mos is None else f"{verdict.mos:.2f}"
    cells = "".join(
        f'<td class="number">{cell}</td>'
        for cell in (f"{verdict.packets:,}", f"{verdict.lost:,}", p50, p99, score)
    )
    return (
        f'<tr><th scope="row"><a href="#{_text(call.name)}">{_text(call.name)}</a></th><td>{_text(way.title)}</td>'
        f"<td>{_laws(way)}</td>{cells}<td>{_word(verdict.passed)}</td></tr>"
    )


# A call


def _call(call: CallResult) -> str:
    anchor = f"{call.name}-message"
    ladder = ladder_svg(call.messages, call.actors, link=anchor) if call.messages else ""
    return f"""<section class="call" id="{_text(call.name)}" aria-labelledby="{_text(call.name)}-title">
<h2 id="{_text(call.name)}-title">{_mark(call.passed)} {_text(call.title)}</h2>
<p class="story">{_text(call.story)}</p>
<div class="ladder-box">{ladder}</div>
{_messages(call.messages, anchor)}
{_claims("Signalling", call.claims)}
{"".join(_direction(way) for way in call.directions)}
{_record(call)}
</section>"""


def _messages(messages: Sequence[LadderMessage], anchor: str) -> str:
    first_s = min((message.at_s for message in messages), default=0.0)
    shown = [
        f"<details><summary>"
        f'<span class="time">{message.at_s - first_s:.3f} s</span> '
        f'<span class="label {kind_of(message)}">{_text(message.label)}</span> '
        f'<span class="way">{_text(message.source)} → {_text(message.destination)}</span></summary>'
        f'<pre id="{_text(anchor)}-{index}" tabindex="0">{_text(message.detail)}</pre></details>'
        for index, message in sorted(enumerate(messages), key=lambda item: item[1].at_s)
        if message.detail
    ]
    if not shown:
        return ""
    return f'<details class="box"><summary>{len(shown)} messages in full</summary>{"".join(shown)}</details>'


def _claims(caption: str, claims: Iterable[Claim]) -> str:
    rows = "".join(
        f'<tr class="{"good" if claim.passed else "bad"}"><td>{_mark(claim.passed)}</td>'
        f'<th scope="row">{_text(claim.name)}</th><td>{_text(claim.figure)}</td>'
        f'<td class="detail">{_text(claim.detail)}</td></tr>'
        for claim in claims
    )
    if not rows:
        return ""
    return (
        f'<div class="wide"><table class="claims"><caption>{_text(caption)}</caption>'
        f'<thead class="unseen"><tr><th scope="col">Verdict</th><th scope="col">Claim</th>'
        f'<th scope="col">Figure</th><th scope="col">Detail</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _direction(way: DirectionResult) -> str:
    went_in = decode(way.sent_law, way.sent_octets)
    came_out = decode(way.received_law, way.received_octets)
    in_title = f"in: {way.sender} speaks {LAW_NAME[way.sent_law]}"
    out_title = f"out: {way.receiver} hears {LAW_NAME[way.received_law]}"
    picture = sound_picture(
        went_in, came_out, way.verdict.delays_ms, in_title=_drawable(in_title), out_title=_drawable(out_title)
    )
    alt = f"Waveforms and spectrograms of {way.title}: left what went in, right what came out"
    return f"""<section class="way"><h3>{_text(way.title)} <small>{_laws(way)}</small></h3>
<figure><img src="{_data("image/webp", picture)}" alt="{_text(alt)}" loading="lazy" decoding="async">
<figcaption>{_player(in_title, went_in)}{_player(out_title, came_out)}</figcaption></figure>
{_claims(f"Audio, {way.title}", way.verdict.claims)}</section>"""


def _player(title: str, samples: Samples) -> str:
    if not samples.size:
        return f"<div><span>{_text(title)}</span> <em>nothing to hear</em></div>"
    source = _data("audio/wav", wav(samples))
    return (
        f"<div><span>{_text(title)}</span>"
        f'<audio controls preload="metadata" aria-label="{_text(title)}" src="{source}"></audio></div>'
    )


def _record(call: CallResult) -> str:
    if call.cdr is None:
        return '<p class="none">The server wrote no record of this call.</p>'
    text = json.dumps(call.cdr, indent=2, ensure_ascii=False, default=str)
    return (
        f'<details class="box"><summary>Call record</summary><pre tabindex="0">{_text(text)}</pre></details>'
    )


def _foot(result: LabResult) -> str:
    rows = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>"
        for name, value in result.environment.items()
    )
    return f"<footer><dl>{rows}</dl></footer>" if rows else ""


# Small pieces


def _mark(passed: bool) -> str:
    sign, word, tone = ("✓", "passed", "good") if passed else ("✗", "failed", "bad")
    return f'<span class="mark {tone}" role="img" aria-label="{word}">{sign}</span>'


def _word(passed: bool) -> str:
    return f'<span class="word {"good" if passed else "bad"}">{"passed" if passed else "failed"}</span>'


def _laws(way: DirectionResult) -> str:
    return f"{LAW_NAME[way.sent_law]} → {LAW_NAME[way.received_law]}"


def _data(media_type: str, octets: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(octets).decode('ascii')}"


def _drawable(text: str) -> str:
    """Matplotlib reads a dollar sign as mathematics."""
    return text.replace("$", r"\$")


def _text(text: str) -> str:
    """Escaped for HTML, with control characters made visible; line ends stay."""
    return escape("".join(char if char.isprintable() or char == "\n" else _picture(char) for char in text))


def _picture(char: str) -> str:
    if char == "\r":
        return ""
    return chr(0x2400 + ord(char)) if ord(char) < 0x20 else f"\\u{ord(char):04x}"
