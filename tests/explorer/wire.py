"""Messages as a peer writes them, and as it reads them."""

from functools import lru_cache

from mediation.sip.framing import parse_datagram
from mediation.sip.message import Message, Request


@lru_cache(maxsize=1 << 16)
def read(octets: bytes) -> Message:
    """What a datagram says. Messages never change, and the same ones come in every ordering: read once."""
    message = parse_datagram(octets)
    assert message is not None
    return message


def write_request(
    method: str,
    uri: str,
    *,
    via: str,
    local: str,
    remote: str,
    call_id: str,
    sequence: int,
    headers: tuple[str, ...] = (),
    body: bytes = b"",
) -> bytes:
    """A request; `local` and `remote` are From and To, tags included."""
    return _write(
        [
            f"{method} {uri} SIP/2.0",
            f"Via: {via}",
            "Max-Forwards: 70",
            f"From: {local}",
            f"To: {remote}",
            f"Call-ID: {call_id}",
            f"CSeq: {sequence} {method}",
            *headers,
        ],
        body,
    )


def write_response(
    request: Request, status: int, *, tag: str, headers: tuple[str, ...] = (), body: bytes = b""
) -> bytes:
    """A response; `tag` is ours, to be added where the request has none."""
    to = request.headers.get("To") or ""
    if status > 100 and request.to.tag is None:
        to = f"{to};tag={tag}"
    vias = [f"Via: {value}" for value in request.headers.get_all("Via")]
    return _write(
        [
            f"SIP/2.0 {status} As It Is",
            *vias,
            f"From: {request.headers.get('From')}",
            f"To: {to}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq}",
            *headers,
        ],
        body,
    )


def describe(media: tuple[str, int], session: int, version: int, payload_type: int, direction: str) -> bytes:
    """One audio stream at that place (RFC 8866), or a fax (ITU-T T.38 annex D) in parameters of the party's own."""
    host, port = media
    lines = ["v=0", f"o=- {session} {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0"]
    if direction == FAX:
        lines += [f"m=image {port} udptl t38", f"a=T38FaxMaxDatagram:{300 + payload_type}"]
    else:
        lines += [f"m=audio {port} RTP/AVP {payload_type}", f"a={direction}"]
    return "".join(f"{line}\r\n" for line in lines).encode()


def direction_of(body: bytes) -> str:
    """Which way audio flows, as the describing side sees it (RFC 3264 section 5.1), or that it is a fax."""
    if b"m=image" in body:
        return FAX
    for direction in ("sendonly", "recvonly", "inactive"):
        if f"a={direction}".encode() in body:
            return direction
    return "sendrecv"


def place_of(body: bytes) -> tuple[str, int]:
    """Where the describing side takes media: the `c=` of the m-line, or else the session's."""
    lines = body.decode().split("\r\n")
    port = next(line.split(" ")[1] for line in lines if line.startswith("m="))
    host = next(line.split(" ")[2] for line in reversed(lines) if line.startswith("c="))
    return host, int(port)


FAX = "fax"
"""Stands for a direction where there is none."""
MIRROR = {
    "sendonly": "recvonly",
    "recvonly": "sendonly",
    "inactive": "inactive",
    "sendrecv": "sendrecv",
    FAX: FAX,
}
"""What an answer says to an offer (RFC 3264 section 6.1)."""


def label(message: Message) -> str:
    """How a ladder calls it."""
    if isinstance(message, Request):
        return f"{message.method} ({message.cseq.number})"
    return f"{message.status} {message.cseq.method} ({message.cseq.number})"


def _write(lines: list[str], body: bytes) -> bytes:
    if body and not any(line.startswith("Content-Type: ") for line in lines):
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body
