"""aiovoip as a stranger: the heir of aiosip, unpatched, over UDP and TCP.

It repeats no INVITE, sends its BYE to the To URI, gives every message of a dialog the same Contact for ever, and
acknowledges a 2xx with the branch of the INVITE.
"""

import asyncio
import os
from typing import Any

import aiovoip
from aiovoip.contact import Contact

from tests.interop.commands import begin, serve, tell

PROTOCOLS = {"udp": aiovoip.UDP, "tcp": aiovoip.TCP}
SDP = {"Content-Type": "application/sdp"}


def sdp(host: str, port: int, law: int) -> str:
    """Describe one audio stream of one law."""
    return (
        f"v=0\r\no=old 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP {law}\r\n"
    )


class PatientDialog(aiovoip.InviteDialog):
    """Passes over a 100 without a tag in To, which RFC 3261 section 8.2.6.2 allows: it would lose the dialog by it."""

    async def receive_message(self, msg: Any) -> None:
        """Take a message of this dialog."""
        if not (isinstance(msg, aiovoip.Response) and msg.status_code == 100):
            await super().receive_message(msg)


class Device(aiovoip.BaseDialplan):
    """One device: it places a call when it is told to, and answers those that come."""

    def __init__(self, set_: dict[str, Any]) -> None:
        self.at = set_["host"], set_["port"]
        self.peer = tuple(set_["peer"])
        self.protocol = PROTOCOLS[set_["transport"]]
        self.own = f"sip:{set_['user']}@{set_['host']}:{set_['port']}"
        self.body = sdp(set_["host"], set_.get("media_port", 6000), set_["law"])
        self.app = aiovoip.Application(dialplan=self)
        self.dialog: Any = None
        self.called = False

    async def do_dial(self, number: str) -> None:
        peer = await self.app.connect(self.peer, self.protocol, local_addr=self.at)
        self.dialog = await peer.invite(
            dialog_factory=PatientDialog,
            from_details=Contact.from_header(self.own),
            to_details=Contact.from_header(f"sip:{number}@{self.peer[0]}:{self.peer[1]}"),
            headers=SDP,
            payload=self.body,
        )
        async for message in self.dialog.wait_for_terminate():
            tell("progress", status=message.status_code, body=message.payload)
        try:
            await self.dialog.ready()
        except RuntimeError:
            tell("refused")
            return
        tell("up")
        while not self.dialog._closed:  # noqa: ASYNC110 -- it has no event to wait for
            await asyncio.sleep(0.01)
        tell("down")

    async def do_hang_up(self) -> None:
        if self.called:
            await self.dialog.request("BYE")
            tell("down")
        else:
            await self.dialog.close()

    async def do_listen(self) -> None:
        await self.app.run(local_addr=self.at, protocol=self.protocol)
        tell("listening")

    async def resolve(self, method: str, **ignored: Any) -> Any:
        """Return what takes a request outside any dialog."""
        return self.answer if method == "INVITE" else None

    async def answer(self, request: Any, invite: Any) -> None:
        """Ring and answer, and take what comes."""
        self.called = True
        self.dialog = await request.prepare(180)
        await self.dialog.reply(invite, 200, payload=self.body, headers=SDP)
        while True:
            message = await self.dialog.recv()
            if message.method == "ACK":
                tell("up")
            elif message.method == "BYE":
                await self.dialog.reply(message, 200)
                tell("down")
                return


async def main() -> None:
    """Serve until told to quit."""
    await serve(Device(begin()))


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)  # it asks for the loop of the thread
    loop.run_until_complete(main())
    os._exit(0)
