"""Over what a trunk is reached: the settings. What each way demands stands in `connection_rules`."""

from enum import StrEnum
from typing import Final


class Connection(StrEnum):
    """The ways from us to an ITSP."""

    PRIVATE = "private"
    """A line of our own to it."""
    MPLS = "mpls"
    """A network of its own with classes of service, which go by DSCP."""
    INTERNET = "internet"


CONNECTION_DOC: Final = (
    "Over what it is reached. private: a line of our own. mpls: packets should bear a DSCP, which the network goes by. "
    'internet: its listener must be bound to the interface of a VPN ("udp:ADDRESS:PORT on wg0"), or see '
    "internet_without_vpn."
)
WITHOUT_VPN_DOC: Final = (
    "Over the Internet, TLS to every target and SRTP on every call are taken in place of a VPN."
)
