"""Whatever a policy answers, there is a ruling that can be carried out, or BadAnswer and nothing else."""

import json
import re

from hypothesis import example, given
from hypothesis import strategies as st

from mediation.b2bua import causes
from mediation.b2bua.numbering import rewritten
from mediation.routing.numbers import number_of
from mediation.routing.ruling import BadAnswer, Ruling, answer_of, ruling_of
from mediation.sip.errors import RemoteSipError
from mediation.sip.headers import Headers
from mediation.sip.message import Request
from tests.fuzz.test_identity_fuzz import LINES
from tests.fuzz.test_numbers_fuzz import SCHEMES, USERS

KEYS = st.sampled_from(["action", "status", "q850", "trunks", "calling", "called", "tag", "other"])
NUMBERS = st.from_regex(r"\A\+[1-9][0-9]{1,14}\Z")
LEAVES = (
    st.none() | st.booleans() | st.integers() | st.integers(390, 710) | st.floats() | st.text() | NUMBERS
    | st.sampled_from(["go-on", "refuse"])
)  # fmt: skip
VALUES = LEAVES | st.lists(LEAVES, max_size=4) | st.dictionaries(st.text(), LEAVES, max_size=3)
ANSWERS = st.dictionaries(KEYS, VALUES, max_size=7) | VALUES


def read(answer: object) -> Ruling | None:
    try:
        return ruling_of(answer)
    except BadAnswer:
        return None


@given(ANSWERS)
@example({"action": "refuse", "status": 699, "q850": 127})
def test_an_answer_is_a_ruling_or_bad(answer: object) -> None:
    ruling = read(answer)
    if ruling is None:
        return
    assert ruling.refusal is None or not ruling.changes
    if ruling.refusal is not None:
        cause = causes.refused_by_policy(ruling.refusal)
        assert 400 <= cause.reply_status < 700
        assert 1 <= cause.q850 <= 127
        name, value = cause.header()
        assert f"{name}: {value}".isprintable()
    assert ruling.tag.isprintable()
    assert all(re.fullmatch(r"\+[0-9]{2,15}", number) for number in (ruling.calling, ruling.called) if number)
    assert read(json.loads(json.dumps(answer))) == ruling


@given(st.binary() | ANSWERS.map(lambda answer: json.dumps(answer).encode()))
def test_octets_are_a_ruling_or_bad(octets: bytes) -> None:
    try:
        read(answer_of(octets))
    except BadAnswer:
        return


@given(LINES, USERS, SCHEMES, USERS, SCHEMES, NUMBERS, NUMBERS)
def test_a_request_with_other_numbers_can_be_read(
    lines: list[tuple[str, str]], who: str, by: str, whom: str, scheme: str, calling: str, called: str
) -> None:
    headers = Headers((("From", f"<{by.format(who)}>;tag=1"), *lines))
    request = Request("INVITE", scheme.format(whom), headers)
    try:
        from_, _ = request.from_, request.uri
    except RemoteSipError:
        return
    made = rewritten(request, calling=calling, called=called).request
    assert number_of(made.uri) == called
    assert number_of(made.from_.uri) in (calling, number_of(from_.uri))
