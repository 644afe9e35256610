"""What the rules of one trunk make of a number: every rule tried, before and after."""

from collections.abc import Iterator, Mapping

from mediation.routing.translation import NumberPlan
from mediation.settings.identity import HeaderDirection
from mediation.settings.numbers import NumberParty
from mediation.settings.translation import Outcome, Step
from mediation.settings.trunks import Trunk


def explain_number(trunk: Trunk, number: str, party: NumberParty, direction: HeaderDirection) -> Outcome:
    """Translate a number as a call would have it translated."""
    plan = NumberPlan.of(trunk)
    if direction is HeaderDirection.FROM_PEER:
        translation = plan.called_in if party is NumberParty.CALLED else plan.calling_in
    else:
        translation = plan.called_out if party is NumberParty.CALLED else plan.calling_out
    return translation.of_number(number)


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    """Every rule tried, then what came of it."""
    for place, step in enumerate(outcome.steps, 1):
        verdict = "does not match" if step.made is None else f"makes {step.made or 'nothing'} of it"
        yield f"rule {place}: {_rule(step)} {verdict}"
    if not outcome.steps:
        yield "no rule is asked"
    if outcome.stripped:
        yield "strip_plus takes the plus sign away"
    if outcome.refused:
        yield "no number comes out: it stays as it is"
    yield f"{outcome.before} -> {outcome.after}"


def outcome_mapping(outcome: Outcome) -> Mapping[str, object]:
    """The same for a machine to read."""
    return {
        "before": outcome.before,
        "after": outcome.after,
        "rules": [
            {
                "match": step.rule.match,
                "replace": step.rule.replace,
                "description": step.rule.description,
                "matched": step.made is not None,
                "after": step.made,
            }
            for step in outcome.steps
        ],
        "plus_stripped": outcome.stripped,
        "refused": outcome.refused,
    }


def _rule(step: Step) -> str:
    told = f" ({step.rule.description})" if step.rule.description else ""
    return f"'{step.rule.match}' -> '{step.rule.replace}'{told}"
