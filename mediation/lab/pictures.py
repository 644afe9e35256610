"""Sound as a picture: waveform and spectrogram of what went in and what came out. The only door to matplotlib."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from mediation.lab.quality import percentile
from mediation_codecs.g711 import Samples
from mediation_codecs.pcm import RATE_HZ

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAPER: Final = "#10141c"
"""One dark screen for light and dark pages alike: spectrograms are read best on black."""
_INK: Final = "#aeb8c8"
_FAINT: Final = "#2a3240"
_IN: Final = "#5cc8ff"
_OUT: Final = "#ffb454"
_DELAY: Final = "#7ee2a8"

_WIDTH: Final = 12.0
_WINDOW: Final = 256
_HOP: Final = 64
_FLOOR_DB: Final = -80.0
_TOP_DB: Final = -18.0


def sound_picture(
    went_in: Samples, came_out: Samples, delays_ms: Sequence[float], *, in_title: str, out_title: str
) -> bytes:
    """A WebP image: the sound before and after, side by side, and below them the added delay of each packet."""
    # imported when a picture is drawn: it takes longer to load than a call takes to set up
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lift = 1.53 if delays_ms else 0.0  # room for the delays, in inches
    figure = Figure(figsize=(_WIDTH, 3.87 + lift), dpi=140, facecolor=PAPER)
    FigureCanvasAgg(figure)

    def panel(column: int, bottom: float, height: float, columns: int = 1) -> "Axes":
        # placed by hand, in inches: to have the places computed takes as long as to draw
        left = 0.62 + 5.9 * column
        width = 5.24 + 5.9 * (columns - 1)
        full = figure.get_figheight()
        return figure.add_axes((left / _WIDTH, bottom / full, width / _WIDTH, height / full))

    seconds = max(went_in.size, came_out.size, RATE_HZ // 10) / RATE_HZ
    for column, (samples, title, colour) in enumerate(
        ((went_in, in_title, _IN), (came_out, out_title, _OUT))
    ):
        wave = panel(column, lift + 2.62, 0.92)
        spectrum = panel(column, lift + 0.52, 1.74)
        _waveform(wave, samples, seconds, title, colour)
        _spectrogram(spectrum, samples, seconds)
        if column == 0:
            wave.set_ylabel("level")
            spectrum.set_ylabel("kHz")
    if delays_ms:
        _delays(panel(0, 0.52, 0.7, columns=2), delays_ms)
    target = io.BytesIO()
    figure.savefig(target, format="webp", facecolor=PAPER, pil_kwargs={"quality": 86, "method": 2})
    return target.getvalue()


def _waveform(axes: "Axes", samples: Samples, seconds: float, title: str, colour: str) -> None:
    _dress(axes)
    axes.set_title(title, color=_INK, fontsize=11, loc="left", pad=7, fontweight="bold")
    low, high, times = _envelope(samples)
    axes.fill_between(times, low, high, color=colour, linewidth=0.4, edgecolor=colour)
    axes.set_xlim(0, seconds)
    axes.set_ylim(-1, 1)
    axes.set_yticks([-1, 0, 1], labels=["-1", "0", "+1"])
    axes.tick_params(labelbottom=False)


def _spectrogram(axes: "Axes", samples: Samples, seconds: float) -> None:
    _dress(axes)
    axes.grid(visible=False)
    axes.set_facecolor("#000004")  # the map's own darkest colour: silence
    levels = spectrum_db(samples)
    if levels.size:
        last_s = levels.shape[1] * _HOP / RATE_HZ
        axes.imshow(
            levels,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=_FLOOR_DB,
            vmax=_TOP_DB,
            extent=(0, last_s, 0, RATE_HZ / 2000),
            interpolation="bilinear",
        )
    axes.set_xlim(0, seconds)
    axes.set_ylim(0, RATE_HZ / 2000)
    axes.set_yticks([0, 1, 2, 3, 4])
    axes.set_xlabel("s")


def _delays(axes: "Axes", delays_ms: Sequence[float]) -> None:
    _dress(axes)
    p50, p99 = percentile(delays_ms, 0.5), percentile(delays_ms, 0.99)
    top = max(1.0, 1.25 * max(delays_ms))
    axes.scatter(range(1, len(delays_ms) + 1), delays_ms, s=3, color=_DELAY, linewidths=0)
    axes.axhline(p99, color=_INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_title(
        f"added delay of each packet   p50 {p50:.1f} ms   p99 {p99:.1f} ms",
        color=_INK,
        fontsize=10,
        loc="left",
        pad=6,
    )
    axes.set_xlim(0, len(delays_ms) + 1)
    axes.set_ylim(min(0.0, *delays_ms), top)
    axes.set_ylabel("ms")
    axes.set_xlabel("packet")


def _dress(axes: "Axes") -> None:
    axes.set_facecolor(PAPER)
    axes.tick_params(colors=_INK, labelsize=9, length=3)
    axes.xaxis.label.set_color(_INK)
    axes.yaxis.label.set_color(_INK)
    axes.grid(visible=True, color=_FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_color(_FAINT)


def _envelope(
    samples: Samples,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lowest and highest value of each of at most 1,200 stretches, full scale 1, and where they lie in seconds."""
    stretch = max(1, -(-samples.size // 1200))
    count = samples.size // stretch
    parts = samples[: count * stretch].reshape(count, stretch).astype(np.float64) / 32768
    return parts.min(axis=1), parts.max(axis=1), (np.arange(count) + 0.5) * stretch / RATE_HZ


def spectrum_db(samples: Samples) -> npt.NDArray[np.float64]:
    """Power by frequency (rows, 0 to 4 kHz) and time (columns of 8 ms), in dB under a full-scale sine."""
    if samples.size < _WINDOW:
        return np.zeros((0, 0))
    frames = np.lib.stride_tricks.sliding_window_view(samples.astype(np.float64) / 32768, _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW)
    magnitude = np.abs(np.fft.rfft(frames * window, axis=1)) * 2 / window.sum()
    return np.asarray(20 * np.log10(np.maximum(magnitude, 1e-9)).T)
