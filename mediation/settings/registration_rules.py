"""Rules about the registration of trunks: settings that agree, and doubts about what hardly can be meant."""

from collections.abc import Iterator

from mediation.settings.draft import EACH, Draft
from mediation.settings.inherit import TRUNK_DEFAULTS
from mediation.settings.positions import Path
from mediation.settings.problems import Fault, Severity


def registration_agrees(draft: Draft) -> Iterator[Fault]:
    """Return what is wrong with the registration of each trunk."""
    for table in _tables(draft):
        user, bulk = draft.value((*table, "contact_user"), str), draft.value((*table, "bulk"), bool)
        if user and bulk:
            message = "with bulk registration the Contact has no user (RFC 6140 section 5.2)"
            yield Fault((*table, "contact_user"), message, "remove it", related=(*table, "bulk"))
        base, most = draft.value((*table, "retry_s"), int), draft.value((*table, "max_retry_s"), int)
        if base is not None and most is not None and base > most:
            remedy = f"write {base} or more"
            yield Fault(
                (*table, "max_retry_s"), f"{most} is below retry_s", remedy, related=(*table, "retry_s")
            )


def registration_doubts(draft: Draft) -> Iterator[Fault]:
    """Return what should be looked at."""
    shared = _is_said_for_all(draft)
    for table in _tables(draft):
        address = draft.value((*table, "address_of_record"), str)
        user = draft.value((*table[:-1], "username"), str)
        if address is not None and not address and not shared:
            message = "without address_of_record the trunk does not register"
            remedy = "add it, or remove the table"
            yield Fault(table, message, remedy, severity=Severity.WARNING)
        elif address and user is not None and not user:
            message = "the trunk has no username: an ITSP that asks who registers gets no answer"
            remedy = "add username and password, unless it knows you by your address"
            where = (*table, "address_of_record")
            yield Fault(where, message, remedy, severity=Severity.WARNING)


def _is_said_for_all(draft: Draft) -> bool:
    """Whether the table stands where trunks take it over from, which not all of them need to register for."""
    places: tuple[Path, ...] = ((TRUNK_DEFAULTS,), ("site", EACH, TRUNK_DEFAULTS))
    return any(True for place in places for _ in draft.each((*place, "registration"), dict))


def _tables(draft: Draft) -> Iterator[Path]:
    """The tables that the file has."""
    for trunk in draft.trunks():
        for path, _ in draft.each((*trunk, "registration"), dict):
            yield path
