"""Rules about recording: whom its rules name must be there, and there must be a place to record to."""

from collections.abc import Iterator

from mediation.settings.draft import EACH, Draft
from mediation.settings.faults import did_you_mean
from mediation.settings.problems import Fault


def broken_recording_rules(draft: Draft) -> Iterator[Fault]:
    """Return what is wrong with [recording]."""
    rules = [path for path, _ in draft.each(("recording", "rule", EACH), dict)]
    if rules and draft.value(("recording", "directory"), str) == "":
        yield Fault(rules[0], "there is no place to record to", 'add directory = "…" to [recording]')
    for key, what in (("trunks", "trunk"), ("sites", "site")):
        names = [name for _, name in draft.each((what, EACH, "name"), str)]
        if any(fault[0] == what and (len(fault) < 3 or fault[2] == "name") for fault in draft.faulty):
            continue  # the one that is named may be among those that could not be read
        for path, name in draft.each(("recording", "rule", EACH, key, EACH), str):
            if name not in names:
                listed = ", ".join(f'"{each}"' for each in names)
                remedy = did_you_mean(name, names) or (
                    f"there are {listed}" if listed else f"add a [[{what}]]"
                )
                yield Fault(path, f'there is no {what} "{name}"', remedy)
