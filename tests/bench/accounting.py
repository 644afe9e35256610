"""What processes cost, by the kernel's own books: nanoseconds on a core and pages of memory.

/proc/stat counts in ticks of 10 ms and misses short bursts; schedstat counts every nanosecond.
"""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Self

PAGE_OCTETS = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Books:
    """What a daemon has used up to a moment: its signalling process, and the worker processes below it."""

    at_s: float
    signalling_cpu_ns: int
    media_cpu_ns: int
    resident_octets: int

    @classmethod
    def of(cls, pid: int) -> Self:
        """Read them for the daemon with this process id."""
        workers = descendants(pid)
        return cls(
            at_s=perf_counter(),
            signalling_cpu_ns=cpu_ns(pid),
            media_cpu_ns=sum(map(cpu_ns, workers)),
            resident_octets=sum(map(resident_octets, (pid, *workers))),
        )


def cpu_ns(pid: int) -> int:
    """Return the time that all threads of a process have spent on a core."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


def resident_octets(pid: int) -> int:
    """Return the memory of a process that is not shared with a file or another process on purpose."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()
    return (int(pages[1]) - int(pages[2])) * PAGE_OCTETS


def descendants(pid: int) -> tuple[int, ...]:
    """Return the process ids of all children, their children and so on."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return tuple(one for child in map(int, children) for one in (child, *descendants(child)))


def allow_many_sockets() -> None:
    """Take all the file descriptors we may have; what we start inherits them."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core the daemon has to itself, and which one is left for those who load it."""

    daemon: int
    load: int

    @classmethod
    def mine(cls) -> Self:
        """Choose among the cores that this process may use; with only one, both share it."""
        usable = sorted(os.sched_getaffinity(0))
        return cls(daemon=usable[-1], load=usable[0])

    @property
    def shared(self) -> bool:
        """True when the figures are worth little, because there is only one core."""
        return self.daemon == self.load


def stay_on(core: int) -> None:
    """Keep this process, and all that it starts from now on, on one core."""
    os.sched_setaffinity(0, {core})


@contextmanager
def placed(core: int) -> Iterator[None]:
    """What is started meanwhile stays on this core and, where we may, comes before all that is not measured.

    With SCHED_FIFO a shared machine disturbs delays less. Times on a core are the same without it.
    """
    cores = os.sched_getaffinity(0)
    stay_on(core)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        os.sched_setaffinity(0, cores)
