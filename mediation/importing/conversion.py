"""Parameters of a trunk configuration as settings: a function for each that has a key with one value."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from mediation.importing.exported import Value, as_text
from mediation.settings.tree import known
from mediation.settings.words import UnfitError

Made = Mapping[str, object]
"""Values of ours by their dotted keys."""

MAX_PROGRESS_S: Final = 32
"""Timer B with T1 of 500 ms (RFC 3261 section 17.1.1.2): so long waits who has no shorter limit."""


def flag(text: str) -> bool:
    """Read True or False. UnfitError otherwise."""
    match text.strip().lower():
        case "true" | "$true":
            return True
        case "false" | "$false":
            return False
        case _:
            raise UnfitError(f'"{text[:40]}" is neither True nor False', "look at the export")


def _either(key: str, when_true: object, when_false: object) -> Callable[[str], Made]:
    return lambda text: {key: when_true if flag(text) else when_false}


def _early_dialogs(text: str) -> Made:
    key = "trunk.early_media.max_early_dialogs"
    story = known(tuple(key.split("."))).story
    if not text.strip().isascii() or not text.strip().isdigit() or len(text.strip()) > 6:
        raise UnfitError(f'"{text[:40]}" is no number', "look at the export")
    number = int(text)
    if not (story.low or 0) <= number <= (story.high or 0):
        raise UnfitError(f"{number} is not from {story.low} to {story.high}", f"{key} stays at its default")
    return {key: number}


def _srtp(text: str) -> Made:
    mode, twins = "trunk.media.srtp", "trunk.media.srtp_twins"
    match text.strip().lower():
        case "required":
            return {mode: "required", twins: False}
        case "optional":
            return {mode: "optional", twins: True}
        case "notsupported":
            return {mode: "off", twins: False}
        case digits if digits.isdigit():
            remedy = "write it again: … | ConvertTo-Json -EnumsAsStrings, or | Export-Clixml"
            raise UnfitError(
                f"{digits[:10]} is a number, and which word it stands for nobody can tell", remedy
            )
        case _:
            raise UnfitError(f'"{text[:40]}" is not known here', "set trunk.media.srtp by hand")


CONVERSIONS: Final[Mapping[str, Callable[[str], Made]]] = {
    "EnableReferSupport": _either("trunk.transfer.mode", "refer", "local"),
    "EnableSessionTimer": _either("trunk.session_timer.mode", "offer", "answer"),
    "MaxEarlyDialogs": _early_dialogs,
    "RemovePlusFromUri": _either("trunk.strip_plus", True, False),
    "SRTPMode": _srtp,
    "EnablePIDFLOSupport": _either("trunk.bodies.location", "emergency", "drop"),
    "EnableFastFailoverTimer": _either("trunk.no_progress_s", 10, MAX_PROGRESS_S),
    "EnableRTPLatching": _either("trunk.media.latching", "first-packet", "sdp-ip"),
    "ForwardCallHistory": _either("trunk.identity.history", "history-info", "off"),
    "ForwardPAI": _either("trunk.identity.send", "pai", "off"),
    "ForwardAnonymousCallGatewayPAI": lambda text: {
        "trunk.identity.keep_pai_on_anonymous_forward": flag(text),
        "trunk.identity.reveal": flag(text),
    },
    "AcceptGatewayPAIForOutboundCalls": _either("trunk.identity.accept_peer_pai_on_forward", True, False),
}
"""By the name of the parameter, as parameters.py has it."""


def convert(name: str, value: Value) -> Made:
    """Return what a parameter is here. UnfitError where its value cannot be understood or had."""
    return CONVERSIONS[name](as_text(value))


def is_default(made: Made) -> bool:
    """Whether the settings would be so without being said."""
    return all(_default(key) == value for key, value in made.items())


@cache
def _default(key: str) -> object:
    """Looked up once: a configuration of many trunks asks a thousand times."""
    return known(tuple(key.split("."))).spelled_default()


def as_keys(made: Made) -> str:
    """Return the last parts of the keys with their values, for people."""
    return ", ".join(f"{key.rpartition('.')[2]} = {_plain(value)}" for key, value in made.items())


def _plain(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_plain, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
