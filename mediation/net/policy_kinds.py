"""Which kind of policy the settings name, and whether it could be asked. What is not named is not even imported."""

from collections.abc import Iterator

from mediation.net.policy import Policy, PolicyUnusable
from mediation.settings.draft import Draft
from mediation.settings.policy import PolicyHook
from mediation.settings.problems import Fault


def policy_of(rules: PolicyHook) -> Policy:
    """Whoever is to be asked. To be called in the event loop, where one is named; raises PolicyUnusable."""
    if rules.url:
        from mediation.net.policy_http import HttpPolicy

        return HttpPolicy(rules)
    from mediation.net.policy_python import PythonPolicy

    return PythonPolicy(rules)


def faulty_policy(draft: Draft) -> Iterator[Fault]:
    """Return what is wrong with the policy that the settings name, as far as it is known without asking it."""
    python, authorities = (draft.value(("policy", key), str) for key in ("python", "authorities"))
    try:
        if authorities:
            from mediation.net.policy_http import trusted

            trusted(PolicyHook(authorities=authorities))
        if python:
            from mediation.net.policy_python import loaded

            loaded(python)
    except PolicyUnusable as error:
        yield Fault(("policy", error.key), str(error), error.remedy)
