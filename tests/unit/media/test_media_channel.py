"""Messages between signalling and a worker."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediation.b2bua.media_commands import ApplyMedia, CloseMedia, ClosePair, OpenMedia, OpenPair, PressKey
from mediation.b2bua.media_facts import (
    KeyHeard,
    MediaClosed,
    MediaLost,
    MediaOpened,
    MediaRefused,
    MediaSilent,
    PairOpened,
    PairRefused,
    RecordingEnded,
    RecordingFailed,
    SoundEnded,
    StreamReport,
)
from mediation.b2bua.plan import Endpoint, Fax, FaxPlan, MediaPlan, RecordingOrder, Stream
from mediation.b2bua.sounds import Sound, SoundKind
from mediation.b2bua.wide import Wide
from mediation.media import channel
from mediation.media.channel import Channel, ChannelError, Message, decode, encode, pair
from mediation.media.recording_messages import BeginRecording, ConfigureRecorder, FinishRecording
from mediation.media.worker_messages import (
    Adopt,
    Configure,
    EndWorker,
    Held,
    Hello,
    OrphanEnded,
    Ready,
    Reopen,
    WorkerStatistics,
)
from mediation.rtp.loss import Losses
from mediation.rtp.quality import Quality, Rating
from mediation.rtp.voip_metrics import VoipMetrics
from mediation.sdp.crypto import MasterKey, SrtpKeys, Suite
from mediation.sdp.opus import OpusWishes
from mediation.settings.peer_media import Dtmf, Latching
from mediation.settings.peers import Side
from mediation_codecs.codec import Codec
from mediation_codecs.law import Law

texts = st.text(max_size=30)
endpoints = st.tuples(texts, st.integers(0, 65535))
counts = st.integers(-(2**31), 2**63)
seconds = st.floats(0, 1e6) | st.integers(0, 1000)
types = st.integers(0, 127)


def forked(stream: Stream, forks: list[tuple[Endpoint, SrtpKeys | None]]) -> Stream:
    """The same with forks, some of which have keys."""
    keys = tuple(each for _, each in forks)
    return replace(
        stream, alternatives=tuple(at for at, _ in forks), alternative_srtp=keys if any(keys) else ()
    )


master_keys = st.builds(MasterKey, st.binary(max_size=46), st.binary(max_size=4))
agreed_keys = st.builds(SrtpKeys, st.sampled_from(Suite), master_keys, master_keys)
streams = st.builds(
    Stream,
    endpoints,
    endpoints,
    st.sampled_from(Law),
    types,
    st.none() | types,
    st.integers(10, 60),
    st.booleans(),
    st.booleans(),
    st.none() | types,
    st.none() | types,
    srtp=st.none() | agreed_keys,
    rtcp_mux=st.booleans(),
    rtcp_reduced=st.booleans(),
    comfort_noise=st.booleans(),
    fill_silence=st.booleans(),
    max_ptime_ms=st.integers(0, 60),
    repacketize=st.booleans(),
    dtmf=st.sampled_from(Dtmf),
    rtcp_xr=st.booleans(),
    plays=st.none() | st.builds(Sound, st.sampled_from(SoundKind), texts),
    latching=st.sampled_from(Latching),
    jitter_buffer_ms=st.integers(0, 200),
    wide=st.none() | st.builds(Wide, st.sampled_from(Codec), counts, st.builds(OpusWishes, counts, counts)),
)
streams = st.builds(forked, streams, st.lists(st.tuples(endpoints, st.none() | agreed_keys), max_size=3))
faxes = st.builds(Fax, endpoints, st.sampled_from(Latching))
seats = st.lists(st.integers(0, 9), min_size=2, max_size=2, unique=True)
orders = st.builds(RecordingOrder, texts, st.booleans(), st.booleans(), counts)
plans = st.builds(
    lambda caller, callee, silence_s, pairs, others: MediaPlan(caller, callee, silence_s, *pairs, *others),
    streams,
    streams,
    seconds,
    seats,
    st.tuples(st.booleans(), seconds, st.none() | seconds, st.none() | orders),
) | st.builds(lambda caller, callee, pairs: FaxPlan(caller, callee, *pairs), faxes, faxes, seats)
losses = st.builds(Losses, counts, counts, counts, counts, counts)
ratings = st.builds(Rating, seconds, seconds, seconds)
metrics = st.builds(
    VoipMetrics,
    st.integers(0, 0xFFFFFFFF),
    r_factor=st.none() | st.integers(0, 100),
    burst_ms=st.integers(0, 65535),
)
qualities = st.builds(
    Quality,
    counts,
    counts,
    losses,
    *([st.none() | seconds] * 4),
    st.none() | ratings,
    st.none() | seconds,
    st.none() | seconds,
    st.none() | ratings,
    st.none() | metrics,
    seconds,
    seconds,
    counts,
)
reports = st.builds(
    StreamReport,
    counts,
    counts,
    counts,
    counts,
    st.none() | seconds,
    counts,
    st.none() | counts,
    counts,
    counts,
    counts,
    counts,
    qualities,
)
configurations = st.builds(
    Configure,
    st.tuples(counts, counts),
    st.tuples(counts, counts),
    st.tuples(counts, counts),
    seconds,
    seconds,
    seconds,
    seconds,
    counts,
    counts,
    counts,
    counts,
    texts,
    st.lists(st.tuples(texts, texts), max_size=2).map(tuple),
    st.booleans(),
    texts,
)
numbered_pairs = st.lists(st.tuples(counts, st.sampled_from(Side), texts, counts), max_size=4).map(tuple)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(ConfigureRecorder, counts),
    st.builds(BeginRecording, texts, orders, counts),
    st.builds(FinishRecording, texts, counts),
    st.builds(RecordingFailed, texts, texts),
    st.builds(RecordingEnded, texts, st.lists(texts, max_size=2).map(tuple), counts, st.booleans()),
    st.builds(OpenMedia, texts, st.sampled_from(Side), st.sampled_from(Side), st.tuples(texts, texts)),
    st.builds(ApplyMedia, texts, plans),
    st.builds(OpenPair, texts, st.sampled_from(Side), texts),
    st.builds(ClosePair, texts, counts),
    st.builds(PairOpened, texts, counts, endpoints),
    st.builds(PairRefused, texts, texts),
    st.builds(CloseMedia, texts),
    st.builds(MediaOpened, texts, endpoints, endpoints),
    st.builds(MediaRefused, texts, texts),
    st.builds(MediaSilent, texts, st.booleans()),
    st.builds(PressKey, texts, st.booleans(), texts, counts),
    st.builds(SoundEnded, texts, st.booleans()),
    st.builds(KeyHeard, texts, st.booleans(), texts, counts),
    st.builds(MediaLost, texts, texts),
    st.builds(MediaClosed, texts, reports, reports, counts),
    configurations,
    st.builds(Hello, texts, counts, configurations, counts),
    st.builds(Adopt, texts, st.booleans(), st.booleans()),
    st.builds(Held, texts, st.booleans(), numbered_pairs, counts),
    st.builds(OrphanEnded, texts, texts),
    st.just(EndWorker()),
    st.builds(
        Reopen,
        texts,
        st.tuples(counts, counts),
        numbered_pairs,
        counts,
    ),
    st.builds(Ready, counts, texts),
    st.builds(WorkerStatistics, counts, counts, counts, counts, seconds, counts),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=30,
)


@given(messages)
def test_a_message_comes_out_as_it_went_in(message: Message) -> None:
    assert decode(encode(message)) == message


KEYS = SrtpKeys(Suite.AES_CM_128_HMAC_SHA1_80, MasterKey(b"\xab" * 30), MasterKey(b"\xcd" * 30, b"\1"))


def keyed() -> ApplyMedia:
    """The shortest plan with keys."""
    one = Stream(("", 0), ("", 0), Law.PCMU, 0, None, 20, True, True, srtp=KEYS)
    return ApplyMedia("", MediaPlan(one, one, 0))


@pytest.mark.parametrize("spoiled", [b'"]', b"]", b"", b"1"])
def test_no_error_and_no_repr_shows_a_key(spoiled: bytes) -> None:
    octets = encode(keyed())
    with pytest.raises(ChannelError) as error:
        decode(octets.replace(b"[]", b"").replace(b"AES_CM_128_HMAC_SHA1_80", b"NONE") + spoiled)
    shown = f"{error.value} {error.value.__cause__} {keyed()!r}"
    assert "abab" not in shown
    assert "cdcd" not in shown
    assert str(b"\xab\xab")[2:-1] not in shown


@pytest.mark.parametrize("place", [15, 16])
def test_keys_that_are_none_are_a_channel_error(place: int) -> None:
    fields = json.loads(encode(keyed()))
    fields[2][14] = ["AES_CM_128_HMAC_SHA1_80", "ab", "", "cd"]
    if place == 16:
        fields[2][14:] = [None, ["", 0, "x"]]
    with pytest.raises(ChannelError) as error:
        decode(json.dumps(fields).encode())
    assert "ab" not in str(error.value)


@given(st.binary(max_size=200))
def test_octets_that_are_no_message_are_a_channel_error(octets: bytes) -> None:
    with pytest.raises(ChannelError):
        decode(octets)


@given(json_values)
def test_json_that_is_no_message_is_a_channel_error(value: object) -> None:
    with pytest.raises(ChannelError):
        decode(json.dumps(value).encode())


@given(messages, st.data())
def test_a_message_with_one_item_of_another_kind_is_refused(message: Message, data: st.DataObject) -> None:
    fields = json.loads(encode(message))
    index = data.draw(st.integers(0, len(fields) - 1))
    fields[index] = {"an object": "is in no message"}
    with pytest.raises(ChannelError):
        decode(json.dumps(fields).encode())


def test_json_deeper_than_any_message_is_a_channel_error() -> None:
    with pytest.raises(ChannelError):
        decode(b"[" * 20_000)


def test_an_unknown_law_or_side_is_a_channel_error() -> None:
    with pytest.raises(ChannelError):
        decode(b'["open","call","front-end","backyard","127.0.0.1","127.0.0.1"]')


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    ours, theirs = (Channel(sock) for sock in pair())
    yield ours, theirs
    ours.close()
    theirs.close()


def test_receiving_does_not_wait(ends: tuple[Channel, Channel]) -> None:
    assert ends[0].receive() is None


def test_messages_keep_their_bounds_and_their_order(ends: tuple[Channel, Channel]) -> None:
    sent = [CloseMedia(str(number)) for number in range(50)]
    for message in sent:
        ends[0].send(message)
    assert [ends[1].receive() for _ in sent] == sent
    assert ends[1].receive() is None


def test_what_the_socket_does_not_take_is_kept_in_order(ends: tuple[Channel, Channel]) -> None:
    sent = [MediaRefused(str(number), "x" * 1000) for number in range(2000)]
    for message in sent:
        ends[0].send(message)
    assert ends[0].waiting > 0
    received: list[Message] = []
    while len(received) < len(sent):
        came = ends[1].receive()
        if came is None:
            ends[0].flush()
        else:
            received.append(came)
    assert received == sent
    assert ends[0].waiting == 0


def test_a_reader_that_does_not_read_is_given_up(
    ends: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "MAX_BACKLOG", 10)
    while ends[0].waiting < 10:
        ends[0].send(CloseMedia("x" * 1000))
    with pytest.raises(ChannelError, match="wait to be read"):
        ends[0].send(CloseMedia("one too many"))


def test_the_end_of_the_other_side_is_an_error_in_both_directions(ends: tuple[Channel, Channel]) -> None:
    ends[1].close()
    with pytest.raises(ChannelError, match="gone"):
        ends[0].receive()
    with pytest.raises(ChannelError, match="gone"):
        ends[0].send(CloseMedia("call"))


def test_messages_sent_before_the_end_are_still_received(ends: tuple[Channel, Channel]) -> None:
    ends[1].send(CloseMedia("call"))
    ends[1].close()
    assert ends[0].receive() == CloseMedia("call")
    with pytest.raises(ChannelError):
        ends[0].receive()


def test_a_datagram_that_is_no_message_is_an_error() -> None:
    ours, theirs = pair()
    end = Channel(ours)
    with theirs:
        theirs.send(b"\xff\x00 nonsense")
        with pytest.raises(ChannelError, match="no message"):
            end.receive()
    end.close()
    assert isinstance(theirs, socket.socket)
