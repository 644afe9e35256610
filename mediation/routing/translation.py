"""Numbers in URIs, as one peer writes them and as we do: E.164 inside, translated at the edge of each trunk."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from mediation.routing.numbers import is_number, number_of
from mediation.settings.identity import HeaderDirection
from mediation.settings.numbers import NumberParty, NumberRule
from mediation.settings.translation import Translation
from mediation.settings.trunks import Trunk
from mediation.sip.parameters import Parameters
from mediation.sip.uri import OpaqueUri, SipUri, Uri, escaped

IDLE = Translation()
"""Leaves every number as it is."""

_HOST = "localhost"
"""Of a SIP URI that a `tel:` becomes; whoever prints it puts a host of ours there."""
_PHONE = Parameters((("user", "phone"),))
_PLAIN = re.compile(r"[0-9A-Za-z+*._!~'()&=$-]*")
"""What may stand in the user part of a SIP URI as it is (RFC 3261 section 25.1)."""
_CONTEXT = re.compile(r";phone-context=[^;]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """The translations of one peer."""

    called_in: Translation = IDLE
    """Of numbers that it calls."""
    calling_in: Translation = IDLE
    """Of numbers by which it names parties."""
    called_out: Translation = IDLE
    """Of numbers that it is to call."""
    calling_out: Translation = IDLE

    @classmethod
    def of(cls, trunk: Trunk) -> Self:
        """Those of a trunk."""

        def rules(party: NumberParty, direction: HeaderDirection) -> Sequence[NumberRule]:
            return [rule for rule in trunk.numbers if rule.party is party and rule.direction is direction]

        inward, outward, strips = HeaderDirection.FROM_PEER, HeaderDirection.TO_PEER, trunk.strip_plus
        return cls(
            Translation.of(rules(NumberParty.CALLED, inward)),
            Translation.of(rules(NumberParty.CALLING, inward)),
            Translation.of(rules(NumberParty.CALLED, outward), strips_plus=strips),
            Translation.of(rules(NumberParty.CALLING, outward), strips_plus=strips),
        )


AS_IT_IS = NumberPlan()
"""Of a peer that writes numbers as we do."""


def translated(uri: Uri, translation: Translation) -> Uri:
    """The URI with its number translated; the very same where that changes nothing.

    Parameters of the number stay. What is no global number cannot stand in a `tel:` without a context (RFC 3966
    section 5.1.5), and becomes a SIP URI with `user=phone`, at a host that means nothing.
    """
    if translation.is_idle:
        return uri
    before = number_of(uri)
    after = translation.of_number(before).after
    if after == before:
        return uri
    if isinstance(uri, SipUri):
        user = uri.user or ""
        rest = user[len(re.split("[;:]", user, maxsplit=1)[0]) :]
        return replace(uri, user=_user(after) + rest)
    rest = uri.rest[len(uri.rest.partition(";")[0]) :]
    if after.startswith("+") and is_number(after):
        return OpaqueUri("tel", after + _CONTEXT.sub("", rest))
    return SipUri("sip", _user(after) + rest.partition("?")[0].replace("@", "%40"), _HOST, parameters=_PHONE)


def _user(number: str) -> str:
    if _PLAIN.fullmatch(number) is not None:
        return number
    return "".join(each if _PLAIN.fullmatch(each) is not None else escaped(each) for each in number)
