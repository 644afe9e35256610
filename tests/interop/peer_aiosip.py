"""aiosip 0.2.0 of 2017 as a stranger: an old-fashioned device, UDP only, with the manners of its time.

It acknowledges a 2xx with the branch of the INVITE, sends its BYE to the To URI and not to the Contact, follows no
change of target, repeats nothing, and acknowledges the answer to its BYE. It does not load on Python 3.11 as it is:
five adaptations are made here when it runs, and nothing of it is kept in this repository.
"""

import asyncio
import collections
import collections.abc
import os
import types
import warnings
from typing import Any

from tests.interop.commands import begin, serve, tell

warnings.simplefilter("ignore")  # its regular expressions are spelled the old way
# 1. What Python had when it was written
asyncio.coroutine = types.coroutine  # type: ignore[attr-defined]
collections.MutableMapping = collections.abc.MutableMapping  # type: ignore[attr-defined]

import aiosip  # noqa: E402
import aiosip.contact  # noqa: E402
import aiosip.message  # noqa: E402
import aiosip.param  # noqa: E402
import aiosip.protocol  # noqa: E402
import aiosip.uri  # noqa: E402
from multidict import CIMultiDict  # noqa: E402


# 2. Parameters without a value, as in `;lr` and `;rport`
def _read_parameters(self: dict[str, str | None], text: str = "") -> None:
    for item in text.split(";") if text else ():
        name, equals, value = item.partition("=")
        self[name] = value if equals else None


def _print_parameters(self: dict[str, str | None]) -> str:
    return ";".join(name if value is None else f"{name}={value}" for name, value in self.items())


# 3. A body keeps its line ends
def _read_message(raw: str) -> Any:
    head, _, body = raw.partition("\r\n\r\n")
    message = _READ_HEAD(head + "\r\n\r\n")
    message.payload = body or None
    return message


# 4. A keep-alive is no message, and a Via may hold a percent sign
def _datagram_received(self: Any, data: bytes, address: tuple[str, int]) -> None:
    if data.strip():
        message = aiosip.message.Message.from_raw_message(data.decode())
        tell("received", start=data.decode().split("\r\n", 1)[0], body=message.payload or "")
        self.app.dispatch(aiosip.UDP, message, address)


def _send_message(self: Any, message: Any) -> None:
    message.headers["Via"] = message.headers["Via"].replace("%(protocol)s", "UDP")
    self.transport.sendto(str(message).encode())


_READ_HEAD = aiosip.message.Message.from_raw_message
aiosip.param.Param.__init__ = _read_parameters
aiosip.param.Param.__str__ = _print_parameters
aiosip.message.Message.from_raw_message = staticmethod(_read_message)
aiosip.protocol.UDP.datagram_received = _datagram_received
aiosip.protocol.UDP.send_message = _send_message


class PeerDialog(aiosip.Dialog):
    """5. A provisional response, whichever, is not the end."""

    def receive_message(self, msg: Any) -> None:
        """Take a message of this dialog."""
        if isinstance(msg, aiosip.Response) and msg.status_code < 200:
            tell("progress", status=msg.status_code, body=msg.payload or "")
            return
        super().receive_message(msg)


def sdp(host: str, port: int, law: int) -> str:
    """Describe one audio stream of one law."""
    return (
        f"v=0\r\no=old 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {law}\r\n"
    )


class Device:
    """One device: it places a call when it is told to, and answers those that come."""

    def __init__(self, set_: dict[str, Any]) -> None:
        self.at = set_["host"], set_["port"]
        self.peer = tuple(set_["peer"])
        self.own = f"sip:{set_['user']}@{set_['host']}:{set_['port']}"
        self.body = sdp(set_["host"], set_.get("media_port", 6000), set_["law"])
        self.app = aiosip.Application()
        self.call: Any = None
        self.answered: Any = None
        self.app.router.add_route("INVITE", self.answer)

    async def listen(self) -> None:
        """Open the one socket: it is connected to the peer, so who the peer is must be known beforehand."""
        await self.app.create_connection(aiosip.UDP, self.at, self.peer)

    async def do_dial(self, number: str) -> None:
        dialog = await self.app.start_dialog(
            from_uri=self.own,
            to_uri=f"sip:{number}@{self.peer[0]}:{self.peer[1]}",
            contact_uri=self.own,
            local_addr=self.at,
            remote_addr=self.peer,
            dialog=PeerDialog,
        )
        headers = CIMultiDict({"Content-Type": "application/sdp"})
        try:
            self.call = await aiosip.Call.invite(dialog, headers=headers, sdp=self.body)
        except AssertionError:
            tell("refused")
            return
        tell("up", body=self.call.sdp)
        await self.call.wait()
        tell("down")

    async def do_hang_up(self) -> None:
        if self.call is not None:
            await self.call.close()
            return
        dialog, _ = self.answered
        await dialog.send_message(
            "BYE", to_details=dialog.from_details, from_details=dialog.to_details, headers=CIMultiDict()
        )
        tell("down")

    async def answer(self, dialog: Any, invite: Any) -> None:
        """Ring and answer. Its own dialog would ring with a tag and answer with another."""
        dialog.to_details = invite.to_details
        dialog.to_details.add_tag()
        dialog.contact_details = aiosip.contact.Contact.from_header(self.own)
        dialog.register_callback("BYE", lambda *ignored: tell("down"))
        dialog.register_callback("ACK", lambda *ignored: tell("up", body=invite.payload))
        self.answered = dialog, invite
        for status, words in ((180, "Ringing"), (200, "OK")):
            headers = CIMultiDict({name: invite.headers[name] for name in ("Via", "CSeq", "Call-ID")})
            body = self.body if status == 200 else None
            dialog.send_reply(
                status,
                words,
                to_details=dialog.to_details,
                from_details=invite.from_details,
                headers=headers,
                content_type="application/sdp" if body else None,
                payload=body,
            )


async def main() -> None:
    """Serve until told to quit."""
    device = Device(begin())
    await device.listen()
    await serve(device)


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())
    os._exit(0)
