"""The way from the workers to the recorder: batches of one call's packets over a socket that keeps their bounds.

All workers share one end. The room that the kernel has in it is the queue: a worker that finds it full drops the batch
and counts it, and never waits. Both ends outlive the recorder, so that another one goes on reading where one has died.

    batch:   length of the call's name | the name | packets | four flows | records
    flow:    their address and port | ours                           of the caller's RTP, the callee's, and their RTCP
    record:  flow | kind | octets | arrival on the media clock | the packet

What we play to one party stands in a flow of its own at the other one's seat, which has no addresses: nobody sent it.
"""

import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from struct import Struct
from typing import Final

from mediation.b2bua.plan import Endpoint
from mediation_codecs.law import Law

LARGEST: Final = 65_536
"""Octets of a batch that are read. `tap` ends a batch well below."""

ROOM_OCTETS: Final = 8 << 20
"""Of the socket, as far as the system grants it (net.core.wmem_max)."""

RTP_FLOWS: Final = 2
"""The flows of RTP come first, and those of RTCP after them."""

OWN_FLOWS: Final = 4
"""Flows of ours in the place of a seat's come after all that have addresses."""

_NAME: Final = Struct("!B")
_COUNT: Final = Struct("!H")
_END: Final = Struct("!16sH")
_RECORD: Final = Struct("!BBHQ")
_ENDS: Final = 8
_NOWHERE: Final[Endpoint] = ("0.0.0.0", 0)


class Kind(IntEnum):
    """What the payload of a packet is, as the plan says."""

    OTHER = 0
    """No audio: events, noise, a payload type that was not agreed on, RTCP."""
    PCMU = 1
    PCMA = 2


KIND_OF: Final = {Law.PCMU: Kind.PCMU, Law.PCMA: Kind.PCMA}
LAW_OF: Final = {Kind.PCMU: Law.PCMU, Kind.PCMA: Law.PCMA}

Flow = tuple[Endpoint, Endpoint]
"""From where, and to where."""


@dataclass(frozen=True, slots=True)
class Record:
    """One packet as it came, decrypted."""

    flow: int
    kind: Kind
    arrival: int
    """In units of the media clock."""
    packet: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Some packets of one call, in the order of their arrival."""

    call: str
    flows: tuple[Flow, ...]
    records: tuple[Record, ...]


class BatchError(ValueError):
    """These octets are no batch."""


class Tape:
    """A worker's end."""

    def __init__(self, descriptor: int) -> None:
        """Takes the descriptor over."""
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)

    def send(self, batch: bytes) -> bool:
        """Hand a batch on. False: there is no room, or nobody to read it."""
        try:
            self._socket.send(batch)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """No batch more."""
        self._socket.close()


def pair() -> tuple[socket.socket, socket.socket]:
    """The recorder's end, and the workers'."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ROOM_OCTETS)
    theirs.setblocking(False)
    return ours, theirs


def packed_record(flow: int, kind: Kind, arrival: int, packet: bytes) -> bytes:
    """One packet, as part of a batch."""
    return _RECORD.pack(flow, kind, len(packet), arrival) + packet


def packed_batch(call: bytes, packets: int, flows: bytes, records: Sequence[bytes]) -> bytes:
    """A batch; `flows` are packed already."""
    return b"".join((_NAME.pack(len(call)), call, _COUNT.pack(packets), flows, *records))


def packed_flows(flows: Sequence[tuple[Endpoint | None, Endpoint]]) -> bytes:
    """The four flows; None: it is not known where it comes from."""
    return b"".join(_packed_end(end or _NOWHERE) for flow in flows for end in flow)


def head_of(batch: bytes) -> tuple[str, int]:
    """The call of a batch, and how many packets are in it. Raises BatchError."""
    try:
        length = batch[0]
        (packets,) = _COUNT.unpack_from(batch, 1 + length)
        return batch[1 : 1 + length].decode("utf-8"), packets
    except (ValueError, IndexError, struct.error) as reason:
        raise BatchError(str(reason)) from reason


def batch_of(octets: bytes) -> Batch:
    """A whole batch. Raises BatchError."""
    call, packets = head_of(octets)
    at = 1 + octets[0] + _COUNT.size
    try:
        ends = [_endpoint(*_END.unpack_from(octets, at + index * _END.size)) for index in range(_ENDS)]
        at += _ENDS * _END.size
        records: list[Record] = []
        for _ in range(packets):
            flow, kind, length, arrival = _RECORD.unpack_from(octets, at)
            at += _RECORD.size
            records.append(Record(flow, Kind(kind), arrival, octets[at : at + length]))
            at += length
    except (ValueError, struct.error) as reason:
        raise BatchError(str(reason)) from reason
    if at != len(octets):
        raise BatchError(f"{len(octets)} octets for {at}")
    return Batch(call, tuple(zip(ends[::2], ends[1::2], strict=True)), tuple(records))


@lru_cache(maxsize=4096)
def _packed_end(end: Endpoint) -> bytes:
    address = ip_address(end[0].partition("%")[0])
    octets = address.packed if address.version == 6 else b"\0" * 10 + b"\xff\xff" + address.packed
    return _END.pack(octets, end[1])


def _endpoint(octets: bytes, port: int) -> Endpoint:
    address = IPv6Address(octets)
    return str(address.ipv4_mapped or address), port
