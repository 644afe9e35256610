"""`python -m tests.explorer`: deeper than the test suite goes, or one ordering again.

python -m tests.explorer                                  every scenario, two interferences
python -m tests.explorer bye-x-bye --depth 3 --drops 2    one scenario, deeper
python -m tests.explorer --depth 1 --walks 5000 --seed 7  by chance
python -m tests.explorer call --way inbound --replay '3:2 9:1'
"""

import argparse
import sys
from collections.abc import Sequence

from tests.explorer.scenarios import ALL, NAMED
from tests.explorer.search import Choices, Search
from tests.explorer.simulation import WAYS, Limits


def main(arguments: Sequence[str] | None = None) -> int:
    """Play; 1 when something was wrong."""
    wanted = _parser().parse_args(arguments)
    scenarios = [NAMED[name] for name in wanted.scenarios] or ALL
    limits = Limits(wanted.drops, wanted.copies)
    found = 0
    for scenario in scenarios:
        for way in wanted.way or WAYS:
            search = Search(scenario, way, limits)
            if wanted.replay is not None:
                ladder, faults = search.replay(_choices(wanted.replay))
                sys.stdout.write("\n".join([ladder, *faults, ""]))
            else:
                search.exhaust(wanted.depth, wanted.most)
                search.walk(wanted.seed, wanted.walks)
                sys.stdout.write(f"{_row(search)}\n")
                sys.stdout.write("".join(f"\n{each}\n\n" for each in search.found[:1]))
            found += len(search.found)
    return int(bool(found))


def _row(search: Search) -> str:
    """One line of the table."""
    whole = "" if search.exhausted else ", not all"
    return (
        f"{search.scenario.name:34} {search.way:9} {search.orderings:7} orderings{whole}, "
        f"{search.pruned} pruned, {search.forgiven} forgiven, {len(search.found)} wrong"
    )


def _choices(text: str) -> Choices:
    return {int(number): int(index) for number, _, index in (word.partition(":") for word in text.split())}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.explorer", description="Races of RFC 5407, in every order."
    )
    parser.add_argument(
        "scenarios", nargs="*", choices=[*NAMED, []], metavar="SCENARIO", help=", ".join(NAMED)
    )
    parser.add_argument("--way", action="append", choices=WAYS, help="who calls whom (both)")
    parser.add_argument("--depth", type=int, default=2, help="interferences in every combination (2)")
    parser.add_argument("--most", type=int, default=1_000_000, help="orderings of a scenario at most")
    parser.add_argument("--walks", type=int, default=0, help="random orderings of a scenario (0)")
    parser.add_argument("--seed", type=int, default=1, help="of the random ones (1)")
    parser.add_argument("--drops", type=int, default=1, help="datagrams that may be lost (1)")
    parser.add_argument("--copies", type=int, default=1, help="datagrams that may come twice (1)")
    parser.add_argument("--replay", help="play one ordering and show it: NUMBER:OPTION of each interference")
    return parser


if __name__ == "__main__":
    sys.exit(main())
