"""The profiles that there are, by name: each file of config/profiles, which the wheel has inside."""

from collections.abc import Mapping
from pathlib import Path

_ENDING = ".toml"


def profiles() -> Mapping[str, str]:
    """Return the text of each profile, by its name."""
    return {
        path.name.removesuffix(_ENDING): path.read_text(encoding="utf-8")
        for path in sorted(_folder().glob(f"*{_ENDING}"))
    }


def title_of(text: str) -> str:
    """What a profile is for: its first line."""
    return text.partition("\n")[0].removeprefix("#").strip()


def _folder() -> Path:
    """In the package when installed, in `config/` when run from a checkout."""
    beside = Path(__file__).with_name("files")
    return beside if beside.is_dir() else Path(__file__).parents[2] / "config" / "profiles"
