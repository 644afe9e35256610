"""What we say to the INVITE that has opened a leg: that it rings, that somebody has answered, that nobody will.

RFC 3261 section 13.3.1, RFC 3262. Where the peer has made an offer, a response answers it, and every one alike in the
dialog of the same party; where it has made none, a response makes ours.
"""

from collections.abc import Callable

from mediation.b2bua import causes
from mediation.b2bua.causes import Cause
from mediation.b2bua.content import session_of
from mediation.b2bua.parts import loaded
from mediation.b2bua.scribe import Told
from mediation.b2bua.voice import Fields, Speaker
from mediation.b2bua.wide_room import NoPlace
from mediation.routing.numbers import is_number, number_of
from mediation.routing.translation import translated
from mediation.sdp.audio import Direction
from mediation.sdp.errors import NotAcceptable, SdpError
from mediation.settings.peer_terms import Reliability
from mediation.sip.early import wants_reliability
from mediation.sip.message import Request
from mediation.sip.multipart import Part
from mediation.sip.session_table import Stage
from mediation.sip.session_timer import TimerRefusal
from mediation.sip.uri import escaped, parse_uri

RETRY_AFTER_S = 10
"""How long a 503 of ours asks to be left alone (RFC 3261 section 21.5.4)."""


class Answers:
    """Of a leg that the peer has opened."""

    def __init__(self, user: Speaker, invite: Request, draw: Callable[[], str]) -> None:
        """`draw` gives a boundary, for a body of several parts."""
        self._invite = invite
        self._draw = draw
        self._parties: list[str] = []
        """Those behind us that have an early dialog of their own with the caller."""
        self._remarks: Fields = ()
        """What a refusal says beside its status."""
        self._said = user.said
        self.user = user

    def judge(self) -> Cause | None:
        """Why the INVITE cannot be answered, if so, before anything is spent on it."""
        leg = self.user
        try:
            leg.session.judge_timer()
        except TimerRefusal as refusal:
            self._remarks = refusal.headers
            return causes.INTERVAL_TOO_BRIEF if refusal.status == 422 else causes.EXTENSION_REQUIRED
        knows, _ = wants_reliability(self._invite)
        if leg.terms.early_media.reliable is Reliability.REQUIRE and not knows:
            self._remarks = (("Require", "100rel"),)
            return causes.EXTENSION_REQUIRED
        try:
            if self.user.scribe.is_barred:
                raise NotAcceptable("audio must be encrypted, and keys need TLS")
            if offer := session_of(self._invite):
                self._said.take_offer(offer)
        except SdpError:
            return causes.BAD_DESCRIPTION
        except NoPlace:
            return causes.NO_WIDE_ROOM
        except NotAcceptable as error:
            self._remarks = (leg.voice.missing(error),)
            return causes.NO_CODEC
        return None

    def ring(
        self,
        status: int,
        now: float,
        *,
        party: str = "",
        prefer: str | None = None,
        willing: Told = Direction.SENDRECV,
        media: bool = False,
        headers: Fields = (),
        parts: tuple[Part, ...] = (),
    ) -> None:
        """Pass on a provisional response of `party`; with `media`, answer the offer already.

        Reliably where the peer demands it, or knows it and the terms say so (RFC 3262 section 3). Where it has made no
        offer, the first reliable response makes ours (section 5).
        """
        said, early_media = self._said, self.user.terms.early_media
        if status == 183 and not media and not parts and not early_media.bare_183:
            return
        party = self._shown(party)
        knows, demands = wants_reliability(self._invite)
        eager = early_media.reliable in (Reliability.PREFER, Reliability.REQUIRE)
        reliable = demands or (knows and eager and (media or said.has_offer or said.awaits_answer))
        body = b""
        if said.has_offer:
            if media and party not in said.given:
                body = bytes(said.answer(prefer, willing))
        elif reliable and not said.awaits_answer:
            body = bytes(said.offer_back())
        if body and reliable:
            said.given[party] = said.told
        fields, octets = self._filled(body, headers, parts)
        self.user.session.progress(status, now, headers=fields, body=octets, reliable=reliable, fork=party)

    def accept(
        self,
        now: float,
        *,
        party: str = "",
        prefer: str | None = None,
        willing: Told = Direction.SENDRECV,
        headers: Fields = (),
        parts: tuple[Part, ...] = (),
    ) -> None:
        """Answer the call for `party`. Without an offer from the peer we make ours, and its ACK brings the answer."""
        said, party = self._said, self._shown(party)
        body = b""
        if party not in said.given:
            body = bytes(said.answer(prefer, willing) if said.has_offer else said.offer_back(willing))
        elif said.has_offer:
            said.told = said.given[party]
        fields, octets = self._filled(body, headers, parts)
        self.user.session.accept(now, headers=fields, body=octets, fork=party)

    def refuse(self, cause: Cause, now: float, parts: tuple[Part, ...] = ()) -> None:
        """Let the caller hear the status of the cause, and the `parts` of the other side's last word."""
        leg, content = self.user, loaded(b"", parts, self._draw)
        reason = (cause.header(),) if leg.terms.identity.reason_in_responses else ()
        headers = (*reason, *self._remarks, *leg.voice.server, *content.headers)
        if cause.reply_status == 503:  # an ITSP may use another site meanwhile
            headers = (("Retry-After", str(RETRY_AFTER_S)), *headers)
        leg.session.reject(cause.reply_status, now, headers=headers, body=content.octets)

    def redirect(self, cause: Cause, uris: tuple[str, ...], now: float) -> None:
        """Refuse the call and name the numbers to call instead, at our own host (RFC 3261 section 21.3)."""
        leg = self.user
        written = (translated(parse_uri(uri), leg.terms.numbers.called_out) for uri in uris)
        numbers = dict.fromkeys(map(number_of, written))
        users = (number if is_number(number) else escaped(number) for number in numbers if number)
        contacts = tuple(("Contact", f"<sip:{user}@{leg.voice.place}>") for user in users)
        if leg.session.stage is Stage.RECEIVED and contacts:
            leg.session.reject(cause.status, now, headers=(*contacts, *leg.voice.server))
        else:
            leg.hang_up(cause, now)

    def _filled(self, sdp: bytes, headers: Fields, parts: tuple[Part, ...]) -> tuple[Fields, bytes]:
        """The header fields and the body of a response that is no refusal."""
        voice, content = self.user.voice, loaded(sdp, parts, self._draw)
        return (*voice.abilities, *headers, *voice.server, *content.headers), content.octets

    def _shown(self, party: str) -> str:
        """The party whose early dialog the caller sees for this one: itself, or the last where there are too many."""
        if not session_of(self._invite):
            return ""  # who has made no offer gets ours once, in one dialog
        if party not in self._parties:
            if len(self._parties) >= self.user.terms.early_media.max_early_dialogs:
                return self._parties[-1]
            self._parties.append(party)
        return party
