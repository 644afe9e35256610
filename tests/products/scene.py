"""A product on one side of the server, somebody plain on the other, and the steps of their calls."""

from collections.abc import Iterator
from contextlib import contextmanager

from mediation.b2bua.passage import Passage
from mediation.settings.model import Settings
from mediation.settings.peer_media import PeerMedia
from mediation.settings.peer_terms import Redirects, Transfers, TransferTo
from mediation.settings.peers import LargeRequests, Side
from mediation.sip.agent import hostport
from mediation.sip.message import Response
from mediation_codecs.codec import Codec
from tests.flows.peers import Peer
from tests.flows.scenery import FRONT_END, SBC, settings, target, trunk
from tests.flows.world import World
from tests.products.crossing import passage
from tests.products.player import Alter, Player, unaltered
from tests.products.script import Script

SHORTEST_MARK = 4
LAWS = (Codec.PCMA, Codec.PCMU)
USUAL_REDIRECTS = Redirects()


def terms(script: Script, side: Side, redirect: Redirects, media: PeerMedia) -> Settings:
    """Both laws on both sides, and the product reached by what it speaks. Whom it refers us to is across."""
    place = SBC if side is Side.GATEWAY else FRONT_END
    at = target(place, script.transport, script.transport.default_port)
    whole = LargeRequests.UDP  # the plain party has one flow, however long our INVITE becomes
    if side is Side.GATEWAY:
        outside = trunk(
            "itsp-a", targets=(at,), codecs=LAWS, large_requests=whole, redirect=redirect, media=media
        )
        return settings(outside, codecs=LAWS, large_requests=whole)
    outside = trunk(codecs=LAWS, large_requests=whole)
    routes = Transfers(to=TransferTo.ROUTES)
    return settings(
        outside,
        front_end_targets=(at,),
        codecs=LAWS,
        large_requests=whole,
        redirect=redirect,
        transfer=routes,
        media_terms=media,
    )


class Plain(Peer):
    """The party across: nothing that it has said itself is news to it."""

    spoken: bytes = b""

    def sends(self, lines: list[str], headers: str = "", body: bytes = b"") -> None:
        super().sends(lines, headers, body)
        self.spoken += self.said


class Scene:
    """Who is where."""

    def __init__(
        self,
        script: Script,
        side: Side,
        alter: Alter = unaltered,
        redirect: Redirects = USUAL_REDIRECTS,
        media: PeerMedia | None = None,
    ) -> None:
        self.script = script
        self.world = World(terms(script, side, redirect, media or script.media))
        here, there = (SBC, FRONT_END) if side is Side.GATEWAY else (FRONT_END, SBC)
        self.other_side = Side.FRONT_END if side is Side.GATEWAY else Side.GATEWAY
        self.product = Player(self.world, side, here, script, alter)
        self.plain = Plain(self.world, self.other_side, there, codecs=f"{script.law} telephone-event")

    @property
    def told(self) -> list[bytes]:
        """All that the plain party was told."""
        return self.world._told[self.other_side]

    @property
    def way(self) -> Passage:
        """From the product to the plain party."""
        return passage(self.world.settings, self.other_side, hostport(self.plain.flow.local))

    @property
    def hidden(self) -> bool:
        """Whether the product asks for privacy that the plain party's side must not look behind."""
        return self.script.head.get("hidden") == str(self.other_side)

    @property
    def key(self) -> str:
        """Our key as the product knows it, in the last description that it has heard; empty: there is none."""
        body = next(message.body for message in reversed(self.product.received) if b"m=audio" in message.body)
        return body.partition(b"inline:")[2].partition(b"\r")[0].decode()

    @property
    def port(self) -> str:
        """Our audio port as the product knows it, in the last description that it has heard."""
        body = next(message.body for message in reversed(self.product.received) if b"m=audio" in message.body)
        ports = [line.split(b" ")[1] for line in body.split(b"\r\n") if line.startswith(b"m=audio")]
        return next(port for port in ports if port != b"0").decode()

    # the product calls

    def product_calls(self) -> None:
        """It invites, and the plain party has it."""
        self.product.invites()
        assert (heard := self.product.heard()) == ["100"], (heard, self.product.received[-1])
        assert self.plain.heard() == ["INVITE"]
        self.plain.says(100)

    def plain_answers(self) -> None:
        """The plain party rings and answers; the product acknowledges whatever it must."""
        self.plain.says(180)
        self.plain.says(200, sdp=self.plain.sdp())
        if "180" in (heard := self.product.heard()) and self.product.response(180).headers.has("RSeq"):
            self.product.plays("PRACK")
            heard += self.product.heard()
        assert [each for each in heard if each != "200 PRACK"] == ["180", "200"]
        self.product.plays("ACK INVITE" if self.script.has("ACK INVITE") else "ACK")
        assert self.plain.heard() == ["ACK"]

    # the plain party calls

    def plain_calls(self) -> None:
        """It invites, and the product has it."""
        self.plain.invites()
        assert self.plain.heard() == ["100"]
        assert self.product.heard() == ["INVITE"]
        if self.script.has("100"):
            self.product.plays("100")

    def product_answers(self) -> None:
        """The product rings as it does and answers; the plain party acknowledges."""
        for name in ("180", "183"):
            if self.script.has(name):
                self.product.plays(name)
                assert self.plain.heard() == [name]
                self._prack()
        self.product.plays("200")
        assert self.product.heard() == ["ACK"]
        assert self.plain.heard() == ["200"]
        self.plain.acks()

    def _prack(self) -> None:
        if (heard := self.product.heard()) == ["PRACK"]:
            self.product.plays("200 PRACK")
            heard = self.product.heard()
        assert heard == []

    # changes and ends

    def product_changes(self, name: str) -> Response:
        """The product asks for a change, the plain party agrees to what it hears of it, and that is acknowledged."""
        self.product.plays(name)
        self._plain_agrees()
        agreed = self.product.response(200)
        if name.startswith("INVITE"):
            again = f"ACK {name}"
            self.product.plays(again if self.script.has(again) else "ACK")
            self._plain_agrees()  # where the answer came in the ACK alone
        self.product.heard()
        return agreed

    def _plain_agrees(self) -> None:
        if (heard := self.plain.heard()) == ["INVITE"]:
            direction = MIRRORED[direction_of(self.plain.request("INVITE").body)]
            self.plain.says(200, sdp=self.plain.sdp(direction=direction))
            heard = self.plain.heard()
        assert heard in ([], ["ACK"])

    def plain_changes(self, direction: str, answer: str) -> None:
        """The plain party asks for a direction, and the product agrees in its own words."""
        self.plain.reinvites(self.plain.sdp(direction=direction, version=len(self.plain.received)))
        assert self.product.heard() == ["INVITE"]
        self.product.plays(answer)
        assert self.product.heard() == ["ACK"]
        assert self.plain.heard()[-1] == "200"
        self.plain.acks()

    def product_transfers(self) -> None:
        """It wants the plain party to talk to somebody who is across as well, and rings, and answers."""
        self.product.plays("REFER")
        assert self.product.heard() == ["202 REFER", "NOTIFY"]
        self.product.agrees("NOTIFY")
        assert self.plain.heard() == ["INVITE"]
        self.plain.says(180)
        self.product.agrees("NOTIFY")
        self.plain.says(200, sdp=self.plain.sdp(port=4600))
        assert self.plain.heard()[:1] == ["ACK"]
        assert self.product.heard() == ["NOTIFY", "NOTIFY", "BYE"]
        self.product.agrees("NOTIFY")
        self.product.agrees("BYE")

    def product_hangs_up(self) -> None:
        """The end, by the product."""
        self.product.plays("BYE")
        assert self.product.heard() == ["200 BYE"]
        assert self.plain.heard() == ["BYE"]

    def plain_hangs_up(self) -> None:
        """The end, by the plain party."""
        self.plain.hangs_up()
        assert self.product.heard() == ["BYE"]
        self.product.plays("200 BYE")
        assert self.plain.heard() == ["200 BYE"]


MIRRORED = {"sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive", "sendrecv": "sendrecv"}


def direction_of(body: bytes) -> str:
    """The direction of a description of ours."""
    return next(way for way in MIRRORED if f"a={way}\r\n".encode() in body)


def ours(body: bytes) -> str:
    """A description of ours from its first m-line on."""
    return body[body.index(b"m=") :].decode()


@contextmanager
def scene(
    script: Script,
    side: Side,
    alter: Alter = unaltered,
    redirect: Redirects = USUAL_REDIRECTS,
    media: PeerMedia | None = None,
) -> Iterator[Scene]:
    """A scene that is checked when it is over: everything freed, one record a call, no side known to the other."""
    made = Scene(script, side, alter, redirect, media)
    yield made
    for (
        marks
    ) in made.world._marks.values():  # session ids of one digit, as Lync has them, are found everywhere
        marks -= {mark for mark in marks if len(mark) < SHORTEST_MARK}
    made.world.check()


def whole_call_of_product(play: Scene) -> None:
    """It calls, holds, resumes, says what else it says, and hangs up."""
    play.product_calls()
    play.plain_answers()
    for name in ("INVITE hold", "INVITE resume", "UPDATE"):
        if play.script.has(name):
            play.product_changes(name)
    if play.script.has("INFO"):
        play.product.plays("INFO")
        play.plain.says(200, to="INFO")
        assert play.product.heard() == ["200 INFO"]
        assert play.plain.heard() == ["INFO"]
    play.product_hangs_up()


def whole_call_to_product(play: Scene) -> None:
    """It is called, answers, is held and resumed, and is hung up on."""
    play.plain_calls()
    play.product_answers()
    play.plain_changes("sendonly", "200 hold")
    play.plain_changes("sendrecv", "200")
    play.product_changes("INVITE hold")
    play.product_changes("INVITE resume")
    play.plain_hangs_up()
