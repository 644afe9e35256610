"""Rules about the policy hook: who is asked, and what is for whom."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from mediation.settings.draft import Draft
from mediation.settings.kept import Secret
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity

_TABLE: Final = "policy"


def broken_policy_rules(draft: Draft) -> Iterator[Fault]:
    """Return what cannot stand together."""
    url, python = (draft.value((_TABLE, key), str) for key in ("url", "python"))
    if url is None or python is None:
        return
    if url and python:
        message = "one policy decides, and two are named"
        yield Fault((_TABLE, "python"), message, "remove one of them", related=(_TABLE, "url"))
    if not url:
        for path in _for_http(draft):
            yield Fault(path, "this is for a policy that is asked by HTTP", "add url, or remove it")
    authorities = draft.value((_TABLE, "authorities"), str)
    if authorities and url and not url.startswith("https:"):
        message = "without https there is no certificate to check"
        yield Fault((_TABLE, "authorities"), message, "write https:// in url", related=(_TABLE, "url"))


def policy_doubts(draft: Draft) -> Iterator[Fault]:
    """Return what hardly can be meant."""
    url = draft.value((_TABLE, "url"), str)
    if url and url.startswith("http:") and not _stays_here(urlsplit(url).hostname or ""):
        message = "numbers of callers can be read on the way, and answers made up"
        yield Fault((_TABLE, "url"), message, "write https://", severity=Severity.WARNING)


def _for_http(draft: Draft) -> Iterator[Path]:
    token, authorities = draft.value((_TABLE, "token"), Secret), draft.value((_TABLE, "authorities"), str)
    if token is not None and token.source:
        yield _TABLE, "token"
    if authorities:
        yield _TABLE, "authorities"


def _stays_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
