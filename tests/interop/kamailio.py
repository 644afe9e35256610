"""kamailio as a stranger: the registrar and proxy of an ITSP, which asks who registers and who calls (RFC 7616)."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from tests.interop.daemon import spell
from tests.interop.sockets import await_socket

Address = tuple[str, int]

DOMAIN: Final = "itsp.example"
USER: Final = "trunk-4711"
PASSWORD: Final = "correct horse"
NUMBER: Final = "+49308888000"
"""The number of the account; all that begin like it belong to it too."""
LONGEST_GRANT_S: Final = 10
"""So that a renewal is seen within a test."""
STOP_S: Final = 5
PATIENCE_S: Final = 20
LOOK_S: Final = 0.02

CONFIGURATION: Final = """
debug=2
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
listen=udp:{at}
alias="{domain}"

loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"

modparam("registrar", "max_expires", {longest})
modparam("registrar", "min_expires", 0)
modparam("registrar", "method_filtering", 0)

request_route {{
    if (!mf_process_maxfwd_header("10")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}

    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("{domain}", "{password}", "0")) {{
            xlog("L_WARN", "ASKED $cs who it is\\n");
            www_challenge("{domain}", "1");
            exit;
        }}
        save("location");
        reg_fetch_contacts("location", "$tu", "caller");
        if ($hdr(Expires) == "0") {{
            xlog("L_WARN", "REMOVED $cs $ct of $ci, bindings: $(ulc(caller=>count))\\n");
        }} else {{
            xlog("L_WARN", "SAVED $cs $ct of $ci, bindings: $(ulc(caller=>count))\\n");
        }}
        exit;
    }}

    if (has_totag()) {{
        if (loose_route() || is_method("ACK")) {{ t_relay(); exit; }}
        sl_send_reply("404", "Not Here");
        exit;
    }}
    if (is_method("CANCEL")) {{ t_relay(); exit; }}
    if (!is_method("INVITE")) {{ sl_send_reply("200", "OK"); exit; }}

    record_route();
    if ($si == "{customer}") {{
        if (!pv_proxy_authenticate("{domain}", "{password}", "0")) {{
            proxy_challenge("{domain}", "1");
            exit;
        }}
        consume_credentials();
        xlog("L_WARN", "PLACED by $au to $rU\\n");
        $du = "sip:{phone}";
        t_relay();
        exit;
    }}
    $ru = "sip:{number}@{domain}";
    if (!lookup("location")) {{ sl_send_reply("480", "Not Registered"); exit; }}
    xlog("L_WARN", "CALLED $ru for $tU\\n");
    t_relay();
}}
"""


@dataclass(frozen=True, slots=True)
class Kamailio:
    """One that runs."""

    process: subprocess.Popen[bytes]
    log: Path

    def lines(self, word: str) -> list[str]:
        """What it has said after this word, in order; of what it took several times, the first."""
        found = re.findall(rf"{word} ([^\n]*)\n", self.log.read_text(errors="replace"))
        return list(dict.fromkeys(found))

    def await_lines(self, word: str, count: int) -> list[str]:
        """The same, as soon as there are so many."""
        give_up = monotonic() + PATIENCE_S
        while len(lines := self.lines(word)) < count:
            assert monotonic() < give_up, f"{len(lines)} of {count} lines {word} in {PATIENCE_S} s: {lines}"
            try:
                status = self.process.wait(LOOK_S)
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"kamailio ended with status {status}")
        return lines


@contextmanager
def itsp(folder: Path, at: Address, *, customer: Address, phone: Address) -> Iterator[Kamailio]:
    """Run it at one address: what the customer calls goes to the phone, and what others call to the customer."""
    folder.mkdir()
    (folder / "kamailio.cfg").write_text(
        CONFIGURATION.format(
            at=spell(at),
            domain=DOMAIN,
            number=NUMBER,
            password=PASSWORD,
            longest=LONGEST_GRANT_S,
            customer=customer[0],
            phone=spell(phone),
        )
    )
    log = folder / "log.txt"
    command = [
        "kamailio",
        "-DD",
        "-E",
        "-f",
        str(folder / "kamailio.cfg"),
        "-Y",
        str(folder),
        "-m",
        "16",
        "-M",
        "4",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        await_socket(at, "udp", process=process)
        yield Kamailio(process, log)
    except BaseException as error:
        error.add_note(f"kamailio said:\n{log.read_text(errors='replace')[-3000:]}")
        raise
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
