"""Whatever a trunk answers, the outcome is a finding: never an exception, never a line that a terminal obeys."""

from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from mediation.probing.evidence import Evidence, Heard, Spoken, TlsSeen, Trial
from mediation.probing.findings import findings
from mediation.probing.fitting import merged
from mediation.probing.page import page
from mediation.probing.report import Report, Survey, mapping, text
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response
from tests.unit.probing.table import plan
from tests.unit.probing.test_judgement import sdp

WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30)
NAMES = st.sampled_from(
    (
        "Allow",
        "Supported",
        "Min-SE",
        "Session-Expires",
        "RSeq",
        "Reason",
        "Content-Type",
        "Server",
        "Contact",
        "Expires",
        "Min-Expires",
        "WWW-Authenticate",
        "Proxy-Authenticate",
        "Service-Route",
    )
)
LINES = st.sampled_from(
    ("v=0", "o=- 1 1 IN IP4 h", "s=-", "c=IN IP4 192.0.2.1", "c=IN IP4 x", "t=0 0", "m=audio 9 RTP/AVP 8 0 101",
     "m=audio 0 RTP/AVP 8", "m=image 1 udptl t38", "a=rtpmap:101 telephone-event/8000", "a=ptime:x",
     "a=crypto:1 X inline:x", "a=inactive")
)  # fmt: skip
BODIES = st.one_of(
    st.just(b""),
    st.just(sdp()),
    st.binary(max_size=60),
    st.lists(LINES, max_size=9).map(lambda lines: "".join(f"{line}\r\n" for line in lines).encode()),
)
METHODS = ("INVITE", "OPTIONS", "PRACK", "UPDATE", "REFER", "REGISTER")
STATUSES = st.sampled_from((100, 183, 200, 401, 407, 420, 422, 423, 488, 503))
NAMES_OF_TRIALS = ("options", "sizes", "call", "100rel", "timer", "law", "ptime-30", "srtp-1", "identity", "refer",
                   "busy", "unallocated", "register")  # fmt: skip
PACKETS = st.builds(
    Heard, st.floats(0, 6), st.just(("192.0.2.1", 9)), st.sampled_from((0, 8, 101)), st.binary(max_size=9)
)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    trial = Trial(
        draw(st.sampled_from(NAMES_OF_TRIALS)), "A trial", "something", keys=draw(st.sampled_from(("", "5")))
    )
    for at_s in range(draw(st.integers(0, 6))):
        method, number = draw(st.sampled_from(METHODS)), str(draw(st.integers(1, 3)))
        pairs = [("Call-ID", "c"), ("CSeq", f"{number} {method}")]
        pairs += draw(st.lists(st.tuples(NAMES, WORDS), max_size=3))
        sent, body = draw(st.booleans()), draw(BODIES)
        if sent:
            message: Request | Response = Request(method, "sip:x", Headers(pairs), body)
        else:
            message = Response(draw(STATUSES), draw(WORDS), Headers(pairs), body)
        trial.spoken.append(Spoken(float(at_s), sent, message, 500))
    trial.heard += draw(st.lists(PACKETS, max_size=3))
    return trial


def answered(name: str, *, status: int, body: bytes) -> Trial:
    """A trial in which nothing of ours was taken down."""
    response = Response(status, "", Headers([("Call-ID", "c"), ("CSeq", "1 INVITE")]), body)
    return Trial(name, "A trial", "something", spoken=[Spoken(0.0, False, response, 500)])


@example([answered("call", status=200, body=sdp()), answered("law", status=100, body=b"")], "udp", False)
@given(st.lists(trials(), max_size=5), st.sampled_from(("udp", "tcp", "tls")), st.booleans())
def test_whatever_is_answered_can_be_judged_and_told(found: list[Trial], transport: str, tcp: bool) -> None:
    evidence = Evidence({each.name: each for each in found}, transport, TlsSeen(5061, problem="none"), tcp)
    judged = findings(evidence)
    report = Report(plan(), evidence, judged, "", datetime(2026, 1, 1, tzinfo=UTC), 1.0)
    survey = Survey("itsp-a", (report,), (), merged(judged), "", {})
    assert all(char.isprintable() or char == "\n" for char in text(survey))
    assert mapping(survey)["targets"]
    assert "<script" not in page(survey)
