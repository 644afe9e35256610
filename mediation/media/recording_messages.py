"""The messages between signalling and the recorder, and how each goes over a `channel`."""

from dataclasses import dataclass

from mediation.b2bua.media_facts import RecordingEnded, RecordingFailed
from mediation.b2bua.plan import RecordingOrder


@dataclass(frozen=True, slots=True)
class ConfigureRecorder:
    """The first message to a recorder."""

    free_octets: int
    """With less room left in the file system, nothing is recorded."""


@dataclass(frozen=True, slots=True)
class BeginRecording:
    """A call's packets will come. Sent before any worker is told to hand them on."""

    call: str
    order: RecordingOrder
    at: int
    """When the recording begins, on the media clock."""


@dataclass(frozen=True, slots=True)
class FinishRecording:
    """No packet more will be handed on. Answered by RecordingEnded."""

    call: str
    at: int
    """When it ends."""


RecordingMessage = ConfigureRecorder | BeginRecording | FinishRecording | RecordingFailed | RecordingEnded


def recording_fields(message: RecordingMessage) -> list[object]:
    """A message as a list whose first item names it."""
    match message:
        case ConfigureRecorder(free_octets):
            return ["configure recorder", free_octets]
        case BeginRecording(call, order, at):
            return ["record", call, order_fields(order), at]
        case FinishRecording(call, at):
            return ["finish", call, at]
        case RecordingFailed(call, reason):
            return ["recording failed", call, reason]
        case RecordingEnded(call, files, dropped, cut):
            return ["recorded", call, list(files), dropped, cut]


def recording_message(fields: object) -> RecordingMessage | None:
    """The message in such a list; None: it is none of these."""
    match fields:
        case ["configure recorder", int(free_octets)]:
            return ConfigureRecorder(free_octets)
        case ["record", str(call), list(order), int(at)]:
            ordered = order_of(order)
            return None if ordered is None else BeginRecording(call, ordered, at)
        case ["finish", str(call), int(at)]:
            return FinishRecording(call, at)
        case ["recording failed", str(call), str(reason)]:
            return RecordingFailed(call, reason)
        case ["recorded", str(call), list(files), int(dropped), bool(cut)]:
            names = tuple(file for file in files if isinstance(file, str))
            return RecordingEnded(call, names, dropped, cut) if len(names) == len(files) else None
    return None


def order_fields(order: RecordingOrder) -> list[object]:
    """An order as a list."""
    return [order.name, order.wav, order.pcap, order.max_length_s]


def order_of(fields: list[object]) -> RecordingOrder | None:
    """The order in such a list; None: there is none."""
    match fields:
        case [str(name), bool(wav), bool(pcap), int(max_length_s)]:
            return RecordingOrder(name, wav, pcap, max_length_s)
    return None
