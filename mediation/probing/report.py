"""The report of a run: as text, for a machine, and the rows that the page draws."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap
from typing import Final

from mediation.lab.ladder import LadderMessage, ladder_text
from mediation.probing.evidence import Evidence, Spoken, Trial
from mediation.probing.finding import Advice, Finding, Verdict
from mediation.probing.media_judgement import hold_style
from mediation.probing.plan import ProbePlan, place_of
from mediation.sdp.crypto import without_keys
from mediation.sip.message import Request

US: Final = "mediation"
SIGNS: Final = {Verdict.YES: "+", Verdict.NO: "-", Verdict.PARTLY: "~", Verdict.UNKNOWN: "?"}
_WIDTH: Final = 100
_LEGEND: Final = "+ yes   ~ partly   - no   ? not tried, or not to be told"
_PROOF: Final = re.compile(r'(\bresponse=")[0-9A-Fa-f]+')
"""What a password could be guessed from (RFC 7616 section 3.4.1)."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one target has shown."""

    plan: ProbePlan
    evidence: Evidence
    found: tuple[Finding, ...]
    broken_off: str
    began: datetime
    duration_s: float

    @property
    def calls(self) -> int:
        """How many calls were placed."""
        return sum(bool(trial.requests("INVITE")) for trial in self.evidence.trials.values())

    @property
    def is_good(self) -> bool:
        """Whether it has come to its end, and the number was answered."""
        call = self.evidence.trials.get("call")
        return not self.broken_off and call is not None and call.answered is not None

    @property
    def place(self) -> str:
        """The target, with the address that its name stood for."""
        return place_of(self.plan.target)


@dataclass(frozen=True, slots=True)
class Survey:
    """All that is told of a trunk."""

    trunk: str
    reports: tuple[Report, ...]
    """One for each target that was tried, in order; at least one."""
    left_out: tuple[str, ...]
    """Targets that were not tried."""
    advised: tuple[Advice, ...]
    block: str
    """The whole `[[trunk]]`, with what its owner has written: not for strangers."""
    environment: Mapping[str, str]
    """Versions and the like."""


def text(survey: Survey) -> str:
    """For people, at most a hundred characters wide."""
    lines = [line for report in survey.reports for line in (*_target_lines(report), "")]
    if survey.left_out:
        told = wrap(f"Not tried: {shown(', '.join(survey.left_out))}", _WIDTH)
        lines += [*told, ""]
    return "\n".join((*lines, _LEGEND, "", survey.block.rstrip("\n")))


def _target_lines(report: Report) -> list[str]:
    plan = report.plan
    lines = [
        f"Trunk {plan.trunk} at {report.place}, from {plan.listener}",
        f"{report.began:%Y-%m-%d %H:%M:%S %Z}, {report.calls} calls to {plan.number}, {report.duration_s:.0f} s",
        "",
    ]
    if report.broken_off:
        lines += [f"Not finished: {report.broken_off}", ""]
    left = max(len(each.title) for each in report.found) + 4
    for each in report.found:
        told = wrap(shown(each.told), _WIDTH - left) or [""]
        lines.append(f"{SIGNS[each.verdict]} {each.title:<{left - 2}}{told[0]}")
        lines += [" " * left + line for line in told[1:]]
    return lines


def mapping(survey: Survey) -> Mapping[str, object]:
    """For machines."""
    return {
        "schema": 2,
        "trunk": survey.trunk,
        "targets": [_target_mapping(report) for report in survey.reports],
        "left_out": list(survey.left_out),
        "environment": dict(survey.environment),
        "block": survey.block,
    }


def _target_mapping(report: Report) -> Mapping[str, object]:
    plan = report.plan
    return {
        "target": str(plan.target),
        "address": plan.target.socket,
        "listener": str(plan.listener),
        "number": plan.number,
        "began": report.began.isoformat(timespec="seconds"),
        "duration_s": round(report.duration_s, 3),
        "calls": report.calls,
        "finished": not report.broken_off,
        "broken_off": report.broken_off or None,
        "findings": [
            {
                "name": each.name,
                "title": each.title,
                "verdict": str(each.verdict),
                "told": shown(each.told),
                "trials": list(each.trials),
                "advice": [{"key": a.key, "value": a.value, "why": shown(a.why)} for a in each.advice],
            }
            for each in report.found
        ],
        "trials": [
            {
                "name": trial.name,
                "title": trial.title,
                "asked": trial.asked,
                "left_out": trial.left_out or None,
                "rtp_packets_heard": len(trial.heard),
                "ladder": ladder_text(ladder(trial, plan.trunk), (US, plan.trunk), times=True).splitlines(),
            }
            for trial in report.evidence.trials.values()
        ],
    }


def ladder(trial: Trial, trunk: str) -> tuple[LadderMessage, ...]:
    """What went by in a trial; keys of SRTP and answers to challenges are not in it."""
    return tuple(_rungs(trial.spoken, trunk))


def shown(told: str) -> str:
    """Words that may come from the wire, without what a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in told)


def _rungs(spoken: Sequence[Spoken], trunk: str) -> Iterator[LadderMessage]:
    for each in spoken:
        message = each.message
        label = (
            f"{message.method}{_note(message, each.octets)}"
            if isinstance(message, Request)
            else f"{message.status} {message.reason}"
        )
        source, destination = (US, trunk) if each.sent else (trunk, US)
        detail = _PROOF.sub(r"\1...", without_keys(bytes(message)).decode("utf-8", "backslashreplace"))
        yield LadderMessage(each.at_s, source, destination, label, detail)


def _note(message: Request, octets: int) -> str:
    """What tells requests of one name apart."""
    if message.headers.get("X-Padding"):
        return f" ({octets} octets)"
    style = hold_style(message) if message.method == "INVITE" else ""
    return f" ({style})" if style else ""
