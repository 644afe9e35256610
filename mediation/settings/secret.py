"""Secrets: the file names a place, and the text is read from there when the configuration is."""

import os
from pathlib import Path
from typing import Final

from mediation.settings.kept import NO_SECRET, Secret
from mediation.settings.words import UnfitError

MAX_SECRET_LENGTH: Final = 1024
_FORM: Final = 'write "file:PATH", "env:NAME" or "credential:NAME"'


def parse_secret(text: str) -> Secret:
    """Read the secret that `file:PATH`, `env:NAME` or `credential:NAME` names. UnfitError otherwise.

    A file may end its one line; `credential:` is a file in the directory that systemd names by
    CREDENTIALS_DIRECTORY.
    """
    if not text:
        return NO_SECRET
    kind, colon, name = text.partition(":")
    if not colon or kind not in {"file", "env", "credential"}:
        raise UnfitError("a secret does not stand in the configuration", f"{_FORM}, and put the secret there")
    if not name:
        raise UnfitError(f'nothing is named after "{kind}:"', _FORM)
    return Secret(text, _checked(_from_environment(name) if kind == "env" else _from_file(kind, name)))


def _from_environment(name: str) -> str:
    found = os.environ.get(name)
    if not found:
        raise UnfitError(f"there is no {name} in the environment", "set it where the server is started")
    return found


def _from_file(kind: str, name: str) -> str:
    path = Path(name)
    if kind == "credential":
        directory = os.environ.get("CREDENTIALS_DIRECTORY")
        if not directory:
            raise UnfitError(
                "systemd has handed over no credentials",
                f"add LoadCredential={name}:… to the unit, or use file:",
            )
        path = Path(directory, name)
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_SECRET_LENGTH + 2).removesuffix("\n").removesuffix("\r")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise UnfitError(
            f"{path} cannot be read: {reason}", "let the user that runs the server read it"
        ) from None
    except ValueError:  # no UTF-8, or a NUL in the path
        raise UnfitError(f"{path} holds no text", "put the password there, as UTF-8 text") from None


def _checked(text: str) -> str:
    if not text:
        raise UnfitError("the secret is empty", "put the password there")
    if len(text) > MAX_SECRET_LENGTH:
        raise UnfitError(
            f"the secret is longer than {MAX_SECRET_LENGTH} characters", "put the password there, alone"
        )
    if not text.isprintable():
        raise UnfitError("the secret has control characters", "put the password there, alone, in one line")
    return text
