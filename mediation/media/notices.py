"""What media tell for the log: of the workers, of the recorder, and of the place where they are found again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """For the log: a worker is ready."""

    worker: int
    pid: int
    denied: str = ""
    """What the system has not granted it."""


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """For the log: a worker has ended that should not have, or has not come up."""

    worker: int
    reason: str
    calls: int
    """Calls that were with it."""
    moved: int = 0
    """Those of them that go on with another worker, or may still."""


@dataclass(frozen=True, slots=True)
class WorkerReclaimed:
    """For the log: the channel to a worker was lost, and there is another one. Its calls have noticed nothing."""

    worker: int
    reason: str
    calls: int


@dataclass(frozen=True, slots=True)
class WorkerAdopted:
    """For the log: a worker of a signalling process before us is ours."""

    worker: int
    pid: int
    orphans: int
    """Calls that it carries, of which we know nothing else."""


@dataclass(frozen=True, slots=True)
class WorkerLeft:
    """For the log: one was found that cannot be ours. It goes on with its calls alone, and ends."""

    pid: int
    reason: str
    calls: int


@dataclass(frozen=True, slots=True)
class CallAbandoned:
    """For the log: the audio of a call that a signalling process before us had opened has ended."""

    worker: int
    call: str
    reason: str


Notice = WorkerStarted | WorkerLost | WorkerReclaimed | WorkerAdopted | WorkerLeft | CallAbandoned


@dataclass(frozen=True, slots=True)
class NoDoor:
    """For the log: a server that comes after us will not find our workers."""

    reason: str


@dataclass(frozen=True, slots=True)
class RecorderStarted:
    """For the log: calls can be recorded."""

    pid: int


@dataclass(frozen=True, slots=True)
class RecorderLost:
    """For the log: the recorder has ended that should not have, or has not come up."""

    reason: str
    calls: int
    """That were recorded."""


RecorderNotice = RecorderStarted | RecorderLost
