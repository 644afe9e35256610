"""Where an interop test plays: loopback addresses of its own, and one configuration for them.

Nothing is shared between two scenes, so tests run beside each other and beside anything else on the machine.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Unpack

from tests.interop.daemon import Daemon, running, spell
from tests.interop.scenarios import Options, Sipp, playing
from tests.interop.script import Script

Address = tuple[str, int]
SIP = 5060
PCMU, PCMA = 0, 8
CALLER_PORT = 5070
CLAIM_PORT = 49321
"""Held for as long as a scene lasts: who can bind it owns the whole block."""
BLOCKS = 64 * 250
NUMBERS = count(os.getpid() * 31)
"""Processes begin at different places, and a process uses no block twice in a row."""


@dataclass(frozen=True, slots=True)
class Way:
    """Who calls whom: outbound from the front end to the ITSP, inbound the other way round."""

    caller: Address
    door: Address
    """The daemon's address that the caller talks to."""
    callee: Address
    caller_law: int
    """Payload type: 0 is PCMU, 8 is PCMA (RFC 3551 section 6)."""
    callee_law: int


@dataclass(frozen=True, slots=True)
class Scene:
    """The cast of a test. Each party has an address of its own in 127.A.B.0/24, all on port 5060."""

    block: str
    """The first three numbers of the addresses."""
    folder: Path
    """Where configuration, logs, call records and traces go."""

    def host(self, last: int) -> str:
        """Return an address of this scene."""
        return f"{self.block}.{last}"

    @property
    def internal(self) -> Address:
        """The daemon, toward the front end."""
        return self.host(10), SIP

    @property
    def gateway(self) -> Address:
        """The daemon, toward the ITSP."""
        return self.host(11), SIP

    @property
    def front_end(self) -> Address:
        """The front-end server."""
        return self.host(20), SIP

    @property
    def sbc(self) -> Address:
        """The ITSP's first session border controller."""
        return self.host(30), SIP

    @property
    def second_sbc(self) -> Address:
        """The ITSP's second one."""
        return self.host(31), SIP

    @property
    def stranger(self) -> Address:
        """Somebody whom the configuration does not know."""
        return self.host(66), SIP

    def way(self, name: str) -> Way:
        """Return the "outbound" or the "inbound" way: µ-law inside, A-law outside."""
        if name == "outbound":
            return Way(self.front_end, self.internal, self.sbc, PCMU, PCMA)
        return Way(self.sbc, self.gateway, self.front_end, PCMA, PCMU)

    def wide_ports(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return two port ranges for strangers that bind to no address, most likely free of other scenes'."""
        second, third = (int(number) for number in self.block.split(".")[1:])
        first = 10000 + ((second - 128) * 250 + third) % 80 * 100
        return (first, first + 48), (first + 50, first + 98)

    def configuration(
        self,
        *,
        targets: tuple[str, ...] = (),
        codecs: str = '"PCMU", "PCMA"',
        trunk_codecs: str = '"PCMA"',
        front_end: str = "",
        internal: str = "",
        trunk: str = "",
        more: str = "",
        health: str = "health.options = false",
        internal_health: str = "health.options = false",
        outlive_s: int = 0,
    ) -> str:
        """Return a configuration file; `trunk` adds lines to its one trunk, `more` whole sections.

        `outlive_s`: how long audio goes on when the daemon has been killed.

        `health` and `internal_health` are how targets are watched: most parties here expect calls and nothing else.

        `front_end` and `internal` replace the front end's target URI and the address that it talks to.
        """
        own, outer = internal or spell(self.internal), spell(self.gateway)
        front_end = front_end or f"sip:{spell(self.front_end)}"
        target_list = ", ".join(f'"{uri}"' for uri in targets or (f"sip:{spell(self.sbc)}",))
        return f"""
[internal]
listen = ["udp:{own}", "tcp:{own}"]
targets = ["{front_end}"]
codecs = [{codecs}]
{internal_health}
rtp_ports = [20000, 29999]

[gateway]
listen = ["udp:{outer}", "tcp:{outer}"]
rtp_ports = [30000, 39999]

[[trunk]]
name = "itsp"
targets = [{target_list}]
codecs = [{trunk_codecs}]
{health}
{trunk}

[media]
workers = 1
outlive_signalling_s = {outlive_s}

[cdr]
file = "{self.folder / "cdr.jsonl"}"

[log]
format = "json"
{more}
"""

    @contextmanager
    def daemon(
        self,
        configuration: str = "",
        *,
        calls: int | None,
        asker: Address | None = None,
        at: Address | None = None,
    ) -> Iterator[Daemon]:
        """Run the real daemon, and see it out.

        It must end well on SIGTERM, have no error in its log, and have one record for each of `calls`;
        None does not ask.
        The front end asks it at its internal address whether it is up, unless told otherwise.
        """
        asker, at = asker or (self.front_end[0], 0), at or self.internal
        text = configuration or self.configuration()
        with running(text, self.folder, asker=asker, at=at, calls=calls) as daemon:
            yield daemon

    def uas(
        self, scenario: str | Script, at: Address, **options: Unpack[Options]
    ) -> AbstractContextManager[Sipp]:
        """Run a SIPp that takes calls; by the end of the block it must have played its part."""
        return playing(scenario, self.folder, at=at, **options)

    def uac(self, scenario: str | Script, at: Address, to: Address, **options: Unpack[Options]) -> Sipp:
        """Let a SIPp place its calls, all of which must go as its scenario says; return it at its end.

        It uses another port than the SIPp that takes calls at the same address.
        """
        with self.placing(scenario, at, to, **options) as sipp:
            pass
        return sipp

    def placing(
        self, scenario: str | Script, at: Address, to: Address, **options: Unpack[Options]
    ) -> AbstractContextManager[Sipp]:
        """Run a SIPp that places calls while the block runs, and to the end after it."""
        return playing(scenario, self.folder, at=(at[0], CALLER_PORT), to=to, **options)


@contextmanager
def claimed(folder: Path) -> Iterator[Scene]:
    """Claim a block of loopback addresses for as long as the context lasts."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as claim:
        for _ in range(BLOCKS):
            number = next(NUMBERS) % BLOCKS
            block = f"127.{128 + number // 250}.{1 + number % 250}"
            try:
                claim.bind((f"{block}.254", CLAIM_PORT))
            except OSError:
                continue
            yield Scene(block, folder)
            return
    raise AssertionError("no free block of loopback addresses")
