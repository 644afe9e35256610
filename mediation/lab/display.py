"""What the person at the terminal sees of a run: a live table, or plain lines where nobody watches."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, Final, Protocol, TextIO

from mediation.lab.identify import LAW_NAME
from mediation.lab.ladder import ascii_text, ladder_text
from mediation.lab.proof import Claim
from mediation.lab.results import DirectionResult, LabResult
from mediation.ops.lines import visible

if TYPE_CHECKING:
    from rich.table import Table


class Display(Protocol):
    """Told what happens while it happens. None of it raises for what it is told, none of it waits."""

    def open(self) -> None:
        """Begin to show."""

    def call_state(self, name: str, text: str) -> None:
        """A call has come to this: `ringing`, `talking`. The first word about a name makes it known."""

    def packets(self, name: str, count: int) -> None:
        """So many packets of audio have arrived in this call, both ways together."""

    def claim(self, call: str, claim: Claim) -> None:
        """Something was checked; an empty name: about the run as a whole."""

    def note(self, text: str) -> None:
        """Lines that stay: a ladder, a file that was written."""

    def close(self, result: LabResult | None) -> None:
        """Stop showing, and say the verdict of every claim; None: the run broke off."""


def make_display(
    *,
    tui: bool = True,
    stream: TextIO | None = None,
    environment: Mapping[str, str] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Display:
    """The live table on a terminal; plain lines in a pipe, without `rich`, and for `--no-tui` or NO_COLOR."""
    stream = sys.stdout if stream is None else stream
    environment = os.environ if environment is None else environment
    watched = stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    if tui and watched:
        try:
            return LiveDisplay(stream, clock)
        except ImportError:  # an installation without the lab's extras
            return PlainDisplay(stream, clock)
    return PlainDisplay(stream, clock)


class PlainDisplay:
    """One line for each thing that happens, with the seconds since the start before it."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream = stream
        self._clock = clock
        self._opened_at = clock()

    def open(self) -> None:
        """Count seconds from here."""
        self._opened_at = self._clock()

    def call_state(self, name: str, text: str) -> None:
        """A line."""
        self._say(f"{self._clock() - self._opened_at:6.1f} s  {name}: {text}")

    def packets(self, name: str, count: int) -> None:
        """Too fast for lines."""

    def claim(self, call: str, claim: Claim) -> None:
        """A line when it failed; all are told at the end."""
        if not claim.passed:
            self.call_state(call or "lab", f"FAILED {_sentence(claim)}")

    def note(self, text: str) -> None:
        """The lines as they are."""
        self._say(text)

    def close(self, result: LabResult | None) -> None:
        """Every claim, then the verdict."""
        if result is None:
            self._say("lab: broken off")
            return
        for line in _verdicts(result):
            self._say(line.text)
        self._say(result.summary)
        for failure in result.failures:
            self._say(f"FAILED {failure}")

    def _say(self, text: str) -> None:
        shown = _visible_lines(text) + "\n"
        try:
            shown.encode(self._stream.encoding or "utf-8")
        except UnicodeEncodeError:  # a terminal of few characters
            shown = ascii_text(shown)
        try:
            self._stream.write(shown)
            self._stream.flush()
        except BrokenPipeError:  # nobody reads any more; the run and its exit code matter all the same
            return


class LiveDisplay:
    """A table that changes in place, and gives way to the verdicts at the end."""

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        from rich.console import Console
        from rich.live import Live

        self._clock = clock
        self._opened_at = clock()
        self._rows: dict[str, _CallRow] = {}
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._live = Live(
            get_renderable=self._table, console=self._console, refresh_per_second=8, transient=True
        )

    def open(self) -> None:
        """Begin to draw."""
        self._opened_at = self._clock()
        self._live.start()

    def call_state(self, name: str, text: str) -> None:
        """The call's row."""
        self._row(name).state = text

    def packets(self, name: str, count: int) -> None:
        """The call's row."""
        self._row(name).packets = count

    def claim(self, call: str, claim: Claim) -> None:
        """Counted in the call's row; a failure also gets a line above the table."""
        row = self._row(call or "lab")
        row.good += claim.passed
        row.bad += not claim.passed
        if not claim.passed:
            self._print(f"✗ {call or 'lab'}: {_sentence(claim)}", "red")

    def note(self, text: str) -> None:
        """Lines above the table."""
        self._print(text)

    def close(self, result: LabResult | None) -> None:
        """The table goes; every claim, then the verdict."""
        self._live.stop()
        if result is None:
            self._print("lab: broken off", "bold red")
            return
        for line in _verdicts(result):
            self._print(line.text, line.style)
        self._print(result.summary, "bold green" if result.passed else "bold red")
        for failure in result.failures:
            self._print(f"✗ {failure}", "red")

    def _row(self, name: str) -> "_CallRow":
        return self._rows.setdefault(name, _CallRow())

    def _print(self, text: str, style: str = "") -> None:
        from rich.text import Text

        self._console.print(Text(_visible_lines(text), style=style), soft_wrap=True)

    def _table(self) -> "Table":
        from rich import box
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        seconds = self._clock() - self._opened_at
        table = Table(
            box=box.SIMPLE_HEAD,
            title=f"mediation lab  ·  {seconds:.1f} s",
            title_justify="left",
            title_style="bold",
        )
        table.add_column("", width=1)
        table.add_column("call", style="bold")
        table.add_column("state", min_width=34, ratio=1)
        table.add_column("packets", justify="right")
        table.add_column("checks", justify="right")
        for name, row in list(self._rows.items()):
            sign: Text | Spinner
            if row.bad:
                sign = Text("✗", "red")
            elif row.good:
                sign = Text("✓", "green")
            else:
                sign = Spinner("dots", style="cyan")
            checks = Text(f"{row.good}", "green") if row.good else Text("")
            if row.bad:
                checks.append(f" {row.bad} failed", "red")
            table.add_row(
                sign,
                Text(visible(name)),
                Text(visible(row.state)),
                f"{row.packets:,}" if row.packets else "",
                checks,
            )
        return table


@dataclass(slots=True)
class _CallRow:
    """What the table knows of one call."""

    state: str = ""
    packets: int = 0
    good: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    style: str = ""


def _visible_lines(text: str) -> str:
    return "\n".join(visible(line) for line in text.split("\n"))


def _sentence(claim: Claim) -> str:
    return f"{claim.name}: {claim.figure}" + (f" ({claim.detail})" if claim.detail else "")


def _verdicts(result: LabResult) -> Iterator[_Line]:
    """Each call as a ladder with its claims under it, then the run as a whole."""
    for call in result.calls:
        sign, style = ("✓", "bold") if call.passed else ("✗", "bold red")
        yield _Line("")
        yield _Line(f"{sign} {call.title}  ·  {call.name}", style)
        for line in wrap(call.story, WIDTH - 4):
            yield _Line(f"  {line}", "dim")
        if call.messages:
            for line in ladder_text(call.messages, call.actors, width=WIDTH, times=True).split("\n"):
                yield _Line(line)
        for claim in call.claims:
            yield from _claim_lines([claim])
        yield from _audio_lines(call.directions)
    if result.claims:
        yield _Line("")
        yield _Line("The run as a whole", "bold")
        for claim in result.claims:
            yield from _claim_lines([claim])
    yield _Line("")


WIDTH: Final = 100
_NAME_WIDTH: Final = 42
_FIGURE_WIDTH: Final = 27


def _audio_lines(ways: Sequence[DirectionResult]) -> Iterator[_Line]:
    """Both ways side by side, claim by claim."""
    if not ways:
        return
    titles = "".join(f"{way.title:<{_FIGURE_WIDTH}}" for way in ways)
    laws = "".join(
        f"{LAW_NAME[way.sent_law]} → {LAW_NAME[way.received_law]:<{_FIGURE_WIDTH - 8}}" for way in ways
    )
    yield _Line(f"{'':<{_NAME_WIDTH + 5}}{titles}".rstrip(), "cyan")
    yield _Line(f"{'':<{_NAME_WIDTH + 5}}{laws}".rstrip(), "cyan")
    for same in zip_longest(*(way.verdict.claims for way in ways)):
        yield from _claim_lines([claim for claim in same if claim is not None], [way.title for way in ways])


def _claim_lines(claims: Sequence[Claim], about: Sequence[str] = ()) -> Iterator[_Line]:
    """A line for claims of one name, with the figure of each; below it, what was wrong with those that failed."""
    passed = all(claim.passed for claim in claims)
    sign, style = ("✓", "") if passed else ("✗", "red")
    figures = " ".join(f"{claim.figure:<{_FIGURE_WIDTH - 1}}" for claim in claims)
    yield _Line(f"  {sign} {claims[0].name:<{_NAME_WIDTH}} {figures}".rstrip(), style)
    for index, claim in enumerate(claims):
        if not claim.passed and claim.detail:
            which = f"{about[index]}: " if index < len(about) else ""
            yield _Line(f"      {which}{claim.detail}", style)
