"""A policy server that says whatever octets a test wants, and remembers what it was asked."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mediation.sip.flow import Endpoint


def http(body: bytes = b"{}", status: str = "200 OK", headers: str = "") -> bytes:
    """One response."""
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode()
        + body
    )


def says(**answer: object) -> bytes:
    """An answer as it should be."""
    return http(json.dumps(answer).encode())


SILENCE = b""
"""Nothing is said, and the connection stays."""


class PolicyServer:
    """One question after the other, on as many connections as come."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.hangs_up = False
        """Whether it closes the connection after what it has said."""
        self.answers_once = False
        """Whether a connection that is used again is closed without a word."""
        self.asked: list[dict[str, Any]] = []
        self.heads: list[str] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        used = False
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next(
                    int(line.partition(":")[2])
                    for line in head.splitlines()
                    if line.lower().startswith("content-length:")
                )
                self.asked.append(json.loads(await reader.readexactly(length)))
                self.heads.append(head)
                if used and self.answers_once:
                    return
                used = True
                writer.write(self.answer)
                await writer.drain()
                if self.hangs_up:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()


@asynccontextmanager
async def policy_server(
    at: Endpoint, answer: bytes, context: ssl.SSLContext | None = None
) -> AsyncIterator[PolicyServer]:
    """It listens there until the end of the block."""
    policy = PolicyServer(answer)
    tasks: set[asyncio.Task[None]] = set()

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(policy.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(met, *at, ssl=context)
    try:
        yield policy
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
