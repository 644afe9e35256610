"""The dialogs of one INVITE session: early ones by tag, several where the call forks, and the one that is confirmed.

RFC 3261 sections 12.1 and 13.2.2.4. The agent knows each of them, so that requests within it find the session.
"""

from mediation.sip.agent import Agent, DialogUser, in_dialog_flow
from mediation.sip.dialog import Dialog
from mediation.sip.digest_client import credentials_of
from mediation.sip.errors import LocalSipError
from mediation.sip.flow import Flow
from mediation.sip.message import Request, Response
from mediation.sip.transaction_row import Transaction


class SessionDialogs:
    """By the tag of the called side: ours where we were called, the peer's where we call."""

    def __init__(self, agent: Agent, user: DialogUser, flow: Flow, *, is_called: bool) -> None:
        self._agent = agent
        self._flow = flow
        self._is_called = is_called
        self._by_tag: dict[str, Dialog] = {}
        self._confirmed_tag = ""
        """Where we were called: of the dialog that is ours until another party is accepted."""
        self._parties: dict[str, str] = {}
        """Called: our tag for each party that answers behind us."""
        self.opened_by: Transaction | None = None
        """The INVITE of ours that made them, as it was sent last; None where we were called."""
        self.user = user
        self.local_tag = ""
        """Ours; where we were called, that of the party that was accepted, or of the first."""

    # what they are

    @property
    def confirmed(self) -> Dialog:
        """The confirmed dialog, or the one that our responses belong to."""
        try:
            return self._by_tag[self._confirmed_tag]
        except KeyError:
            raise LocalSipError("the session has no dialog yet") from None

    @property
    def asking(self) -> Dialog:
        """The dialog that requests of ours go out in: the confirmed one, or the early one that spoke last."""
        if self._confirmed_tag in self._by_tag or not self._by_tag:
            return self.confirmed
        return next(reversed(self._by_tag.values()))

    @property
    def is_confirmed(self) -> bool:
        """Whether a party is chosen; where we were called, one always is."""
        return self._confirmed_tag != ""

    def confirms(self, tag: str) -> bool:
        """Whether this is the party that was chosen."""
        return tag == self._confirmed_tag

    def of(self, request: Request) -> Dialog | None:
        """The dialog that a request came in."""
        return self._by_tag.get((request.to.tag if self._is_called else request.from_.tag) or "")

    def with_tag(self, tag: str) -> Dialog | None:
        """The dialog with one party of the called side."""
        return self._by_tag.get(tag)

    # called

    def begin(self, invite: Request) -> None:
        """The first dialog with the sender of an INVITE; RemoteSipError when none can be made of it."""
        self.local_tag = self._confirmed_tag = self._agent.ids.tag()
        self._open(invite, self.local_tag)

    def tag_of(self, party: str, invite: Request) -> str:
        """Our tag towards the caller for a party behind us: the first has the session's own."""
        if party not in self._parties:
            tag = self._agent.ids.tag() if self._parties else self.local_tag
            self._parties[party] = tag
            if tag not in self._by_tag:
                self._open(invite, tag)
        return self._parties[party]

    def choose(self, tag: str) -> None:
        """The party with this tag is accepted; the others have lost."""
        self.local_tag = self._confirmed_tag = tag
        chosen = self._by_tag[tag]
        self._drop()
        self._adopt(tag, chosen)

    def _open(self, invite: Request, tag: str) -> None:
        self._adopt(tag, Dialog.as_server(invite, tag, local_sequence=self._agent.ids.sequence_number()))

    # calling

    def hear(self, invite: Request, response: Response) -> None:
        """A response with a tag makes an early dialog, unless there is one."""
        tag = response.to.tag or ""
        if tag not in self._by_tag:
            self._adopt(tag, Dialog.as_client(invite, response))

    def confirm(self, invite: Request, response: Response) -> None:
        """The 2xx decides target and routes anew, whatever the provisional responses said (section 13.2.2.4)."""
        confirmed = Dialog.as_client(invite, response)
        tag = self._confirmed_tag = confirmed.id.remote_tag
        early = self._by_tag.get(tag)
        if early is not None:
            confirmed.remote_sequence = early.remote_sequence
            confirmed.local_sequence = max(early.local_sequence, confirmed.local_sequence)
        self._drop()  # early ones of others have lost: they may not end the call
        self._adopt(tag, confirmed)

    def add_loser(self, tag: str, dialog: Dialog) -> None:
        """Keep the dialog with a party that came second, for repetitions of its 2xx; it takes no requests."""
        self._by_tag[tag] = dialog

    # both

    def way(self, dialog: Dialog) -> Flow:
        """By which flow our requests within a dialog go."""
        return in_dialog_flow(dialog, self._flow, None if self.opened_by is None else self.opened_by.flow)

    def acknowledge(self, dialog: Dialog, response: Response, invite: Request) -> None:
        """Send the ACK to a 2xx of our INVITE, or the same again, with the INVITE's credentials (section 13.2.2.4)."""
        sequence = response.cseq.number
        way = self.way(dialog)
        ack = dialog.acknowledged.get(sequence)
        if ack is None:
            extra = credentials_of(invite)
            ack = dialog.request("ACK", via=self._agent.via(way), sequence=sequence, extra=extra)
            dialog.acknowledged[sequence] = ack
        self._agent.layer.send(ack, way)

    def close(self) -> None:
        """Nobody finds the session any more; what a repeated 2xx needs is kept."""
        for dialog in self._by_tag.values():
            self._agent.dialogs.pop(dialog.id, None)

    def _adopt(self, tag: str, dialog: Dialog) -> None:
        self._by_tag[tag] = dialog
        self._agent.dialogs[dialog.id] = self.user

    def _drop(self) -> None:
        self.close()
        self._by_tag.clear()
