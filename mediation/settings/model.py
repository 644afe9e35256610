"""The configuration as frozen values; every field has its unit, default and meaning."""

from enum import StrEnum


class Side(StrEnum):
    """The two interfaces of a Mediation Server."""

    FRONT_END = "front-end"
    GATEWAY = "gateway"
