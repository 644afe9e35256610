"""`python -m tests.places [--short] [--rate N] [--keep FOLDER]`: pull each cable in turn, and print what it did."""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.places.cast import playing
from tests.places.drill import FULL, SHORT, Effect, calls_of_bound, left_their_country, perform, settle
from tests.places.network import INSIDE, secluded, why_not

COLUMNS = "{:<24}{:<22}{:>7}{:>6}{:>8}{:>8}{:>7}  {}"


def main() -> int:
    """Return the exit status: 0 when calls went on, came back, and none left its country."""
    parser = argparse.ArgumentParser(prog="python -m tests.places")
    parser.add_argument("--short", action="store_true", help="two cuts only, as in the suite")
    parser.add_argument("--rate", type=int, default=2, help="calls a second on each of seven courses")
    parser.add_argument("--keep", type=Path, help="keep logs, records and traces there")
    given = parser.parse_args()
    if os.environ.get(INSIDE):
        return _inside(given)
    if reason := why_not():
        print(f"skipped: {reason}")
        return 77
    process = secluded(sys.argv[1:])
    try:
        for line in process.stdout or ():
            print(line, end="", flush=True)
        return process.wait()
    finally:
        process.kill()  # and with it everything inside


def _inside(given: argparse.Namespace) -> int:
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    with tempfile.TemporaryDirectory(dir="/run") as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with playing(folder, given.rate) as cast:
            settle(cast)
            print(
                COLUMNS.format(
                    "cable", "calls", "placed", "lost", "next s", "back s", "twice", "taken meanwhile by"
                )
            )
            for cut in SHORT if given.short else FULL:
                for effect in perform(cast, cut):
                    if effect.lost or effect.twice or effect.back_s is not None:
                        _print(cut.what, effect)
                print(f"{cut.what}: over", flush=True)
            abroad, at_home = left_their_country(cast), calls_of_bound(cast)
        print(
            f"calls of bound sites: {at_home} at SBCs of their country, callers seen abroad: {abroad or 'none'}"
        )
        return 0 if at_home and not abroad else 1


def _print(what: str, effect: Effect) -> None:
    after = "-" if effect.next_s is None else f"{effect.next_s:.1f}"
    back = "-" if effect.back_s is None else f"{effect.back_s:.1f}"
    print(
        COLUMNS.format(
            what[:23],
            effect.course,
            effect.placed,
            effect.lost,
            after,
            back,
            effect.twice,
            ", ".join(effect.went_to) or "nobody",
        ),
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
