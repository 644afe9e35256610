"""Files that an answer is written to: the page, and configurations."""

from collections.abc import Iterator
from pathlib import Path

from mediation.planning.answer import Answer
from mediation.planning.report import report_html
from mediation.planning.starting import configurations


def deliver(found: Answer, *, html: str, configs: str) -> Iterator[Path]:
    """Write what is asked for, and return each file that was written; nothing for an empty path.

    Raises:
        OSError: a file cannot be written.
    """
    if html:
        page = Path(html)
        page.write_text(report_html(found), encoding="utf-8", errors="backslashreplace")
        yield page
    if configs:
        folder = Path(configs)
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in configurations(found).items():
            file = folder / f"{name}.toml"
            file.write_text(text, encoding="utf-8")
            yield file
