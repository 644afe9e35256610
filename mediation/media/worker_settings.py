"""What the engine of worker processes needs to know, and what each worker is told of it."""

import os
from dataclasses import dataclass

from mediation.media.worker_messages import Configure
from mediation.settings.model import Settings
from mediation.settings.peers import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What the workers need to know."""

    front_end_ports: tuple[int, int]
    """First and last port of the internal interface; the workers share them out."""
    gateway_ports: tuple[int, int]
    workers: int = 0
    """Processes; 0: one for each processor core that we may use."""
    port_quarantine_s: float = 5.0
    rtcp_interval_s: float = 5.0
    tick_s: float = 0.0014
    """How long packets may gather, to be served together."""
    statistics_interval_s: float = 5.0
    pinned: bool = False
    """Each worker stays on one of the cores that we may use, one after the other."""
    real_time_priority: int = 0
    """Of SCHED_FIFO, 1 to 99; 0: the workers are ordinary processes."""
    socket_buffer_octets: int = 0
    """Room for packets that wait, for each RTP socket; 0: the system's own size."""
    outlive_s: int = 0
    """So long workers go on with their calls after we have died; 0: they end with us."""
    door: str = ""
    """The beginning of the paths where a process of ours that comes after us finds them (`door`); empty: nowhere."""
    devices: tuple[tuple[str, str], ...] = ()
    """Addresses whose ports are bound to a network interface, and which."""
    wide: bool = False
    """Whether parties may speak wide codecs."""
    shelf: int = -1
    """Descriptor of what the workers may play (`shelf`); it stays its owner's. -1: nothing."""
    tape: int = -1
    """Descriptor of the way to the recorder (`tape`); it stays its owner's. -1: there is none."""

    @property
    def count(self) -> int:
        """How many workers there are."""
        return self.workers or len(os.sched_getaffinity(0))

    def configure(self, index: int, master: str) -> Configure:
        """What the worker of this number is told, by this signalling process."""
        cores = sorted(os.sched_getaffinity(0))
        return Configure(
            front_end_ports=self.front_end_ports,
            gateway_ports=self.gateway_ports,
            share=(index, self.count),
            port_quarantine_s=self.port_quarantine_s,
            rtcp_interval_s=self.rtcp_interval_s,
            tick_s=self.tick_s,
            statistics_interval_s=self.statistics_interval_s,
            core=cores[index % len(cores)] if self.pinned else -1,
            real_time_priority=self.real_time_priority,
            socket_buffer_octets=self.socket_buffer_octets,
            outlive_s=self.outlive_s if self.door else 0,
            door=self.door,
            devices=self.devices,
            wide=self.wide,
            master=master,
        )


def worker_settings(settings: Settings, *, shelf: int, door: str) -> WorkerSettings:
    """What the settings of a server say of them. `shelf` and `door`: see there."""
    media = settings.media
    listeners = (each for side in Side for each in settings.interface(side).listen if each.device)
    return WorkerSettings(
        front_end_ports=settings.internal.rtp_ports,
        gateway_ports=settings.gateway.rtp_ports,
        workers=media.workers,
        port_quarantine_s=media.port_quarantine_s,
        rtcp_interval_s=media.rtcp_interval_s,
        pinned=media.pin_workers,
        real_time_priority=media.real_time_priority,
        socket_buffer_octets=1024 * media.socket_buffer_kb,
        devices=tuple({each.host: each.device for each in listeners}.items()),  # as their listeners are
        wide=settings.speaks_wide,
        shelf=shelf,
        outlive_s=media.outlive_signalling_s,
        door=door,
    )
