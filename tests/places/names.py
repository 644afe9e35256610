"""The name server of the network: dnsmasq, which says where the ITSPs' SBCs are."""

import shutil

TTL_S = 2
"""Short, so that a name server that is away is missed."""
SBCS = {"itsp-one.example": "192.0.2.30", "itsp-two.example": "198.51.100.30"}


def name_server(host: str) -> list[str]:
    """The command that answers at this address, until the process is ended."""
    command = [
        shutil.which("dnsmasq") or "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
        "--pid-file=", "--user=root", "--no-resolv", "--no-hosts", "--no-poll", "--log-facility=-", "--bind-interfaces",
        f"--listen-address={host}", f"--local-ttl={TTL_S}",
    ]  # fmt: skip
    for name, address in SBCS.items():
        command += [
            f"--local=/{name}/",
            f"--naptr-record={name},10,10,s,SIP+D2U,,_sip._udp.{name}",
            f"--srv-host=_sip._udp.{name},sbc.{name},5060,10,10",
            f"--host-record=sbc.{name},{address}",
        ]
    return command
