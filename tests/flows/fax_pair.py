"""Pairs that fax: what they say of T.38, and the steps that most of their ladders share."""

from mediation.b2bua.plan import Fax, FaxPlan, MediaPlan, Stream
from mediation.settings.peer_terms import MidCall
from mediation.sip.message import Message
from tests.flows.midcall import described, sides
from tests.flows.pair import WAYS, Make, Pair
from tests.flows.peers import Peer
from tests.flows.scenery import settings, trunk

FAX = MidCall(fax=True)
PARAMETERS = (
    "T38FaxVersion:3",
    "T38MaxBitRate:33600",
    "T38FaxFillBitRemoval",
    "T38FaxRateManagement:transferredTCF",
    "T38FaxMaxBuffer:1800",
    "T38FaxMaxDatagram:400",
    "T38FaxUdpEC:t38UDPRedundancy",
)
LESS = (
    "T38FaxVersion:0",
    "T38MaxBitRate:14400",
    "T38FaxRateManagement:transferredTCF",
    "T38FaxMaxBuffer:260",
    "T38FaxMaxDatagram:316",
    "T38FaxUdpEC:t38UDPFEC",
)
SILENT_AUDIO = "m=audio 0 RTP/AVP 0"
NO_IMAGE = "m=image 0 udptl t38"


def describing(peer: Peer, version: int, *lines: str) -> bytes:
    """A description of a peer's, with these m-lines."""
    audio = peer.sdp(version=version)
    head = audio[: audio.index(b"m=")]
    return head + "".join(f"{line}\r\n" for line in lines).encode()


def image(
    peer: Peer, *parameters: str, port: int = 4500, version: int = 2, before: str = "", after: str = ""
) -> bytes:
    """T.38 with these parameters, the usual ones without any; `before` and `after` are other m-lines."""
    lines = [f"m=image {port} udptl t38", *(f"a={each}" for each in parameters or PARAMETERS)]
    return describing(peer, version, *([before] if before else []), *lines, *([after] if after else []))


def faxes(call: Pair, by: str) -> tuple[Peer, Peer]:
    """The call has become a fax, as one side wanted it; `one` takes UDPTL at 4500, the other at 4700."""
    one, other = sides(call, by)
    one.reinvites(image(one))
    other.says(200, sdp=image(other, *LESS, port=4700))
    one.acks()
    assert (one.heard(), other.heard()) == (["100", "200"], ["INVITE", "ACK"])
    return one, other


def m_lines(message: Message) -> list[str]:
    """M-lines; our ports are `ours`."""
    lines = (media.lines()[0].split(" ") for media in described(message).media)
    return [" ".join([kind, "0" if port == "0" else "ours", *rest]) for kind, port, *rest in lines]


def parameters(message: Message) -> tuple[str, ...]:
    """What the m-line in use says of the fax."""
    (media,) = (each for each in described(message).media if each.port)
    return tuple(name if value is None else f"{name}:{value}" for name, value in media.attributes)


def ports(call: Pair, one: Peer) -> tuple[Fax | Stream, Fax | Stream]:
    """The plan in force, from one peer's side."""
    plan: MediaPlan | FaxPlan = call.media.in_force
    return (plan.caller, plan.callee) if one is call.caller else (plan.callee, plan.caller)


def audio_formats(peer: Peer) -> str:
    return {"PCMU": "0 101", "PCMA": "8 101"}[peer.codecs]


def stays(call: Pair, one: Peer, other: Peer) -> None:
    """The audio is exactly as it was, both sides can say so again, and the call ends in the ordinary way."""
    assert (call.media.faxes, len(call.media.plans)) == ([], 1)
    one.heard(), other.heard()
    for peer in (one, other):
        peer.reinvites(peer.sdp(version=1))
        assert peer.heard() == ["200"]
        peer.acks()
    assert len(call.media.plans) == 1
    call.ends()


def pair(make: Make, way: str, outside: MidCall = FAX, inside: MidCall = FAX) -> Pair:
    """A pair on these terms."""
    return WAYS[way](make(settings(trunk(mid_call=outside), mid_call=inside)))
