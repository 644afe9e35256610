"""Houses, streets and cables in network namespaces: every cable can be pulled.

Everything lives in namespaces of mount, network and processes that `secluded` has made: when its first process ends, in
whatever way, the kernel takes all of it away, and nothing outside has ever seen it. Addresses of all houses are on one
link (proxies and routers would only add delay), so what reaches whom is decided by the cables alone.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

INSIDE: Final = "MEDIATION_PLACES"
STREET: Final = "street"
"""The namespace of all bridges, and of one end of every cable."""
CORE: Final = "core"
"""The bridge in the middle."""
_SECLUSION: Final = ("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")


def seclusion() -> tuple[str, ...]:
    """The command that gives its argument namespaces of its own, as root or as somebody who is root only there."""
    return _SECLUSION if os.geteuid() == 0 else (*_SECLUSION, "--map-root-user")


def why_not() -> str:
    """Why no network can be built here; empty: it can."""
    strangers = {"unshare": "util-linux", "ip": "iproute2", "sipp": "sip-tester", "dnsmasq": "dnsmasq-base"}
    for name, package in strangers.items():
        if shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin") is None:
            return f"{name} is not installed (Debian: {package})"
    trial = f"mount -t tmpfs none /run && ip netns add {STREET} && ip -n {STREET} link add {CORE} type bridge"
    tried = subprocess.run([*seclusion(), "sh", "-c", trial], capture_output=True, text=True, check=False)
    if tried.returncode:
        return f"no network namespaces here: {tried.stderr.strip().splitlines()[-1:]}"
    return ""


def secluded(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Run `python -m tests.places` in namespaces of its own; what it says comes through a pipe."""
    return subprocess.Popen(
        [*seclusion(), sys.executable, "-m", "tests.places", *arguments],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, INSIDE: "yes"},
    )


@dataclass(frozen=True, slots=True)
class House:
    """A host with one network interface."""

    name: str
    addresses: tuple[str, ...]
    street: str = CORE
    """The bridge that its cable leads to."""

    def command(self, *arguments: str) -> list[str]:
        """The same command, performed in this house."""
        return ["ip", "netns", "exec", self.name, *arguments]


def build(houses: Sequence[House]) -> None:
    """Lay all cables: each house to its street, each street to the core. A cable has the name of its far end."""
    _ip("netns", "add", STREET)
    _in(STREET, "link", "set", "lo", "up")
    for bridge in (CORE, *sorted({house.street for house in houses} - {CORE})):
        _in(STREET, "link", "add", f"br-{bridge}", "type", "bridge")
        _in(STREET, "link", "set", f"br-{bridge}", "up")
        if bridge != CORE:
            _in(STREET, "link", "add", bridge, "type", "veth", "peer", "name", f"up-{bridge}")
            _in(STREET, "link", "set", bridge, "master", f"br-{CORE}", "up")
            _in(STREET, "link", "set", f"up-{bridge}", "master", f"br-{bridge}", "up")
    for house in houses:
        _ip("netns", "add", house.name)
        _in(STREET, "link", "add", house.name, "type", "veth", "peer", "name", "eth0", "netns", house.name)
        _in(STREET, "link", "set", house.name, "master", f"br-{house.street}", "up")
        _in(house.name, "link", "set", "lo", "up")
        for address in house.addresses:
            _in(house.name, "address", "add", f"{address}/32", "dev", "eth0")
        _in(house.name, "link", "set", "eth0", "up")
        _in(house.name, "route", "add", "default", "dev", "eth0")


def pull(cable: str) -> None:
    """Nothing goes through it any more, and neither end is told."""
    _in(STREET, "link", "set", cable, "down")


def plug(cable: str) -> None:
    """It is as it was."""
    _in(STREET, "link", "set", cable, "up")


def _in(namespace: str, *arguments: str) -> None:
    _ip("-n", namespace, *arguments)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
