"""Octets to messages: one datagram, or a stream in any pieces (RFC 3261 section 7 and 18.3).

Read liberally: line ends before a message, LF alone as a line end in the header section, folded lines,
blanks before a colon, any case of `SIP/2.0`. Read strictly: names, and whatever decides where a message
ends, so that nobody on the way can have seen another message than we do. VT, FF, FS, NEL and their like
never end a line.
"""

from mediation.sip.head import MOST_HEADER_LINES as MOST_HEADER_LINES  # limits and error are found here
from mediation.sip.head import Head
from mediation.sip.head import MalformedMessage as MalformedMessage
from mediation.sip.message import Message

LONGEST_MESSAGE = 65_535
"""Octets, header section and body: what a UDP datagram could hold, on streams too."""
LONGEST_HEADER_SECTION = 32_768
"""Octets, start line and blank line included. The longest known in the trade: below 9,000."""


def parse_datagram(octets: bytes) -> Message | None:
    """The message a datagram holds, checked; None for a keep-alive of line ends. Raises MalformedMessage.

    What follows the body is cut off; without Content-Length it ends with the datagram (section 18.3).
    """
    octets = octets.lstrip(b"\r\n")
    if not octets:
        return None
    end = _header_section_end(octets, 0)
    if end is None or len(octets) > LONGEST_MESSAGE:
        head = Head(octets[:LONGEST_HEADER_SECTION])
        if len(octets) > LONGEST_HEADER_SECTION:
            raise head.malformed(513, "Message Too Large")
        raise head.malformed(400, "Header Section Without End")
    head = Head(octets[:end])
    head.check_lines()
    length = head.content_length()
    if length is None:
        return head.message(octets[end:])
    if end + length > len(octets):
        raise head.malformed(400, "Content-Length Beyond Datagram")
    return head.message(octets[end : end + length])


class StreamFramer:
    """The messages of one connection, in whatever pieces they come.

    Content-Length is mandatory (RFC 3261 section 20.14). Where the end of a message can not be known for
    certain, the stream is `broken`: everything after it is ignored, and the connection should be closed.
    """

    def __init__(self) -> None:
        self.broken = False
        """No message can be told from the next any more."""
        self.pings = 0
        """Double CRLFs so far, each owed a single one (RFC 5626 section 3.5.1). The caller resets it."""
        self.awaits_pong = False
        """Whether a ping of ours is out, so that a CRLF alone is its answer and no half of a ping."""
        self._buffer = bytearray()
        self._line_ends = 0
        self._searched = 0
        self._head: Head | None = None
        self._length = 0

    def feed(self, octets: bytes) -> None:
        """Take octets as they arrived."""
        if not self.broken:
            self._buffer += octets

    def next_message(self) -> Message | None:
        """The next whole message, checked; None when more octets are needed, and for ever once `broken`.

        Raises MalformedMessage. Unless `broken` is set by then, the stream goes on behind the bad message.
        """
        if self._head is None:
            self._find_head()
        head, length = self._head, self._length
        if head is None or len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        self._head = None
        return head.message(body)

    def _find_head(self) -> None:
        """Take the next header section out of the buffer, once all of it is there."""
        self._skip_line_ends()
        buffer = self._buffer
        end = _header_section_end(buffer, self._searched)
        if end is None:
            if len(buffer) > LONGEST_HEADER_SECTION:
                raise self._break(
                    Head(bytes(buffer[:LONGEST_HEADER_SECTION])).malformed(513, "Message Too Large")
                )
            self._searched = max(0, len(buffer) - 2)
            return
        head = Head(bytes(buffer[:end]))
        del buffer[:end]
        self._searched = self._line_ends = 0
        try:
            self._length = _length_in_stream(head, end)
        except MalformedMessage as error:
            raise self._break(error) from None
        self._head = head

    def _skip_line_ends(self) -> None:
        buffer = self._buffer
        at = 0
        while buffer.startswith((b"\r\n", b"\n"), at):
            if buffer[at] == 0x0A:
                at += 1
                continue
            alone = self._line_ends == 0 and not buffer.startswith(b"\r\n\r\n", at)
            at += 2
            if self.awaits_pong and alone:
                self.awaits_pong = False
                continue
            self._line_ends += 1
            if self._line_ends == 2:
                self.pings += 1
                self._line_ends = 0
        if at:
            del buffer[:at]
            self._searched = 0

    def _break(self, error: MalformedMessage) -> MalformedMessage:
        self.broken = True
        self._buffer.clear()
        return error


def _length_in_stream(head: Head, end: int) -> int:
    """Octets of the body. Raises MalformedMessage where they are not certain."""
    if not head.is_sip:
        raise head.malformed(400, "Not SIP")
    head.check_lines()
    length = head.content_length()
    if length is None:
        raise head.malformed(400, "Missing Content-Length")
    if end + length > LONGEST_MESSAGE:
        raise head.malformed(513, "Message Too Large")
    return length


def _header_section_end(octets: bytes | bytearray, begin: int) -> int | None:
    """Where the first blank line ends, within the longest header section; None when there is none."""
    limit = LONGEST_HEADER_SECTION
    crlf = octets.find(b"\n\r\n", begin, limit)
    lf = octets.find(b"\n\n", begin, limit if crlf < 0 else crlf)
    if lf >= 0:
        return lf + 2
    return crlf + 3 if crlf >= 0 else None
