"""Digits of which one side hears by signalling: read from INFO and said by INFO, one after the other.

What a party presses in its media, the media engine tells (`KeyHeard`); what it says by INFO, media makes audible for a
party that has no INFO (`PressKey`). Between two that both have INFO it crosses as a question, in the other one's words.
"""

from collections import deque
from dataclasses import replace
from typing import Final

from mediation.b2bua.content import Content
from mediation.b2bua.leg import Leg
from mediation.settings.peer_media import Dtmf, InfoBody
from mediation.sip.dtmf_info import ESSENCES, PLAIN, RELAY, DtmfInfo
from mediation.sip.session_table import Stage

MOST_WAITING: Final = 32
"""Digits that wait for an answer to the one before; a peer that answers none of so many hears no more."""

_SPEAKING: Final = (Stage.RECEIVED, Stage.PROCEEDING, Stage.ACCEPTED, Stage.CONFIRMED)
"""Stages in which something can be said to the peer: media is planned no sooner than there is a dialog."""


def says_key(content: Content) -> bool:
    """Whether an INFO says a key that was pressed."""
    return not ESSENCES.isdisjoint(content.essences)


def key_content(key: DtmfInfo, body: InfoBody) -> Content:
    """The content of an INFO that says it."""
    if body is InfoBody.PLAIN:
        return Content((("Content-Type", PLAIN),), key.key.encode("ascii"), frozenset({PLAIN}))
    return Content((("Content-Type", RELAY),), bytes(key), frozenset({RELAY}))


def restated(content: Content, leg: Leg) -> Content:
    """A key in the words of another peer. Raises RemoteSipError where it says none.

    What stands beside it (Info-Package, Content-Disposition) goes along.
    """
    said = key_content(DtmfInfo.parse(content.body), leg.terms.dtmf_info)
    if said.essences == content.essences:
        return content
    beside = tuple(field for field in content.headers if field[0] != "Content-Type")
    return replace(said, headers=(*said.headers, *beside))


class Dictation:
    """The keys that one leg's peer hears by INFO: the next one when the last was answered, so that none overtakes."""

    def __init__(self, leg: Leg) -> None:
        self._leg = leg
        self._waiting: deque[Content] = deque()
        self._ticket: int | None = None

    def press(self, key: DtmfInfo, now: float) -> None:
        """Say a key, if the peer hears of keys so and can hear of one now."""
        leg = self._leg
        if leg.dtmf is Dtmf.INFO and leg.questions.takes("INFO") and len(self._waiting) < MOST_WAITING:
            self._waiting.append(key_content(key, leg.terms.dtmf_info))
            self._say_next(now)

    def answered(self, ticket: int, now: float) -> bool:
        """Whether an answer was to a key of ours: whatever it is, the next one may go."""
        if ticket != self._ticket:
            return False
        self._ticket = None
        self._say_next(now)
        return True

    def _say_next(self, now: float) -> None:
        if self._leg.session.stage not in _SPEAKING:
            self._waiting.clear()
        if self._ticket is None and self._waiting:
            self._ticket = self._leg.questions.ask("INFO", self._waiting.popleft(), now)
