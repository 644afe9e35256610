"""baresip as a stranger: a telephone that plays one tone and records what it hears, told what to do over TCP."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from mediation_codecs.pcm import RATE_HZ
from tests.interop.audio import write_tone
from tests.interop.sockets import await_socket

Address = tuple[str, int]

CONTROL_PORT: Final = 4444
PATIENCE_S: Final = 15.0
LOOK_S: Final = 0.05
HEADER_OCTETS: Final = 44
MODULES: Final = "/usr/lib/baresip/modules"

# Its audio sockets are bound to no address: on loopback they send from 127.0.0.1, so its SDP has to say that.
CONFIGURATION: Final = """\
poll_method epoll
sip_listen {host}:{port}
net_interface 127.0.0.1
rtp_ports {first_port}-{last_port}
rtcp_mux {mux}
audio_source aufile,{folder}/tone.wav
audio_player aufile,{folder}/unused.wav
audio_alert aufile,{folder}/unused.wav
audio_buffer 20-160
ausrc_srate 8000
opus_stereo no
opus_sprop_stereo no
module_path {modules}
module g711.so
module g722.so
module opus.so
module srtp.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {host}:{control_port}
snd_path {folder}
"""


@dataclass(slots=True)
class Baresip:
    """One telephone under way."""

    process: subprocess.Popen[bytes]
    folder: Path
    control: socket.socket
    _unread: bytes = b""

    def dial(self, uri: str) -> None:
        """Call somebody."""
        self._command("dial", uri)

    def hang_up(self) -> None:
        """End the call."""
        self._command("hangup")

    def hold(self) -> None:
        """Put the call on hold."""
        self._command("hold")

    def resume(self) -> None:
        """Take it back."""
        self._command("resume")

    def transfer(self, uri: str) -> None:
        """Send the other party of the call on to somebody else, and leave."""
        self._command("transfer", uri)

    def await_event(self, kind: str) -> None:
        """Return when it says CALL_ESTABLISHED, CALL_CLOSED or another of its events."""
        give_up = monotonic() + PATIENCE_S
        while (left := give_up - monotonic()) > 0:
            if self._next_message(left).get("type") == kind:
                return
        raise AssertionError(f"no {kind} in {PATIENCE_S} s")

    def await_recording(self, seconds: float) -> None:
        """Return when it has recorded so much of what it heard."""
        give_up = monotonic() + PATIENCE_S
        while self._recorded_octets() < HEADER_OCTETS + seconds * RATE_HZ * 2:
            with suppress(subprocess.TimeoutExpired):
                raise AssertionError(f"baresip ended with status {self.process.wait(LOOK_S)}")
            if monotonic() > give_up:
                raise AssertionError(f"{self._recorded_octets()} octets recorded in {PATIENCE_S} s")

    def recordings(self) -> list[Path]:
        """Return the WAV files of what it heard."""
        return sorted(self.folder.glob("dump-*-dec.wav"))

    def _recorded_octets(self) -> int:
        return sum(file.stat().st_size for file in self.recordings())

    def _command(self, name: str, parameters: str = "") -> None:
        """Commands and events are JSON in netstrings."""
        text = json.dumps({"command": name, "params": parameters, "token": name})
        self.control.sendall(f"{len(text)}:{text},".encode())

    def _next_message(self, timeout_s: float) -> dict[str, Any]:
        self.control.settimeout(timeout_s)
        while True:
            size, colon, rest = self._unread.partition(b":")
            if colon and len(rest) > int(size):
                text, self._unread = rest[: int(size)], rest[int(size) + 1 :]
                message: dict[str, Any] = json.loads(text)
                return message
            more = self.control.recv(65535)
            if not more:
                raise AssertionError("baresip closed its control port")
            self._unread += more


@contextmanager
def telephone(
    folder: Path,
    at: Address,
    *,
    user: str,
    law: str,
    tone_hz: float,
    ports: tuple[int, int],
    srtp: str = "",
    mux: bool = False,
) -> Iterator[Baresip]:
    """Run a telephone that answers by itself and knows one law; `ports` are its first and last for audio.

    `srtp` is `srtp`, which leaves it open, or `srtp-mand`; `mux` lets RTCP share the port of RTP.
    """
    secure = f";mediaenc={srtp}" if srtp else ""
    folder.mkdir()
    write_tone(folder / "tone.wav", tone_hz, 30.0)
    (folder / "contacts").touch()
    (folder / "accounts").write_text(
        f"<sip:{user}@{at[0]}>;regint=0;audio_codecs={law};answermode=auto;ptime=20{secure}\n"
    )
    (folder / "config").write_text(
        CONFIGURATION.format(
            host=at[0],
            port=at[1],
            first_port=ports[0],
            last_port=ports[1],
            folder=folder,
            modules=MODULES,
            control_port=CONTROL_PORT,
            mux="yes" if mux else "no",
        )
    )
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            ["baresip", "-f", str(folder), "-v"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        control = (at[0], CONTROL_PORT)
        await_socket(control, "tcp", process=process)
        with socket.create_connection(control) as connection:
            yield Baresip(process, folder, connection)
    except BaseException as error:
        error.add_note(f"baresip says: {(folder / 'output.txt').read_text(errors='replace')[-2000:]}")
        raise
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
