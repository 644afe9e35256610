"""What `mediation lab` does from beginning to end: run, show, write, and say what failed."""

from pathlib import Path
from typing import Final

from mediation.lab.audio import write_wav
from mediation.lab.display import make_display
from mediation.lab.ladder import ladder_text
from mediation.lab.report import write_report
from mediation.lab.results import CallResult, LabResult
from mediation.lab.run import Lab, LabError
from mediation.settings.read import SettingsError
from mediation_codecs.g711 import decode

EXIT_GOOD: Final = 0
EXIT_NOT_GOOD: Final = 1
EXIT_CONFIGURATION: Final = 78


def run_lab(config: Path | None, output: Path, *, tui: bool) -> int:
    """Run the lab; returns the exit code: 0 when every claim holds."""
    display = make_display(tui=tui)
    try:
        lab = Lab(config or own_config(), output, display)
    except SettingsError as error:
        display.note(str(error))
        return EXIT_CONFIGURATION
    except LabError as error:
        display.note(str(error))
        return EXIT_NOT_GOOD
    display.open()
    result: LabResult | None = None
    try:
        result = lab.run()
        for call in result.calls:
            for _, claim in call.all_claims:
                display.claim(call.name, claim)
        for call in result.calls:
            display.note(
                f"\n{call.title} ({call.name})\n{ladder_text(call.messages, call.actors, times=True)}"
            )
        for path in write_files(result, output):
            display.note(f"wrote {path}")
    except LabError as error:
        display.note(str(error))
    finally:
        display.close(result)
    return EXIT_GOOD if result is not None and result.passed else EXIT_NOT_GOOD


def own_config() -> Path:
    """The lab's configuration: in the package when installed, in `config/` when run from a checkout."""
    beside = Path(__file__).with_name("lab.toml")
    return beside if beside.is_file() else Path(__file__).parents[2] / "config" / "lab.toml"


def write_files(result: LabResult, output: Path) -> list[Path]:
    """Both sides' audio and the report; returns what was written."""
    written = [path for call in result.calls for path in _write_audio(call, output)]
    report = output / "report.html"
    write_report(report, result)
    return [*written, report]


def _write_audio(call: CallResult, output: Path) -> list[Path]:
    """For each direction a stereo file: what went in on the left, what came out on the right."""
    paths = []
    for way in call.directions:
        path = output / f"{call.name}-{way.sender.replace(' ', '-')}-to-{way.receiver.replace(' ', '-')}.wav"
        write_wav(path, decode(way.sent_law, way.sent_octets), decode(way.received_law, way.received_octets))
        paths.append(path)
    return paths
