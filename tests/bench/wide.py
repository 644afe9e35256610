"""What transcoding costs: CPU of a relay for one call, both ways, by each pair of codecs.

    python -m tests.bench.wide

Codecs, concealment, and everything a relay does, without sockets. Speech-like noise, packets of 20 ms.
"""

import sys
import time
from itertools import combinations_with_replacement

import numpy as np

from mediation_codecs.codec import Codec
from tests.unit.media.wide_scene import Scene, encoded, stream

SECONDS = 10
RATES = {Codec.PCMU: 8_000, Codec.PCMA: 8_000, Codec.G722: 16_000, Codec.OPUS: 48_000}


def speech(codec: Codec) -> list[bytes]:
    """Payloads of something as busy as a voice: noise that comes and goes, with a pitch."""
    rate = RATES[codec]
    at = np.arange(SECONDS * rate) / rate
    noise = np.random.default_rng(1).normal(0, 300, at.size)
    voice = sum(np.sin(2 * np.pi * 140 * harmonic * at) / harmonic for harmonic in range(1, 20))
    signal = (3000 * voice + noise) * (0.55 + 0.45 * np.sin(2 * np.pi * 3 * at))
    return encoded(codec, np.clip(signal, -32_768, 32_767).astype(np.int16))


def cpu_us(source: Codec, sink: Codec, payloads: list[bytes]) -> float:
    """Microseconds of CPU for one packet in one direction."""
    scene = Scene(stream(source), stream(sink))
    begin = time.process_time()
    scene.tell(payloads)
    return (time.process_time() - begin) * 1e6 / len(payloads)


def main() -> int:
    """Print the table."""
    said = {codec: speech(codec) for codec in Codec}
    sys.stdout.write("pair                 us a packet, there and back      % of a core a call" + "\n")
    for one, other in combinations_with_replacement(Codec, 2):
        there = min(cpu_us(one, other, said[one]) for _ in range(3))
        back = min(cpu_us(other, one, said[other]) for _ in range(3))
        share = (there + back) * 50 / 1e6 * 100
        sys.stdout.write(f"{one:>5} - {other:<10} {there:12.1f} {back:12.1f} {share:24.2f}" + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
