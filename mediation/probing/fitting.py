"""The `[[trunk]]` block that fits: what its owner has written, and what the evidence advises instead of a default."""

import re
from collections.abc import Iterable, Sequence

from mediation.explaining.trunk import Holding
from mediation.probing.finding import Advice, Finding
from mediation.settings.spelling import toml

OWN = "trunk"
"""The origin of what the trunk itself says."""
_ITEM = re.compile(r"([a-z_]+)\.([0-9]+)\.(.+)")


def merged(found: Iterable[Finding]) -> tuple[Advice, ...]:
    """One piece of advice for each key; of two lists what both have, with both reasons."""
    by_key: dict[str, Advice] = {}
    for finding in found:
        for advice in finding.advice:
            before = by_key.get(advice.key)
            if before is None:
                by_key[advice.key] = advice
            elif isinstance(before.value, list) and isinstance(advice.value, list):
                both = [each for each in before.value if each in advice.value]
                by_key[advice.key] = Advice(advice.key, both, f"{before.why}; {advice.why}")
    return tuple(by_key.values())


def block(held: Sequence[Holding], advised: Sequence[Advice], file: str) -> str:
    """The block as TOML. `held`: what holds for the trunk now, as `trunk show` tells it."""
    own = [each for each in held if each.origin == OWN]
    keys = {each.key for each in advised}
    lines = ["[[trunk]]"]
    lines += [
        f"{each.key} = {each.value}"
        for each in own
        if each.key not in keys and _ITEM.fullmatch(each.key) is None
    ]
    lines += advice_lines(advised)
    place = ("", "")
    for holding in own:
        item = _ITEM.fullmatch(holding.key)
        if item is None:
            continue
        if (item[1], item[2]) != place:
            place = item[1], item[2]
            lines += ["", f"[[trunk.{item[1]}]]"]
        lines.append(f"{item[3]} = {holding.value}")
    head = (
        f"# What the trunk has in {file}, with what its answers advise; what is not said here is the default."
    )
    return "\n".join((_one_line(head), *lines)) + "\n"


def advice_lines(advised: Sequence[Advice]) -> list[str]:
    """Each setting with its reason above it."""
    return [
        line for each in advised for line in (f"# {_one_line(each.why)}", f"{each.key} = {toml(each.value)}")
    ]


def _one_line(text: str) -> str:
    """What a comment may hold: the words come from the wire."""
    return "".join(char if char.isprintable() else "?" for char in text)
