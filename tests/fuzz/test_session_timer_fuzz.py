"""Whatever Session-Expires and Min-SE hold, the outcome is an answer, a refusal or RemoteSipError(400)."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request, Response
from mediation.sip.session_interval import LOWEST_INTERVAL_S, MinSE, SessionExpires
from mediation.sip.session_timer import Preference, SessionTimer, TimerMode, TimerPolicy, TimerRefusal

PIECES = st.sampled_from(
    ["90", "1800", "0", "-1", "4294967295", "4294967296", "1_0", "٣", "9" * 5000, ";", "=", "refresher=uac", '"',
     ";refresher=uas", ";refresher", "refresher", " ", "\t", "\x00", "\x85", "\udcff", ",", ";x", "timer", "100rel"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=5).map("".join) | st.text(max_size=20)
HEADERS = st.lists(
    st.tuples(st.sampled_from(["Session-Expires", "x", "Min-SE", "Supported", "Require"]), TEXTS), max_size=5
).map(Headers)
POLICIES = st.builds(
    TimerPolicy,
    st.sampled_from(TimerMode),
    st.integers(90, 9000),
    st.integers(0, 900),
    st.sampled_from(Preference),
)


@settings(max_examples=400)
@given(TEXTS)
def test_any_text_is_a_value_or_400(text: str) -> None:
    for value in (SessionExpires, MinSE):
        try:
            read = value.parse(text)
        except RemoteSipError as error:
            assert error.status == 400  # noqa: PT017 - it may also succeed
        else:
            assert value.parse(str(read)) == read


@settings(max_examples=400)
@given(POLICIES, st.lists(HEADERS, max_size=4), st.lists(HEADERS, max_size=4))
def test_any_exchange_leaves_a_timer_that_makes_sense(
    policy: TimerPolicy, requests: list[Headers], responses: list[Headers]
) -> None:
    timer = SessionTimer(policy)
    for headers in requests:
        try:
            timer.adopt(timer.judge(Request("UPDATE", "sip:a", headers)))
        except TimerRefusal as refusal:
            assert refusal.status in (421, 422)  # noqa: PT017 - it may also succeed
        except RemoteSipError as error:
            assert error.status == 400  # noqa: PT017 - it may also succeed
    for headers in responses:
        ours = Request("UPDATE", "sip:a", Headers(timer.request_headers()))
        timer.read_422(ours, Response(422, "", headers))
        timer.read_2xx(ours, Response(200, "", headers))
        running = timer.running
        if running is not None:
            assert running.interval_s >= LOWEST_INTERVAL_S
            assert running.expires_after_s >= 60
            assert running.refresh_after_s is None or running.refresh_after_s < running.expires_after_s
