"""Peers that react by themselves, for tests that put the fault or the disorder elsewhere."""

from mediation.settings.peers import Side
from mediation.sip.message import Message, Request, Response
from tests.flows.peers import Line, Peer
from tests.flows.world import World

MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


def mirrored(offer: Request) -> str:
    """The direction that agrees with an offer."""
    said = (word for word in MIRRORED if f"a={word}\r\n".encode() in offer.body)
    return MIRRORED.get(next(said, ""), "sendrecv")


class Automat(Peer):
    """Answers an INVITE by `script`, acknowledges, answers CANCEL and BYE as a good user agent does."""

    def __init__(
        self, world: World, side: Side, host: str, script: tuple[int, ...] = (100, 180, 200)
    ) -> None:
        super().__init__(world, side, host)
        self.script = script
        self.answers_cancel = True
        self.acks_answers = True
        self.describes = True
        """Whether its answers say anything of the session."""
        self.says_to_changes = 200
        """Its answer to an INVITE within the call; 0: none."""
        self.headers = ""
        """Further lines of its answers to an INVITE."""
        self.statuses: dict[str, int] = {}
        """What it says to requests of other methods within a call."""
        self._final: dict[str, int] = {}
        self._ended: set[str] = set()

    @property
    def talks(self) -> bool:
        """Whether its latest call is up, as far as it knows."""
        return bool(self.lines) and self.holds_for_alive(self.line)

    def holds_for_alive(self, line: Line) -> bool:
        """Whether that call is up, as far as it knows."""
        return self._final.get(line.call_id) == 200 and not self._over(line)

    def hangs_up_if_it_talks(self) -> None:
        """End the call if it is up."""
        if self.lines:
            self.hangs_up_if_alive(self.line)

    def hangs_up_if_alive(self, line: Line) -> None:
        """End that call if it is up."""
        if self.holds_for_alive(line):
            self._ended.add(line.call_id)
            self.hangs_up(line=line)

    def repeats_its_answer(self) -> None:
        """Say 200 again if no ACK has come."""
        if self.talks and "INVITE" in self.line.asked and "ACK" not in self.line.asked:
            self.says(200, sdp=self.sdp())

    def answers_now(self) -> None:
        """Go on by the script in a call that has rung for a while."""
        for status in self.script:
            self._answer(self.line, status)

    def dangling(self) -> list[str]:
        """Calls that this peer would still hold for alive, or wait for: none, in the end."""
        return [line.call_id for line in self.lines if not self._over(line)]

    def take(self, message: Message) -> None:
        """React to what was heard."""
        super().take(message)
        line = next((line for line in self.lines if line.call_id == message.call_id), None)
        if line is None:
            return
        if isinstance(message, Response):
            self._react_to_response(line, message)
        elif message.method == "INVITE" and message.to.tag is not None:
            self._answer_change(line, message)
        elif message.method == "INVITE":
            for status in self.script:
                self.world.soon(lambda status=status: self._answer(line, status))  # type: ignore[misc]
        else:
            self._react_to_request(line, message)

    def _answer_change(self, line: Line, offer: Request) -> None:
        if self.says_to_changes == 200:
            answer = self.sdp(direction=mirrored(offer), version=2)
            self.world.soon(lambda: self.says(200, sdp=answer, line=line))
        elif self.says_to_changes:
            self.world.soon(lambda: self.says(self.says_to_changes, line=line))

    def _over(self, line: Line) -> bool:
        return line.call_id in self._ended or self._final.get(line.call_id, 0) >= 300

    def _answer(self, line: Line, status: int) -> None:
        if self._final.get(line.call_id) is None:
            if status >= 200:
                self._final[line.call_id] = status
            described = status in (183, 200) and self.describes
            headers = self.headers if status >= 200 else ""
            self.says(status, sdp=self.sdp() if described else b"", headers=headers, line=line)

    def _react_to_response(self, line: Line, response: Response) -> None:
        if response.cseq.method != "INVITE" or response.status < 200:
            return
        first = response.cseq.number == 7
        if first:
            self._final[line.call_id] = response.status
        if response.status == 200 and self.acks_answers:
            answer = b"" if line.offered else self.sdp()
            self.world.soon(lambda: self.acks(answer, line=line, sequence=response.cseq.number))

    def _react_to_request(self, line: Line, request: Request) -> None:
        if request.method == "BYE":
            self._ended.add(line.call_id)
        elif request.method == "CANCEL" and self.answers_cancel:
            self.world.soon(lambda: self.says(200, to="CANCEL", line=line))
            self.world.soon(lambda: self._answer(line, 487))
        elif request.method == "CANCEL":
            self._ended.add(line.call_id)
        elif request.method in self.statuses:
            self.world.soon(lambda: self.says(self.statuses[request.method], to=request.method, line=line))
