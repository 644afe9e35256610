"""A DNS server on loopback, made of dnspython: a zone that tests change, over UDP and TCP, or silence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from mediation.sip.flow import Endpoint

SOA = "ns.example. root.example. 1 7200 900 1209600 {minimum}"
LONGEST = 512
"""Octets of an answer by UDP; longer ones come by TCP."""


class NameServer(asyncio.DatagramProtocol):
    """Everything below `example.`."""

    def __init__(self) -> None:
        self.zone: dict[tuple[str, str], dns.rrset.RRset] = {}
        self.asked: list[str] = []
        self.silent = False
        self.rcode = dns.rcode.NOERROR
        """What every question is answered with, where that is an error."""
        self.negative_ttl = 300
        self.by_tcp = 0
        self.datagrams: asyncio.DatagramTransport

    def holds(self, name: str, kind: str, *records: str, ttl: int = 300) -> None:
        """These are the records of a name from now on; none: they are gone."""
        key = (name.rstrip("."), kind)
        self.zone.pop(key, None)
        if records:
            self.zone[key] = dns.rrset.from_text(f"{name.rstrip('.')}.", ttl, "IN", kind, *records)

    def answers(self, octets: bytes) -> bytes:
        query = dns.message.from_wire(octets)
        question = query.question[0]
        name, kind = (
            question.name.to_text(omit_final_dot=True).lower(),
            dns.rdatatype.to_text(question.rdtype),
        )
        self.asked.append(f"{kind} {name}")
        response = dns.message.make_response(query)
        response.set_rcode(self.rcode)
        if self.rcode == dns.rcode.NOERROR:
            found = self.zone.get((name, kind))
            if found is not None:
                response.answer.append(found)
            else:
                soa = SOA.format(minimum=self.negative_ttl)
                response.authority.append(dns.rrset.from_text("example.", 3600, "IN", "SOA", soa))
                if not any(held == name for held, _ in self.zone):
                    response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()

    # by UDP

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.silent:
            return
        answer = self.answers(data)
        if len(answer) > LONGEST:
            self.asked.pop()
            short = dns.message.make_response(dns.message.from_wire(data))
            short.flags |= dns.flags.TC
            answer = short.to_wire()
        self.datagrams.sendto(answer, addr)

    # by TCP

    async def takes(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length = int.from_bytes(await reader.readexactly(2), "big")
        answer = self.answers(await reader.readexactly(length))
        self.by_tcp += 1
        writer.write(len(answer).to_bytes(2, "big") + answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def naming(at: Endpoint) -> AsyncIterator[NameServer]:
    """Serve names there."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=at)
    server.datagrams = transport
    streams = await asyncio.start_server(server.takes, *at)
    try:
        yield server
    finally:
        transport.close()
        streams.close()
        await streams.wait_closed()
