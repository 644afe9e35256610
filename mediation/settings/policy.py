"""The policy hook: whoever may choose or refuse each new call: [policy]."""

from dataclasses import dataclass, field
from enum import StrEnum

from mediation.settings.kept import NO_SECRET, Secret
from mediation.settings.story import setting, story
from mediation.settings.words import check_entry_point, check_file, check_policy_url


class Asks(StrEnum):
    """Which calls the policy is asked about."""

    FRONT_ENDS = "front-ends"
    TRUNKS = "trunks"
    BOTH = "both"


class OnFailure(StrEnum):
    """What becomes of a call about which the policy says nothing that can be used."""

    GO_ON = "go-on"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyHook:
    """Somebody outside who decides; off without url and python."""

    url: str = setting(
        "",
        check=check_policy_url,
        doc="Where the policy is asked by HTTP: the question is a POST with JSON. The certificate of https is checked; "
        "redirects are not followed. Empty: not by HTTP.",
        example='"https://policy.example.com/calls"',
    )
    python: str = setting(
        "",
        check=check_entry_point,
        doc="Name of an entry point in the group mediation.policy: a Python function that takes the question and "
        "returns the answer; a coroutine function, or an ordinary one, which runs in a thread. Empty: none.",
        example='"my-policy"',
    )
    ask: Asks = field(
        default=Asks.BOTH,
        metadata=story(
            "Which new calls it is asked about: from front-ends, from trunks, or both. Never about calls for help "
            "(emergency routes)."
        ),
    )
    deadline_ms: int = setting(
        500,
        low=20,
        high=10_000,
        doc="An answer that is not there after so many milliseconds is none.",
    )
    on_failure: OnFailure = field(
        default=OnFailure.GO_ON,
        metadata=story(
            "Without an answer that can be used, the call goes on as decided here (go-on), or gets 503 (refuse)."
        ),
    )
    max_waiting: int = setting(
        500,
        low=1,
        high=100_000,
        doc="Most calls that wait for an answer at a time; those above are treated by on_failure at once.",
    )
    at_once: int = setting(
        32,
        low=1,
        high=1000,
        doc="Most questions under way at a time: connections, or threads. Those above wait their turn, within the "
        "deadline.",
    )
    max_answer_kb: int = setting(64, low=1, high=1024, doc="A longer answer by HTTP is none.")
    failures: int = setting(
        5,
        low=0,
        high=1000,
        doc="After so many failures in a row nobody is asked for rest_s, so that a dead policy does not cost every "
        "call its deadline; then one call tries it. 0: it is asked always.",
    )
    rest_s: int = setting(10, low=1, high=3600, doc="How long nobody is asked then, in seconds.")
    token: Secret = field(
        default=NO_SECRET,
        metadata=story(
            'Where the bearer token for url is (RFC 6750): "file:PATH", "env:NAME" or "credential:NAME"; never the '
            "token itself.",
            example='"file:/etc/mediation/policy.token"',
        ),
    )
    authorities: str = setting(
        "",
        check=check_file,
        doc="Certificates of the authorities that may have signed that of url, in PEM. Empty: those of the system.",
        example='"/etc/mediation/policy-ca.pem"',
    )

    @property
    def is_on(self) -> bool:
        """Whether anybody is asked at all."""
        return bool(self.url or self.python)
