"""A probe of a trunk that registers: first of all, by digest, and given back however the run ends."""

import pytest

from mediation.probing.evidence import Evidence
from mediation.probing.finding import Verdict
from mediation.probing.findings import findings
from mediation.sip.derived import reply
from mediation.sip.digest_client import Credentials
from mediation.sip.digest_server import Authenticated, DigestServer
from mediation.sip.message import Request, Response
from mediation.sip.registration_events import Intent
from tests.unit.probing.table import Table

AOR = "sip:+4930999@itsp.example"
INTENT = Intent(
    address_of_record=AOR, registrar="sip:itsp.example", contact_user="+4930999", bulk=False, expires_s=3600,
    remove_others=True, retry_s=30, max_retry_s=1800, refused_retry_s=3600, product="",
)  # fmt: skip
ROUTE = "<sip:edge.itsp.example;lr>"


class Registrar:
    """Takes who knows the password, for `grant_s`; wants `least_s` at least."""

    def __init__(self, grant_s: int = 3600, least_s: int = 0, status: int = 200) -> None:
        self.server = DigestServer("itsp.example", {"me": "right"}.get, b"s" * 32)
        self.grant_s, self.least_s, self.status = grant_s, least_s, status
        self.asked: list[Request] = []
        self.bound = False

    def __call__(self, request: Request) -> Response | None:
        self.asked.append(request)
        verdict = self.server.verify(request, now=0.0)
        expires = request.expires or 0
        if not isinstance(verdict, Authenticated):
            challenges = self.server.challenge(verdict, now=0.0, token=f"{len(self.asked):016x}")
            return reply(request, 401, to_tag="r", headers=challenges)
        if self.status != 200:
            return reply(request, self.status, to_tag="r")
        if 0 < expires < self.least_s:
            return reply(request, 423, to_tag="r", headers=(("Min-Expires", str(self.least_s)),))
        self.bound = bool(expires)
        contact = (
            (("Contact", f"{request.headers.get('Contact')};expires={self.grant_s}"),) if expires else ()
        )
        return reply(request, 200, to_tag="r", headers=(*contact, ("Service-Route", ROUTE)))


def run(registrar: Registrar, *, password: str = "right", must: bool = True, **changes: object) -> Table:
    table = Table(
        registrar=registrar, registration=INTENT, must_register=must, takes_service_route=True,
        credentials=Credentials("me", password), **{"behaviour": "busy", **changes},  # type: ignore[arg-type]  # values of several types
    )  # fmt: skip
    table.run()
    assert table.done
    return table


def told(evidence: Evidence, name: str = "register") -> tuple[Verdict, str]:
    return next((each.verdict, each.told) for each in findings(evidence) if each.name == name)


def test_it_is_registered_before_anything_else_and_not_after_the_last__rfc3261_10_2() -> None:
    registrar = Registrar()
    evidence = run(registrar).evidence
    assert list(evidence.trials)[:2] == ["register", "options"]
    assert not registrar.bound
    assert [request.headers.get("Expires") for request in registrar.asked] == ["3600", "3600", "0"]
    assert "*" not in [request.headers.get("Contact") for request in registrar.asked], (
        "what others hold stays"
    )
    (invite, *_) = evidence.trials["call"].requests("INVITE")
    assert invite.headers.get_all("Route") == (ROUTE,)
    verdict, words = told(evidence)
    assert verdict is Verdict.YES
    assert words.startswith("asked by 401 Unauthorized (")
    assert "for itsp.example" in words
    assert "taken by 200 OK, for 3600 s" in words
    assert words.endswith("given back: 200 OK")


def test_renewals_stand_with_the_registration_whatever_is_tried_meanwhile() -> None:
    registrar = Registrar(grant_s=10)
    evidence = run(registrar, behaviour="ring-then-answer").evidence
    assert len(registrar.asked) > 3
    for name, trial in evidence.trials.items():
        assert bool(trial.requests("REGISTER")) is (name == "register")


@pytest.mark.parametrize(
    ("must", "trials"), [(True, {"register"}), (False, {"register", "options", "sizes", "call"})]
)
def test_a_wrong_password_is_tried_once_and_calls_need_none_only_where_the_trunk_says_so(
    must: bool, trials: set[str]
) -> None:
    registrar = Registrar()
    table = run(registrar, password="wrong", must=must)
    assert set(table.evidence.trials) == trials
    assert len(registrar.asked) == 3, (
        "each challenge had a nonce of its own, and the second was the last answer"
    )
    assert table.prober.registering is not None
    assert table.prober.registering.password_is_wrong
    assert told(table.evidence)[0] is Verdict.NO
    assert "not registered" in table.evidence.trials["register"].left_out


def test_a_registrar_that_says_nothing_is_not_waited_for_longer_than_needed() -> None:
    table = Table(registrar=lambda request: None, registration=INTENT, must_register=True, credentials=None)
    table.run(60.0)
    assert table.done
    assert set(table.evidence.trials) == {"register"}
    assert "nothing was answered" in table.evidence.trials["register"].left_out


def test_a_longer_time_that_is_asked_for_is_advised__rfc3261_10_2_8() -> None:
    evidence = run(Registrar(grant_s=7200, least_s=7200)).evidence
    (finding,) = (each for each in findings(evidence) if each.name == "register")
    assert finding.verdict is Verdict.YES
    assert [(each.key, each.value) for each in finding.advice] == [("registration.expires_s", 7200)]


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 20, 60])
def test_what_is_registered_is_given_back_wherever_it_is_broken_off(steps: int) -> None:
    registrar = Registrar()
    table = Table(
        registrar=registrar, registration=INTENT, must_register=True, credentials=Credentials("me", "right"),
        behaviour="early-media",
    )  # fmt: skip
    table.prober.start(table.now)
    for _ in range(steps):
        table.step()
    table.prober.stop(table.now, "it was interrupted")
    table.deliver()
    for _ in range(500):
        if table.done:
            break
        table.step()
    assert table.done
    assert not registrar.bound
    assert table.sbc.calls == set()
