"""Messages that follow from another by rule: replies, the ACK to a failure, CANCEL."""

from dataclasses import replace

from mediation.sip.errors import RemoteSipError
from mediation.sip.flow import Endpoint, Flow
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response

REASON_PHRASES = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
    200: "OK", 202: "Accepted",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required",
    408: "Request Timeout", 410: "Gone", 413: "Request Entity Too Large", 414: "Request-URI Too Long",
    415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension",
    421: "Extension Required", 422: "Session Interval Too Small", 423: "Interval Too Brief",
    429: "Provide Referrer Identity", 433: "Anonymity Disallowed", 469: "Bad INFO Package",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops",
    484: "Address Incomplete", 485: "Ambiguous", 486: "Busy Here", 487: "Request Terminated",
    488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending", 493: "Undecipherable",
    494: "Security Agreement Required",
    500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large",
    600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}  # fmt: skip
"""RFC 3261 section 21; 422 RFC 4028, 429 RFC 3892, 433 RFC 5079, 489 RFC 6665, 494 RFC 3329."""

_ECHOED = ("Via", "From", "To", "Call-ID", "CSeq")


def reason_phrase(status: int) -> str:
    """The phrase of RFC 3261 section 21, or that of the status class."""
    return REASON_PHRASES.get(status) or REASON_PHRASES.get(status // 100 * 100, "Unknown")


def reply(
    request: Request,
    status: int,
    *,
    to_tag: str = "",
    reason: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
) -> Response:
    """A response to `request` (RFC 3261 section 8.2.6.2); `to_tag` is added where the request's To has none.

    The echoed headers are copied octet for octet, so this serves requests whose headers could not all be understood.
    """
    pairs: list[tuple[str, str]] = []
    for name in _ECHOED:
        for value in request.headers.get_all(name):
            pairs.append((name, value))
    if to_tag and not _has_to_tag(request):
        pairs = [(name, _with_tag(value, to_tag) if name == "To" else value) for name, value in pairs]
    if status == 100 and (timestamp := request.headers.get("Timestamp")) is not None:
        pairs.append(("Timestamp", timestamp))
    pairs.extend(headers)
    return Response(status, reason or reason_phrase(status), Headers(pairs), body)


def typed(headers: tuple[tuple[str, str], ...], body: bytes) -> tuple[tuple[str, str], ...]:
    """The headers of a message of ours with what its body is: a session description, unless they say otherwise."""
    if not body or any(name == "Content-Type" for name, _ in headers):
        return headers
    return (*headers, ("Content-Type", "application/sdp"))


def ack_to_failure(invite: Request, response: Response) -> Request:
    """The ACK within an INVITE client transaction (RFC 3261 section 17.1.1.3)."""
    return _companion(invite, "ACK", to=response.headers.get("To") or "")


def cancel(invite: Request, extra: tuple[tuple[str, str], ...] = ()) -> Request:
    """The CANCEL of an INVITE of ours: its Request-URI, top Via, Route and ids (RFC 3261 section 9.1)."""
    return _companion(invite, "CANCEL", to=invite.headers.get("To") or "", extra=extra)


def stamp_source(request: Request, remote: Endpoint) -> Request:
    """Write into the top Via where the request came from (RFC 3261 section 18.2.1, RFC 3581 section 4)."""
    via = request.top_via
    host, port = remote
    if not via.has_rport and via.host == host:
        return request
    parameters = via.parameters.with_("received", host)
    if via.has_rport:
        parameters = parameters.with_("rport", str(port))
    return request.with_top_via(replace(via, parameters=parameters))


def response_flow(request: Request, flow: Flow) -> Flow:
    """Where responses to `request`, which arrived by `flow`, must go.

    Over a stream: the same connection, or the sent-by port when it is gone (RFC 3261 section 18.2.2). Over UDP: the
    source port when the client asked for it by `rport` (RFC 3581 section 4), else the sent-by port. `maddr` is not
    honoured: it would let a stranger aim our answers at third parties.
    """
    via = request.top_via
    host, port = flow.remote
    if flow.transport.reliable or not via.has_rport:
        port = via.sent_by[1]
    return Flow(flow.transport, flow.local, (host, port), flow.connection)


def _companion(invite: Request, method: str, *, to: str, extra: tuple[tuple[str, str], ...] = ()) -> Request:
    headers = invite.headers
    pairs = [("Via", str(invite.top_via)), ("Max-Forwards", headers.get("Max-Forwards") or "70")]
    pairs.extend(("Route", value) for value in headers.get_all("Route"))
    pairs.append(("From", headers.get("From") or ""))
    pairs.append(("To", to))
    pairs.append(("Call-ID", invite.call_id))
    pairs.append(("CSeq", f"{invite.cseq.number} {method}"))
    pairs.extend(extra)
    return Request(method, invite.request_uri, Headers(pairs))


def _has_to_tag(request: Request) -> bool:
    try:
        return request.to.tag is not None
    except RemoteSipError:
        return True  # a To that nobody can read is echoed as it came


def _with_tag(address: str, tag: str) -> str:
    if "<" in address or ";" in address or "?" not in address:
        return f"{address};tag={tag}"
    return f"<{address}>;tag={tag}"
