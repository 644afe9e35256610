"""Figures about parties that speak a wide codec, for a server with such peers."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from mediation.b2bua.wide_room import WideRoom


def wide_figures(room: WideRoom) -> Iterator[Metric]:
    """How many places there are, and how many are taken."""
    yield GaugeMetricFamily(
        "mediation_wide_parties", "Parties that speak G722 or opus now, or may.", room.taken
    )
    yield GaugeMetricFamily("mediation_wide_parties_limit", "How many may: media.wide_parties.", room.most)
    yield CounterMetricFamily(
        "mediation_wide_parties_refused", "How often there was no place for one more.", room.refused
    )
