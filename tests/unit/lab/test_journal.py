"""What a simulator writes down is read again as it was, while it is still being written."""

import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.lab.identify import ReceivedPacket, SentPacket
from mediation.lab.journal import Entry, Journal, JournalReader, Note, SeenMessage
from mediation.lab.stream import Recording
from mediation.lab.user_agent import Noted, Seen
from mediation.sip.message import Request

OPTIONS = (
    b"OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:d@e>;tag=1\r\n"
    b"To: <sip:a@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
HERE, THERE = ("127.0.0.1", 5060), ("::1", 5070)
RECORDING = Recording(
    "+49",
    "caller",
    "PCMU",
    0,
    [SentPacket(1.25, 1, 160, b"\x00\xff"), SentPacket(1.27, 2, 320, b"")],
    [ReceivedPacket(1.5, 65535, 2**32 - 1, 8, True, b"\xd5", 0xDEADBEEF)],
)


def written(*entries: Seen | Noted | Recording) -> str:
    stream = io.StringIO()
    journal = Journal(stream)
    for entry in entries:
        journal.write(entry, 12.5)
    return stream.getvalue()


def read(path: Path, text: str) -> list[Entry]:
    path.write_text(text, encoding="utf-8")
    return list(JournalReader(path).read_on())


def test_every_kind_of_entry_comes_back(tmp_path: Path) -> None:
    text = written(Seen(True, HERE, THERE, OPTIONS), Noted("+49", "hears 200"), RECORDING)
    seen, note, recording = read(tmp_path / "j", text)
    assert seen == SeenMessage(12.5, True, "127.0.0.1:5060", "[::1]:5070", OPTIONS.decode())
    assert isinstance(seen, SeenMessage)
    assert isinstance(message := seen.message, Request)
    assert message.method == "OPTIONS"
    assert note == Note(12.5, "+49", "hears 200")
    assert recording == RECORDING


@given(octets=st.binary(max_size=200), what=st.text(max_size=30))
def test_whatever_the_wire_carried_is_one_line_of_ascii_each(octets: bytes, what: str) -> None:
    text = written(Seen(False, HERE, THERE, octets), Noted(what, what))
    assert text.isascii()
    first, second, rest = text.split("\n")
    assert rest == ""
    assert isinstance(json.loads(first)["sip"], str)
    assert json.loads(second)["note"] == what


def test_what_is_no_message_is_kept_as_text(tmp_path: Path) -> None:
    [seen] = read(tmp_path / "j", written(Seen(False, HERE, THERE, b"INVITE \xff nonsense")))
    assert isinstance(seen, SeenMessage)
    assert seen.message is None
    assert "\\udcff" in seen.text


def test_a_journal_is_read_while_it_grows_and_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "j"
    reader = JournalReader(path)
    assert list(reader.read_on()) == [], "not even there yet"
    whole = written(Noted("a", "one"), Noted("a", "two"))
    with path.open("w") as stream:
        for end, expected in ((10, []), (len(whole) // 2 + 5, ["one"]), (len(whole), ["two"])):
            stream.seek(0)
            stream.write(whole[:end])
            stream.flush()
            assert [entry.what for entry in reader.read_on() if isinstance(entry, Note)] == expected
    assert len(reader.entries) == 2
    assert list(reader.read_on()) == []


@pytest.mark.parametrize("line", ["{}", '{"note": 1, "call": "a", "at": 1.0}', "[]"])
def test_a_line_that_is_no_entry_is_an_error_of_ours(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="no journal line"):
        read(tmp_path / "j", line + "\n")


def test_no_key_of_srtp_is_written_down(tmp_path: Path) -> None:
    body = b"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20\r\n"
    length = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    octets = OPTIONS.replace(b"Content-Length: 0\r\n\r\n", length) + body
    text = written(Seen(False, HERE, THERE, octets))
    assert "WVNf" not in text
    (seen,) = read(tmp_path / "j", text)
    assert isinstance(seen, SeenMessage)
    assert seen.message is not None
    assert seen.message.body == body.replace(body[42:82], b"." * 40)
