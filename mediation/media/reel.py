"""The files of one call's recording, as they grow.

All here may wait for the disk, for as long as the disk likes, and so belongs to a thread that nobody waits for.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from io import RawIOBase
from os import write
from typing import Final

from mediation.b2bua.plan import RecordingOrder
from mediation.media import pcap
from mediation.media.mixing import RATE_HZ, Mix, Stereo
from mediation.media.sound_files import WavWriter
from mediation.media.tape import LAW_OF, Batch
from mediation.rtp.packet import RtpError, read_header

MODE: Final = 0o600
"""Nobody but the server's own user reads what people have said."""

_US: Final = 1_000_000


class Reel:
    """From its beginning to `finish`. Times are whole numbers of the media clock."""

    def __init__(self, order: RecordingOrder, begin: int, unix_us: int) -> None:
        """`unix_us` is the time of day at moment 0 of the media clock. OSError: a file cannot be made."""
        self._begin = begin
        self._unix_us = unix_us
        self._limit = order.max_length_s * RATE_HZ
        self._written = 0
        self._mix = Mix()
        self._wav: WavWriter | None = None
        self._packets: _File | None = None
        self._open: list[_File] = []
        self.cut = False
        """Whether the limit was reached."""
        self.files: list[str] = []
        """Paths of what has been made."""
        try:
            if order.wav:
                self._wav = WavWriter(self._make(f"{order.name}.wav"))
            if order.pcap:
                self._packets = self._make(f"{order.name}.pcap")
                self._packets.write(pcap.FILE_HEADER)
        except OSError:
            self.abandon()
            raise

    def take(self, batch: Batch) -> None:
        """Packets of the call. OSError: they cannot be written."""
        mix = self._mix
        captured: list[bytes] = []
        for record in batch.records:
            at = max(0, record.arrival - self._begin)
            if self._limit and at >= self._limit:
                self.cut = True
                break
            if self._packets is not None and record.flow < len(batch.flows):
                moment = self._unix_us + record.arrival * _US // RATE_HZ
                captured.append(pcap.record(batch.flows[record.flow], moment, record.packet))
            law = LAW_OF.get(record.kind)
            if self._wav is None or law is None:
                continue
            try:
                _, _, _, timestamp, ssrc, start, end = read_header(record.packet)
            except RtpError:
                continue
            self._write(mix.passes(at))
            mix.hear(record.flow & 1, law, record.packet[start:end], ssrc, timestamp, at)
        if self._packets is not None and captured:
            self._packets.write(b"".join(captured))

    def finish(self, end: int) -> None:
        """Write what is left, up to this moment, and make the files whole. OSError: they are not."""
        length = max(end - self._begin, self._mix.end)  # the last packet's sound ends after it has come
        if self._limit and length > self._limit:
            length, self.cut = self._limit, True
        try:
            if self._wav is not None:
                self._write(self._mix.rest(length))
                self._wav.close()
        finally:
            self.abandon()

    def give_up(self) -> None:
        """Something could not be written: let the files be as whole as they can be."""
        with suppress(OSError):
            if self._wav is not None:
                self._wav.close()
        self.abandon()

    def abandon(self) -> None:
        """Leave the files as they are."""
        self._wav = self._packets = None
        for file in self._open:
            with suppress(OSError):
                file.close()
        self._open.clear()

    def _write(self, chunks: Iterable[Stereo]) -> None:
        if self._wav is not None:
            for chunk in chunks:
                self._wav.write(chunk)

    def _make(self, path: str) -> "_File":
        file = _File(path)
        self._open.append(file)
        self.files.append(path)
        return file


class _File(RawIOBase):
    """A new file. What is written to it is written whole, or not at all without an OSError."""

    def __init__(self, path: str) -> None:
        self.name = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)

    def write(self, octets: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]  # any buffer is more than these
        left = memoryview(octets)
        while left:
            left = left[write(self._descriptor, left) :]
        return len(octets)

    def read(self, size: int = -1, /) -> bytes:
        return os.read(self._descriptor, size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return os.lseek(self._descriptor, offset, whence)

    def tell(self) -> int:
        return os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def seekable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._descriptor)
