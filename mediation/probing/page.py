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
from mediation.probing.report import US, Report, Survey, ladder, shown

_WORDS: Final = {
    Verdict.YES: ("✓", "yes", "good"),
    Verdict.NO: ("✗", "no", "bad"),
    Verdict.PARTLY: ("~", "partly", "some"),
    Verdict.UNKNOWN: ("?", "not known", "open"),
}


def write_page(path: Path, survey: Survey) -> None:
    """Write it. Raises OSError."""
    path.write_text(page(survey), encoding="utf-8", errors="backslashreplace")


def page(survey: Survey) -> str:
    """The whole page. What the trunk has written is shown, never interpreted."""
    style = resources.files("mediation.lab").joinpath("report.css").read_text(encoding="utf-8")
    own = resources.files("mediation.probing").joinpath("page.css").read_text(encoding="utf-8")
    title = f"Trunk {survey.trunk}: what it supports"
    found = "".join(_findings(report, place) for place, report in enumerate(survey.reports, 1))
    trials = "".join(
        _trial(trial, report, place)
        for place, report in enumerate(survey.reports, 1)
        for trial in report.evidence.trials.values()
        if trial.spoken
    )
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
<a class="skip" href="#findings-1">To the findings</a>
{_head(survey)}
<main>
{found}
<section aria-labelledby="block"><h2 id="block">The settings that fit</h2>
<p class="story">What should differ from the defaults of Mediation Server, each with its reason.</p>
{_advised(survey)}</section>
{trials}
</main>
{_foot(survey)}
</body>
</html>
"""


def _head(survey: Survey) -> str:
    reports = survey.reports
    first, calls = reports[0], sum(each.calls for each in reports)
    counts = {
        verdict: sum(each.verdict is verdict for report in reports for each in report.found)
        for verdict in Verdict
    }
    tiles = "".join(
        f"<div><dt>{_WORDS[verdict][1]}</dt><dd>{count}</dd></div>" for verdict, count in counts.items()
    )
    when = first.began.strftime("%d %B %Y, %H:%M:%S %Z").lstrip("0")
    troubles = [f"{each.place}: not finished: {each.broken_off}" for each in reports if each.broken_off]
    troubles += [f"{each}: not tried" for each in survey.left_out]
    told = "".join(f"<li>{_text(shown(each))}</li>" for each in troubles)
    trouble = f'<ul class="failures">{told}</ul>' if told else ""
    return f"""<header>
<p class="kicker">Mediation Server · trunk probe</p>
<h1>{_text(survey.trunk)}</h1>
<p class="when">{_text(", ".join(each.place for each in reports))} · {calls} calls to {_text(first.plan.number)} in
 {sum(each.duration_s for each in reports):.0f} s · {_text(when)}</p>
{trouble}
<dl class="tiles four">{tiles}</dl>
</header>"""


def _findings(report: Report, place: int) -> str:
    """The table of one target, the `place`-th."""
    rows = "".join(_finding(each, report, place) for each in report.found)
    return f"""<section aria-labelledby="findings-{place}">
<h2 id="findings-{place}">What {_text(report.place)} supports</h2>
<div class="wide"><table class="findings"><thead class="unseen"><tr><th scope="col">Verdict</th>
<th scope="col">Capability</th><th scope="col">What was answered</th><th scope="col">Seen in</th></tr></thead>
<tbody>{rows}</tbody></table></div>
</section>"""


def _finding(found: Finding, report: Report, place: int) -> str:
    sign, word, tone = _WORDS[found.verdict]
    links = " ".join(
        f'<a href="#{_text(name)}-{place}">{_text(report.evidence.trials[name].title)}</a>'
        for name in found.trials
        if name in report.evidence.trials
    )
    lines = "".join(f"<li>{_text(part)}</li>" for part in shown(found.told).split("; "))
    return (
        f'<tr><td><span class="mark {tone}" role="img" aria-label="{word}">{sign}</span></td>'
        f'<th scope="row">{_text(found.title)}</th><td><ul class="told">{lines}</ul></td>'
        f'<td class="seen">{links}</td></tr>'
    )


def _advised(survey: Survey) -> str:
    """The advice alone: what else the trunk has been given is nobody's business."""
    if not survey.advised:
        return "<p>Nothing: the defaults fit.</p>"
    return f'<pre tabindex="0">{_text(chr(10).join(advice_lines(survey.advised)))}</pre>'


def _trial(trial: Trial, report: Report, place: int) -> str:
    messages = ladder(trial, report.plan.trunk)
    first_s = min(each.at_s for each in messages)
    name = f"{trial.name}-{place}"
    anchor = f"{name}-message"
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
    return f"""<section class="call" id="{_text(name)}" aria-labelledby="{_text(name)}-title">
<h2 id="{_text(name)}-title">{_text(trial.title)}</h2>
<p class="when">{_text(report.place)}</p>
<p class="story">{_text(f"{trial.asked}.{heard}{left_out}")}</p>
<div class="ladder-box">{drawn}</div>
<details class="box"><summary>{len(messages)} messages in full</summary>{full}</details>
</section>"""


def _foot(survey: Survey) -> str:
    plan = survey.reports[0].plan
    rows = {
        **survey.environment,
        "spoken from": ", ".join(dict.fromkeys(str(each.plan.listener) for each in survey.reports)),
        "called": plan.number,
        "calling": plan.caller,
    }
    told = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in rows.items()
    )
    return f"<footer><dl>{told}</dl></footer>"


def _text(text: str) -> str:
    """Escaped for HTML; control characters but line ends become visible."""
    kept = (char if char.isprintable() or char == "\n" else "" if char == "\r" else "?" for char in text)
    return escape("".join(kept))
