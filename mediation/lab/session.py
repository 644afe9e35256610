"""What `mediation lab` does from beginning to end: run, show, write, and say what failed."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from types import FrameType

from mediation.exit_codes import ExitCode
from mediation.lab.audio import write_wav
from mediation.lab.display import make_display
from mediation.lab.report import write_report
from mediation.lab.results import CallResult, LabResult
from mediation.lab.run import Lab, LabError
from mediation.settings.read import SettingsError
from mediation_codecs.g711 import decode


class _Interrupted(BaseException):
    """A signal asks us to end; no `except Exception` on the way may keep it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def run_lab(config: Path | None, output: Path, *, tui: bool) -> int:
    """Run the lab; returns the exit code: 0 when every claim holds.

    On SIGINT, SIGTERM and SIGHUP everything is stopped in order; the code is then 128 and the signal's number.
    """
    display = make_display(tui=tui)
    try:
        lab = Lab(config or own_config(), output, display, meanwhile=_get_ready_to_draw)
    except (SettingsError, LabError) as error:
        display.note(str(error))
        return error.exit_code if isinstance(error, LabError) else ExitCode.CONFIGURATION
    result: LabResult | None = None
    files: list[str] = []
    with _signals_raised():
        try:
            display.open()
            result = lab.run()
            for call in result.calls:
                for _, claim in call.all_claims:
                    display.claim(call.name, claim)
            display.call_state("report", "being drawn")
            files = write_files(result, output)
        except LabError as error:
            display.note(str(error))
            return error.exit_code
        except OSError as error:
            display.note(f"cannot write to {output}: {error.strerror}")
            return ExitCode.NOT_GOOD
        except _Interrupted as interruption:
            result = None
            return interruption.exit_code
        finally:
            display.close(result)
    for line in files:
        display.note(line)
    return ExitCode.GOOD if result.passed else ExitCode.NOT_GOOD


def own_config() -> Path:
    """The lab's configuration: in the package when installed, in `config/` when run from a checkout."""
    beside = Path(__file__).with_name("lab.toml")
    return beside if beside.is_file() else Path(__file__).parents[2] / "config" / "lab.toml"


def write_files(result: LabResult, output: Path) -> list[str]:
    """Both sides' audio and the report; returns lines that say where they are. Raises OSError."""
    sounds = [path for call in result.calls for path in _write_audio(call, output)]
    report = output / "report.html"
    write_report(report, result)
    lines = [f"report  {report}"]
    if sounds:
        lines.append(f"audio   {output}/*.wav: {len(sounds)} files, left what went in, right what came out")
    return lines


def _write_audio(call: CallResult, output: Path) -> list[Path]:
    """For each direction a stereo file: what went in on the left, what came out on the right."""
    paths = []
    for way in call.directions:
        path = output / f"{call.name}-{way.sender.replace(' ', '-')}-to-{way.receiver.replace(' ', '-')}.wav"
        write_wav(path, decode(way.sent_law, way.sent_octets), decode(way.received_law, way.received_octets))
        paths.append(path)
    return paths


def _get_ready_to_draw() -> None:
    """Load what the report will need: it takes a second that nobody waits for while the calls go on."""
    with suppress(ImportError):
        import_module("matplotlib.figure")
        import_module("matplotlib.backends.backend_agg")


@contextmanager
def _signals_raised() -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        del frame
        raise _Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in (SIGINT, SIGTERM, SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
