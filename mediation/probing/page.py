"""The report as one HTML page that needs nothing else, to be handed to the ITSP."""

from html import escape
from importlib import resources
from pathlib import Path
from typing import Final

from mediation.lab.ladder_svg import STYLE as LADDER_STYLE
from mediation.lab.ladder_svg import kind_of, ladder_svg
from mediation.probing.evidence import Trial
from mediation.probing.finding import Finding, Verdict
from mediation.probing.fitting import advice_lines
from mediation.probing.report import US, Report, ladder, shown

_WORDS: Final = {
    Verdict.YES: ("✓", "yes", "good"),
    Verdict.NO: ("✗", "no", "bad"),
    Verdict.PARTLY: ("~", "partly", "some"),
    Verdict.UNKNOWN: ("?", "not known", "open"),
}


def write_page(path: Path, report: Report) -> None:
    """Write it. Raises OSError."""
    path.write_text(page(report), encoding="utf-8", errors="backslashreplace")


def page(report: Report) -> str:
    """The whole page. What the trunk has written is shown, never interpreted."""
    style = resources.files("mediation.lab").joinpath("report.css").read_text(encoding="utf-8")
    own = resources.files("mediation.probing").joinpath("page.css").read_text(encoding="utf-8")
    title = f"Trunk {report.plan.trunk}: what it supports"
    trials = "".join(_trial(trial, report) for trial in report.evidence.trials.values() if trial.spoken)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{_text(title)}</title>
<link rel="icon" href="data:,">
<style>{style}{own}{LADDER_STYLE}</style>
</head>
<body>
<a class="skip" href="#findings">To the findings</a>
{_head(report)}
<main>
<section aria-labelledby="findings"><h2 id="findings">What it supports</h2>
<div class="wide"><table class="findings"><thead class="unseen"><tr><th scope="col">Verdict</th>
<th scope="col">Capability</th><th scope="col">What was answered</th><th scope="col">Seen in</th></tr></thead>
<tbody>{"".join(_finding(each, report) for each in report.found)}</tbody></table></div>
</section>
<section aria-labelledby="block"><h2 id="block">The settings that fit</h2>
<p class="story">What should differ from the defaults of Mediation Server, each with its reason.</p>
{_advised(report)}</section>
{trials}
</main>
{_foot(report)}
</body>
</html>
"""


def _head(report: Report) -> str:
    plan = report.plan
    counts = {verdict: sum(each.verdict is verdict for each in report.found) for verdict in Verdict}
    tiles = "".join(
        f"<div><dt>{_WORDS[verdict][1]}</dt><dd>{count}</dd></div>" for verdict, count in counts.items()
    )
    when = report.began.strftime("%d %B %Y, %H:%M:%S %Z").lstrip("0")
    trouble = (
        f'<ul class="failures"><li>Not finished: {_text(report.broken_off)}</li></ul>'
        if report.broken_off
        else ""
    )
    return f"""<header>
<p class="kicker">Mediation Server · trunk probe</p>
<h1>{_text(plan.trunk)}</h1>
<p class="when">{_text(str(plan.target))} · {report.calls} calls to {_text(plan.number)} in {report.duration_s:.0f} s
 · {_text(when)}</p>
{trouble}
<dl class="tiles four">{tiles}</dl>
</header>"""


def _finding(found: Finding, report: Report) -> str:
    sign, word, tone = _WORDS[found.verdict]
    links = " ".join(
        f'<a href="#{_text(name)}">{_text(report.evidence.trials[name].title)}</a>'
        for name in found.trials
        if name in report.evidence.trials
    )
    lines = "".join(f"<li>{_text(part)}</li>" for part in shown(found.told).split("; "))
    return (
        f'<tr><td><span class="mark {tone}" role="img" aria-label="{word}">{sign}</span></td>'
        f'<th scope="row">{_text(found.title)}</th><td><ul class="told">{lines}</ul></td>'
        f'<td class="seen">{links}</td></tr>'
    )


def _advised(report: Report) -> str:
    """The advice alone: what else the trunk has been given is nobody's business."""
    if not report.advised:
        return "<p>Nothing: the defaults fit.</p>"
    return f'<pre tabindex="0">{_text(chr(10).join(advice_lines(report.advised)))}</pre>'


def _trial(trial: Trial, report: Report) -> str:
    messages = ladder(trial, report.plan.trunk)
    first_s = min(each.at_s for each in messages)
    anchor = f"{trial.name}-message"
    drawn = ladder_svg(messages, (US, report.plan.trunk), link=anchor)
    full = "".join(
        f'<details open><summary><span class="time">{each.at_s - first_s:.3f} s</span> '
        f'<span class="label {kind_of(each)}">{_text(each.label)}</span> '
        f'<span class="way">{_text(each.source)} → {_text(each.destination)}</span></summary>'
        f'<pre id="{_text(anchor)}-{index}" tabindex="0">{_text(each.detail)}</pre></details>'
        for index, each in enumerate(messages)
    )
    heard = f" {len(trial.heard)} RTP packets were heard." if trial.heard else ""
    left_out = f" {trial.left_out}." if trial.left_out else ""
    return f"""<section class="call" id="{_text(trial.name)}" aria-labelledby="{_text(trial.name)}-title">
<h2 id="{_text(trial.name)}-title">{_text(trial.title)}</h2>
<p class="story">{_text(f"{trial.asked}.{heard}{left_out}")}</p>
<div class="ladder-box">{drawn}</div>
<details class="box"><summary>{len(messages)} messages in full</summary>{full}</details>
</section>"""


def _foot(report: Report) -> str:
    rows = {
        **report.environment,
        "spoken from": str(report.plan.listener),
        "called": report.plan.number,
        "calling": report.plan.caller,
    }
    told = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in rows.items()
    )
    return f"<footer><dl>{told}</dl></footer>"


def _text(text: str) -> str:
    """Escaped for HTML; control characters but line ends become visible."""
    kept = (char if char.isprintable() or char == "\n" else "" if char == "\r" else "?" for char in text)
    return escape("".join(kept))
