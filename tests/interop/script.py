"""SIPp scenarios written as ladders: each step is one message, and SIPp's XML comes out at the end.

The scenarios in `sipp/` are files because people run them by hand too. A flow with PRACKs, UPDATEs and re-INVITEs
from both ends is easier to hold against its RFC as a ladder beside the test that plays it.

    Script("uas").takes("INVITE").answers(180).answers(200, sdp=SENDRECV).takes("ACK").takes("BYE").answers(200)
"""

import re
from typing import Final, Self
from xml.sax.saxutils import escape, quoteattr

SENDRECV, SENDONLY, RECVONLY, INACTIVE = "sendrecv", "sendonly", "recvonly", "inactive"
ZERO: Final = "zero"
"""Hold as RFC 2543 spelled it: sendrecv, and c= is 0.0.0.0."""

HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'
OWN_URI: Final = "sip:stranger@[local_ip]:[local_port]"


class Script:
    """One party's part. What it has seen of the dialog stands in SIPp's variables, so that no step needs to say it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._calls = name.startswith("uac")
        self._steps: list[str] = []
        self._cseq = 0
        self._invite_cseq = 0
        self._version = 0
        self._method = ""

    # -- what it says

    def calls(self, *, sdp: str | None = SENDRECV, headers: tuple[str, ...] = ()) -> Self:
        """Send the first INVITE, or another one after a refusal that taught something."""
        self._cseq += 1
        self._invite_cseq = self._cseq
        head = f"INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n{self._via()}"
        head += f"From: <{OWN_URI}>;tag=[pid]c[call_number]\nTo: <sip:[service]@[remote_ip]:[remote_port]>\n"
        return self._send(
            self._whole(head, f"{self._cseq} INVITE", sdp, (*headers, "Contact: <" + OWN_URI + ">")),
            repeat=True,
        )

    def asks(
        self, method: str, *, sdp: str | None = None, headers: tuple[str, ...] = (), cseq: int | None = None
    ) -> Self:
        """Send a request within the dialog; its CSeq is the next one, or the one given."""
        if cseq is None:
            self._cseq += 1
        number = cseq or self._cseq
        if method == "INVITE":
            self._invite_cseq = number
        head = f"{method} [$target] SIP/2.0\n{self._via()}{self._ends()}"
        contact = (f"Contact: <{OWN_URI}>",) if method not in ("BYE", "PRACK") else ()
        whole = self._whole(head, f"{number} {method}", sdp, (*headers, *contact))
        return self._send(whole, repeat=method != "ACK")

    def acknowledges(self, *, sdp: str | None = None) -> Self:
        """Send the ACK to the 2xx of our last INVITE."""
        return self.asks("ACK", sdp=sdp, cseq=self._invite_cseq)

    def is_refused(self, status: int, *, has: str = "", again: bool = False) -> Self:
        """Hear a failure of our INVITE and acknowledge it, in its own transaction (RFC 3261 section 17.1.1.3).

        With `again` it was an INVITE within the dialog.
        """
        self.hears(status, has=has)
        uri = "[$target]" if again else "sip:[service]@[remote_ip]:[remote_port]"
        head = f"ACK {uri} SIP/2.0\n[last_Via:]\n[last_From:]\n[last_To:]\n"
        return self._send(self._whole(head, f"{self._invite_cseq} ACK", None, ()))

    def cancels(self) -> Self:
        """Take the INVITE back."""
        head = "CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n[last_Via:]\n"
        head += f"From: <{OWN_URI}>;tag=[pid]c[call_number]\nTo: <sip:[service]@[remote_ip]:[remote_port]>\n"
        return self._send(self._whole(head, "1 CANCEL", None, ()), repeat=True)

    def answers(
        self,
        status: int,
        *,
        to: str = "",
        sdp: str | None = None,
        headers: tuple[str, ...] = (),
        tag: str = "",
        port: str = "[media_port]",
        own_contact: bool = True,
    ) -> Self:
        """Answer the request of this method that came last, or the last of all; `tag` is that of another fork."""
        method = to or self._method
        key = method.lower()
        ours = "" if self._calls else f";tag={tag or '[pid]s[call_number]'}"
        head = f"SIP/2.0 {status} {status}\nVia:[${key}_via]\nFrom:[${key}_from]\nTo:[${key}_to]{ours}\n"
        head += "Call-ID: [call_id]\n"
        contact = (f"Contact: <{OWN_URI}>",) if own_contact else ()
        lines = [f"CSeq:[${key}_cseq]", *contact, *headers]
        repeat = method == "INVITE" and status >= 200
        return self._send(head + "\n".join(lines) + "\n" + self._content(sdp, port), repeat=repeat)

    # -- what it hears

    def takes(self, method: str, *, has: str = "", lacks: str = "") -> Self:
        """Wait for a request. A regular expression that its text must or must not match fails the call otherwise."""
        self._method = method
        key = method.lower()
        actions = [
            _keep(".*", "Via:", f"{key}_via"),
            _keep(".*", "CSeq:", f"{key}_cseq"),
            _keep(".*", "From:", f"{key}_from"),
            _keep("[^;]*", "To:", f"{key}_to") if not self._calls else _keep(".*", "To:", f"{key}_to"),
        ]
        if method == "INVITE":
            actions.append(_keep("sip:[^>]*", "Contact:", "target"))
            if not self._calls:
                actions.append(_keep(".*", "From:", "remote"))
                actions.append(_keep("[^;]*", "To:", "local"))
        return self._receive(f'request="{method}"', actions, has, lacks)

    def hears(
        self, status: int, *, has: str = "", lacks: str = "", optional: bool = False, dialog: bool = False
    ) -> Self:
        """Wait for a response. With `dialog` it is kept where requests of the dialog go."""
        actions = []
        if dialog:
            actions = [_keep(".*", "To:", "remote"), _keep("sip:[^>]*", "Contact:", "target")]
        more = ' optional="true"' if optional else ""
        return self._receive(f'response="{status}"{more}', actions, has, lacks)

    def keeps(self, pattern: str, header: str, name: str) -> Self:
        """Keep something of the message that was just received; `[$name]` stands for it."""
        assert self._steps[-1].endswith("</recv>\n")
        self._steps[-1] = self._steps[-1].replace("</action>", f"{_keep(pattern, header, name)}</action>")
        if "</action>" not in self._steps[-1]:
            action = f"<action>{_keep(pattern, header, name)}</action>"
            self._steps[-1] = self._steps[-1].replace("</recv>", f"{action}</recv>")
        return self

    def waits(self, milliseconds: int) -> Self:
        """Let time pass."""
        self._steps.append(f'<pause milliseconds="{milliseconds}" />\n')
        return self

    def hangs_up(self) -> Self:
        """Say BYE, and hear its 200."""
        return self.asks("BYE").hears(200)

    def is_hung_up(self) -> Self:
        """Take a BYE."""
        return self.takes("BYE").answers(200)

    def rings(self) -> Self:
        """Give a plain 180."""
        return self.answers(180, to="INVITE")

    def is_answered(self, *, has: str = "", lacks: str = "", ack_sdp: str | None = None) -> Self:
        """Hear the 200 to the INVITE and acknowledge it."""
        return self.hears(200, dialog=True, has=has, lacks=lacks).acknowledges(sdp=ack_sdp)

    def xml(self) -> str:
        """Return the scenario."""
        body = "".join(self._steps)
        names = sorted(set(re.findall(r'assign_to="(\w+)"', body)))
        listed = ",".join(names)
        unused = f'<Reference variables="{listed}" />\n' if names else ""
        return f"{HEAD}<scenario name={quoteattr(self.name)}>\n{body}{unused}</scenario>\n"

    # -- how it is spelled

    def _via(self) -> str:
        return "Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]\n"

    def _ends(self) -> str:
        if self._calls:
            return f"From: <{OWN_URI}>;tag=[pid]c[call_number]\nTo:[$remote]\n"
        return "From:[$local];tag=[pid]s[call_number]\nTo:[$remote]\n"

    def _whole(self, head: str, cseq: str, sdp: str | None, headers: tuple[str, ...]) -> str:
        head += f"Call-ID: [call_id]\nCSeq: {cseq}\nMax-Forwards: 70\n"
        return head + "".join(f"{line}\n" for line in headers) + self._content(sdp, "[media_port]")

    def _content(self, sdp: str | None, port: str) -> str:
        if sdp is None:
            return "Content-Length: 0\n\n"
        self._version += 1
        where = "0.0.0.0" if sdp == ZERO else "[media_ip]"
        direction = "" if sdp == ZERO else f"a={sdp}\n"
        return (
            "Content-Type: application/sdp\nContent-Length: [len]\n\n"
            f"v=0\no=stranger 1 {self._version} IN IP[local_ip_type] [local_ip]\ns=-\n"
            f"c=IN IP[media_ip_type] {where}\nt=0 0\nm=audio {port} RTP/AVP [law] 101\n"
            f"a=rtpmap:101 telephone-event/8000\n{direction}"
        )

    def _send(self, text: str, *, repeat: bool = False) -> Self:
        again = ' retrans="500"' if repeat else ""
        lines = "\n".join(f"      {line}" if line else "" for line in text.splitlines())
        self._steps.append(f"<send{again}><![CDATA[\n\n{lines}\n\n]]></send>\n")
        return self

    def _receive(self, what: str, actions: list[str], has: str, lacks: str) -> Self:
        if has:
            actions = [*actions, _demand(has, f"has{len(self._steps)}", "check_it")]
        if lacks:
            actions = [*actions, _demand(lacks, f"lacks{len(self._steps)}", "check_it_inverse")]
        inside = f"<action>{''.join(actions)}</action>" if actions else ""
        self._steps.append(f"<recv {what}>{inside}</recv>\n")
        return self


def _keep(pattern: str, header: str, name: str) -> str:
    return f'<ereg regexp={quoteattr(pattern)} search_in="hdr" header="{header}" assign_to="{name}" />\n'


def _demand(pattern: str, name: str, check: str) -> str:
    return f'<ereg regexp="{escape(pattern)}" search_in="msg" {check}="true" assign_to="{name}" />\n'
