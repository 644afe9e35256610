"""The name server of the network: where the ITSPs' SBCs are. `python -m tests.places.names ADDRESS`."""

import asyncio
import sys

from tests.wire.name_server import naming

TTL_S = 2
"""Short, so that a name server that is away is missed."""


async def serve(host: str) -> None:
    """Answer until the process is ended."""
    async with naming((host, 53)) as server:
        for name, address in (("itsp-one.example", "192.0.2.30"), ("itsp-two.example", "198.51.100.30")):
            server.holds(f"_sip._udp.{name}", "SRV", f"10 10 5060 sbc.{name}.", ttl=TTL_S)
            server.holds(f"sbc.{name}", "A", address, ttl=TTL_S)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1]))
