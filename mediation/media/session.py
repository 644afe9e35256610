"""One call's media: pairs of ports, two seats with a party each, the two directions between, and the plan in force.

A seat is the caller's or the callee's; a plan says which pair each one has. A party that gives up its seat to
another one (a transfer) leaves its pair behind, which swallows what comes.
"""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Final

from mediation.b2bua.media_facts import KeyHeard, MediaAmiss, MediaClosed, MediaSilent, SoundEnded
from mediation.b2bua.plan import Endpoint, Fax, FaxPlan, MediaPlan, Stream
from mediation.b2bua.sounds import SoundKind
from mediation.media.alarms import LOOK_INTERVAL, News
from mediation.media.clock import CLOCK_HZ, NEVER
from mediation.media.compiled import LARGEST
from mediation.media.orphans import Sign
from mediation.media.party import Party, Watcher
from mediation.media.playing import Playing
from mediation.media.ports import PortPair
from mediation.media.relay import Relay
from mediation.media.rtcp import interval_s
from mediation.media.shelf import Shelf
from mediation.media.srtp import Protection
from mediation.media.tap import Tap
from mediation.media.tape import Tape
from mediation.media.voice import Voice
from mediation.media.wide_plan import Ways, inside
from mediation.rtp.rewrite import Rewrite

Chance = Callable[[], float]
"""A number from 0 to below 1, as `random.random` gives it."""


class Session:
    """From OpenMedia to CloseMedia. Times are whole numbers of the media clock, which only goes forward."""

    __slots__ = (
        "_applied_at",
        "_call",
        "_chance",
        "_look_at",
        "_on_fact",
        "_pairs",
        "_parties",
        "_plan",
        "_playing",
        "_protections",
        "_relays",
        "_report_at",
        "_rtcp_interval_s",
        "_seats",
        "_shelf",
        "_silent_at",
        "_tap",
        "_tape",
        "_told_silent",
        "_voices",
        "_watcher",
    )  # fmt: skip

    def __init__(
        self,
        call: str,
        pairs: tuple[PortPair, PortPair],
        watcher: Watcher,
        on_fact: Callable[[MediaSilent | MediaAmiss | KeyHeard | SoundEnded], None],
        *,
        chance: Chance,
        rtcp_interval_s: float,
        seats: tuple[int, int] = (0, 1),
        shelf: Shelf = MappingProxyType({}),
        tape: Tape | None = None,
        ways: Ways | None = None,
    ) -> None:
        """`pairs`: the caller's and the callee's, which have the numbers of `seats`. `shelf` has what may be played,
        `tape` leads to the recorder, `ways` are for wide codecs.

        Nothing is relayed before the first plan.
        """
        self._call = call
        self._chance = chance
        self._on_fact = on_fact
        self._rtcp_interval_s = rtcp_interval_s
        self._watcher = watcher
        self._pairs = dict(zip(seats, pairs, strict=True))
        self._voices = {number: self._voice() for number in seats}
        self._protections = {number: Protection() for number in seats}
        self._seats = seats
        self._relays = tuple(
            Relay(self._voices[seats[1 - seat]], partial(self._key_heard, seat), watcher.remind, ways)
            for seat in _BOTH
        )
        self._parties = [self._party(seat) for seat in _BOTH]
        self._plan: MediaPlan | FaxPlan | None = None
        self._applied_at = 0
        self._told_silent = [False, False]
        self._silent_at = [NEVER, NEVER]
        """When silence may have lasted too long; what was heard meanwhile puts it off."""
        self._report_at = [NEVER, NEVER]
        self._look_at = NEVER
        self._shelf = shelf
        self._tape = tape
        self._tap: Tap | None = None
        self._playing: list[Playing | None] = [None, None]

    def add_pair(self, number: int, pair: PortPair) -> None:
        """One more pair, for a party that may take a seat. Until then it swallows what comes."""
        self._pairs[number] = pair
        self._voices[number] = self._voice()
        self._protections[number] = Protection()
        self._swallow(pair)

    def remove_pair(self, number: int) -> PortPair:
        """Stop listening to a pair. It is still bound: the owner's again. ValueError: it is in use, or none."""
        if number in self._seats or number not in self._pairs:
            raise ValueError(f"pair {number} cannot be closed: open {[*self._pairs]}, in use {self._seats}")
        # No RTCP BYE (RFC 3550 section 6.6): signalling has let the party go, or it never had a seat.
        del self._voices[number], self._protections[number]
        pair = self._pairs.pop(number)
        self._forget(pair)
        return pair

    @property
    def pairs(self) -> Mapping[int, PortPair]:
        """All that are open, by number."""
        return self._pairs

    def apply(self, plan: MediaPlan | FaxPlan, now: int) -> None:
        """Put a plan in force. One that equals the one in force changes nothing.

        ValueError: one of its pairs is not open; then nothing has changed.
        """
        if isinstance(plan, MediaPlan):
            plan = inside(plan)
        before = self._plan
        if plan == before:
            return
        seats = (plan.caller_pair, plan.callee_pair)
        if not self._pairs.keys() >= set(seats):
            raise ValueError(f"a plan on pairs {seats}: open {[*self._pairs]}")
        self._plan = plan
        if seats != self._seats:
            self._change_seats(seats)
        caller, callee = self._parties
        if isinstance(plan, MediaPlan):
            self._record(plan)
            from_caller, from_callee = self._relays
            from_caller.configure(plan.caller, plan.callee)
            from_callee.configure(plan.callee, plan.caller)
        else:
            for relay in self._relays:
                relay.rest()
        caller.apply(plan.caller, now)
        callee.apply(plan.callee, now)
        for seat, media in enumerate((plan.caller, plan.callee)):
            self._play(seat, media, now)
        self._applied_at = now
        self.tell_silence_again()
        if isinstance(plan, FaxPlan):
            self._look_at = NEVER
            for index in _BOTH:
                self._tell(index, self._parties[index].stand_down(now))
        elif self._look_at == NEVER:
            self._look_at = now + LOOK_INTERVAL
        if before is None:
            self._report_at = [self._next_report(now, first=True), self._next_report(now, first=True)]

    def next_deadline(self) -> int | None:
        """When `handle_timeout` has something to do; None: not before another plan."""
        first, second = self._relays
        deadline = min(self._look_at, *self._report_at, *self._silent_at, first.deadline, second.deadline)
        for playing in self._playing:
            if playing is not None:
                deadline = min(deadline, playing.next_at)
        return None if deadline == NEVER else deadline

    def handle_timeout(self, now: int) -> None:
        """Play what is due, look how audio fares, send the reports and keys that are, and say who has gone silent."""
        for relay in self._relays:
            relay.handle_timeout(now)
        if self._look_at <= now:
            self._look_at = now + LOOK_INTERVAL
            watched = isinstance(self._plan, MediaPlan) and self._plan.watched
            for index in _BOTH:
                self._tell(index, self._parties[index].look(now, self._applied_at, watched=watched))
                self._silent_at[index] = self._too_silent_at(index)
        for index in _BOTH:
            playing = self._playing[index]
            if playing is not None and playing.next_at <= now and playing.play(now):
                self._on_fact(SoundEnded(self._call, caller=index == 0))
            if self._report_at[index] <= now:
                self._parties[index].report(now)
                self._report_at[index] = self._next_report(now, first=False)
            if self._silent_at[index] <= now:
                due = self._silent_at[index] = self._too_silent_at(index)
                if due <= now:
                    self._told_silent[index], self._silent_at[index] = True, NEVER
                    self._on_fact(MediaSilent(self._call, caller=index == 0))

    @property
    def signs(self) -> tuple[Sign, Sign]:
        """When each party was heard last, and whether it has said that it leaves; the caller first."""
        caller, callee = self._parties
        return Sign(caller.heard, caller.reporting.has_left), Sign(callee.heard, callee.reporting.has_left)

    def tell_silence_again(self) -> None:
        """Whoever was told may not have heard it."""
        self._told_silent = [False, False]
        self._silent_at = [self._too_silent_at(index) for index in _BOTH]

    def stop_recording(self) -> None:
        """The recorder that knew of this call is gone."""
        if self._tap is not None:
            self._tap.close()
        for relay in self._relays:
            relay.tap = None
        self._tap = None

    def press(self, seat: int, key: str, duration_ms: int, now: int) -> None:
        """Let the party in a seat hear a key that signalling has heard of the other one."""
        self._relays[1 - seat].press(key, duration_ms, now)

    def close(self, now: int) -> MediaClosed:
        """Say goodbye by RTCP and stop listening. All pairs are still bound: the owner's again."""
        caller, callee = self._parties
        if self._plan is not None:
            caller.report(now, leaving=True)
            callee.report(now, leaving=True)
        self.stop()
        unrecorded = 0 if self._tap is None else self._tap.dropped
        return MediaClosed(self._call, caller.figures(now), callee.figures(now), unrecorded)

    def stop(self) -> None:
        """Stop listening, without a word."""
        if self._tap is not None:
            self._tap.close()
        for party in self._parties:
            party.close()
        for relay in self._relays:
            relay.close()
        for number, pair in self._pairs.items():
            if number not in self._seats:
                self._forget(pair)

    def _tell(self, index: int, news: News) -> None:
        for what, over in news:
            self._on_fact(MediaAmiss(self._call, index == 0, what, over))

    def _change_seats(self, seats: tuple[int, int]) -> None:
        """Let other parties sit down. A seat that keeps its pair keeps its party."""
        changed = [seat for seat in _BOTH if seats[seat] != self._seats[seat]]
        for seat in changed:  # all of them before one sits down: two may change places
            self._parties[seat].close()
            self._swallow(self._pairs[self._seats[seat]])
        self._seats = seats
        for seat in _BOTH:
            self._stop_playing(seat)
        for seat in changed:
            _empty(self._pairs[seats[seat]])
            self._relays[seat].source_replaced()
            self._relays[1 - seat].sink_replaced(self._voices[seats[seat]])
            self._parties[seat] = self._party(seat)

    def _record(self, plan: MediaPlan) -> None:
        """Let the recorder have what comes from now on, where that is wanted."""
        order = plan.recording
        if order is None or self._tape is None:
            return
        if self._tap is None:
            self._tap = Tap(self._call, self._tape, self._whereabouts, everything=order.pcap)
            for seat in _BOTH:
                self._relays[seat].tap = self._tap.of(seat)
        streams = plan.caller, plan.callee
        for relay, stream, across in zip(self._relays, streams, reversed(streams), strict=True):
            if relay.tap is not None:
                relay.tap.follow(stream, heard=across.plays is None or across.plays.gives_way)

    def _whereabouts(self) -> tuple[tuple[Endpoint | None, Endpoint], ...]:
        """See `tap`."""
        pairs = [self._pairs[number] for number in self._seats]
        (rtp, rtcp), (other_rtp, other_rtcp) = (party.whereabouts for party in self._parties)
        ours = [(pair.host, pair.port) for pair in pairs]
        ours_rtcp = [(pair.host, pair.port + 1) for pair in pairs]
        return (rtp, ours[0]), (other_rtp, ours[1]), (rtcp, ours_rtcp[0]), (other_rtcp, ours_rtcp[1])

    def _key_heard(self, seat: int, key: str, duration_ms: int) -> None:
        self._on_fact(KeyHeard(self._call, seat == 0, key, duration_ms))

    def _party(self, seat: int) -> Party:
        number = self._seats[seat]
        inward, outward = self._relays[seat], self._relays[1 - seat]
        cname, protection = self._voices[number].cname, self._protections[number]
        return Party(self._pairs[number], self._watcher, inward, outward, cname, protection)

    def _swallow(self, pair: PortPair) -> None:
        """Let nothing gather on a pair that nobody sits at: what is old must not be heard later."""
        for sock in (pair.rtp, pair.rtcp):
            self._watcher.watch(sock, partial(_swallow, sock))

    def _forget(self, pair: PortPair) -> None:
        self._watcher.forget(pair.rtp)
        self._watcher.forget(pair.rtcp)

    def _play(self, seat: int, media: Stream | Fax, now: int) -> None:
        """Let a party hear what the plan wants it to hear of ours. A sound that it hears already goes on."""
        playing = self._playing[seat]
        sound = media.plays if isinstance(media, Stream) and media.takes else None
        if playing is not None and playing.sound == sound and isinstance(media, Stream):
            playing.follow(media)
            return
        self._stop_playing(seat)
        if isinstance(media, Stream) and sound is not None and sound in self._shelf:
            self._playing[seat] = Playing(sound, self._shelf[sound], self._relays[1 - seat], media, now)
        elif sound is not None and sound.kind is SoundKind.ANNOUNCEMENT:
            self._on_fact(SoundEnded(self._call, caller=seat == 0))

    def _stop_playing(self, seat: int) -> None:
        playing, self._playing[seat] = self._playing[seat], None
        if playing is not None:
            playing.stop()

    def _too_silent_at(self, index: int) -> int:
        """When a party's silence will have lasted too long; once it has been told, it never does."""
        party, plan = self._parties[index], self._plan
        media = party.media
        if not isinstance(media, Stream) or not isinstance(plan, MediaPlan) or self._told_silent[index]:
            return NEVER
        if not media.sends and party.reporting.heard < 0:
            return NEVER  # it owes us nothing, and has never sent more than that
        heard = party.heard
        if not (media.sends and media.takes) and media.plays is None:
            limit_s = plan.hold_silence_s
        elif heard < 0 and plan.first_silence_s is not None:
            limit_s = plan.first_silence_s
        else:
            limit_s = plan.silence_s
        return max(heard, self._applied_at) + int(limit_s * CLOCK_HZ) if limit_s else NEVER

    def _next_report(self, now: int, *, first: bool) -> int:
        return now + max(1, int(interval_s(self._rtcp_interval_s, self._chance, first=first) * CLOCK_HZ))

    def _voice(self) -> Voice:
        """Random where RFC 3550 section 5.1 wants it: SSRC, first sequence number, first timestamp.

        The first number is in the lower half, so that with SRTP nobody who misses the beginning misses that the numbers
        have begun anew (RFC 4568 section 6.4.1).
        """
        return Voice(Rewrite(self._drawn(32), self._drawn(15), self._drawn(32)), self._cname())

    def _cname(self) -> str:
        """96 bits by chance (RFC 7022 section 5)."""
        return f"{self._drawn(48):012x}{self._drawn(48):012x}"

    def _drawn(self, bits: int) -> int:
        return int(self._chance() * (1 << bits))


_BOTH: Final = (0, 1)
"""The seats, the caller's first."""


MAX_GATHERED: Final = 512
"""Datagrams that may have gathered on a socket since it was served last; the kernel keeps fewer small ones."""


def _empty(pair: PortPair) -> None:
    """What came before the party had its seat is not heard."""
    for sock in (pair.rtp, pair.rtcp):
        with suppress(OSError):  # none is left
            for _ in range(MAX_GATHERED):
                sock.recv(LARGEST)


def _swallow(sock: socket.socket, _now: int) -> None:
    with suppress(OSError):  # none after all
        sock.recv(LARGEST)
