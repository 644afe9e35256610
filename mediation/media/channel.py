"""The messages between signalling and a media worker, over a Unix socket that keeps their bounds.

Each message is one SOCK_SEQPACKET datagram of JSON: a list whose first item names the message. Both ends are
ours, yet decoding is strict: what is not exactly a message is a ChannelError, never half a command.
"""

import json
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

from mediation.b2bua.media_commands import MediaCommand
from mediation.b2bua.media_facts import MediaFact
from mediation.media.call_messages import call_fields, call_message
from mediation.media.recording_messages import RecordingMessage, recording_fields, recording_message
from mediation.media.worker_messages import WorkerMessage, worker_fields, worker_message

LARGEST: Final = 32_768
"""Octets of a message. The usual ones have up to 700; keys add 200, and each fork 300."""

MOST_SHOWN: Final = 60
"""Characters of a message that an error shows. Keys stand behind them."""

MAX_BACKLOG: Final = 20_000
"""Messages waiting for a reader that does not read. More, and the reader is as good as dead."""


class ChannelError(Exception):
    """The other end is gone, has stopped reading, or has sent what is no message."""


Message = MediaCommand | MediaFact | WorkerMessage | RecordingMessage


def encode(message: Message) -> bytes:
    """A message as it goes over the channel."""
    return _to_json(_fields(message)).encode("ascii")


def decode(octets: bytes) -> Message:
    """The message; ChannelError for anything else."""
    try:
        fields = json.loads(octets)
        message = call_message(fields) or recording_message(fields) or worker_message(fields)
    except (ValueError, RecursionError) as error:  # not UTF-8, no JSON, no such side or law
        raise ChannelError(f"no message: {error}") from error
    if message is None:
        raise ChannelError(f"no message: {str(fields)[:MOST_SHOWN]}")
    return message


class Channel:
    """One end of the socket. Neither sending nor receiving ever waits."""

    def __init__(self, sock: socket.socket) -> None:
        """Takes the socket over: `close` closes it."""
        sock.setblocking(False)
        self._socket = sock
        self._backlog: deque[bytes] = deque()
        self._on_waiting: Callable[[bool], None] = lambda _: None
        self._waits = False
        """As it was told."""

    def fileno(self) -> int:
        """For epoll and add_reader."""
        return self._socket.fileno()

    @property
    def waiting(self) -> int:
        """Messages not yet sent; while there are any, call `flush` when the socket becomes writable."""
        return len(self._backlog)

    def tell_waiting(self, on_waiting: Callable[[bool], None]) -> None:
        """From now on `on_waiting` hears whether messages wait, when that changes."""
        self._on_waiting = on_waiting
        self._waits = False
        self._note_waiting()

    def send(self, message: Message) -> None:
        """Send now, or keep it until `flush`. ChannelError: the other end is gone or does not read."""
        self.send_encoded(encode(message))

    def send_encoded(self, octets: bytes) -> None:
        """The same of what `encode` has made."""
        if len(self._backlog) >= MAX_BACKLOG:
            raise ChannelError(f"{MAX_BACKLOG} messages wait to be read")
        self._backlog.append(octets)
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the socket takes it. ChannelError: the other end is gone."""
        backlog = self._backlog
        try:
            while backlog:
                self._socket.send(backlog[0])
                backlog.popleft()
        except BlockingIOError:
            pass
        except OSError as error:
            raise ChannelError(f"the other end is gone: {error.strerror}") from error
        self._note_waiting()

    def receive(self) -> Message | None:
        """The next message, None when there is none yet. ChannelError: the end, or no message."""
        try:
            octets = self._socket.recv(LARGEST)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ChannelError(f"the other end is gone: {error.strerror}") from error
        return _decoded(octets)

    @property
    def unsent(self) -> tuple[bytes, ...]:
        """What waits."""
        return tuple(self._backlog)

    def receive_with_descriptors(self, most: int) -> tuple[Message, list[int]] | None:
        """The same as `receive` of a message that may bring descriptors. They are the caller's to close."""
        try:
            octets, descriptors, _, _ = socket.recv_fds(self._socket, LARGEST, most)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ChannelError(f"the other end is gone: {error.strerror}") from error
        try:
            return _decoded(octets), descriptors
        except ChannelError:
            for descriptor in descriptors:
                os.close(descriptor)
            raise

    def close(self) -> None:
        """Close the socket: the other end reads the end of the channel."""
        self._socket.close()

    def _note_waiting(self) -> None:
        waits = bool(self._backlog)
        if waits != self._waits:
            self._waits = waits
            self._on_waiting(waits)


def _decoded(octets: bytes) -> Message:
    if not octets:
        raise ChannelError("the other end is gone")
    return decode(octets)


def pair() -> tuple[socket.socket, socket.socket]:
    """The two ends of a new channel."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def _fields(message: Message) -> list[object]:
    if isinstance(message, RecordingMessage):
        return recording_fields(message)
    if isinstance(message, WorkerMessage):
        return worker_fields(message)
    return call_fields(message)
