"""In no order of events a stranger hears a party or is heard for one, beyond what its mode of latching says."""

import socket

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from mediation.media.latching import QUIET, RENEWAL, WINDOW
from mediation.media.rtcp import build as build_report
from mediation.settings.peer_media import Latching
from tests.unit.media.attacked import OTHER_SSRC, SSRC, Attacked
from tests.unit.media.circuit import heard


class Attack(RuleBasedStateMachine):
    """A party that sends from where it says, and a stranger that sees whatever it likes."""

    latching = Latching.OFF

    @initialize()
    def describe(self) -> None:
        self.call = Attacked(self.latching)
        self.next = 0
        self.sends, self.event, self.elsewhere = True, 101, False
        self.call.name()
        self._named()

    def _named(self) -> None:
        """Signalling has named another endpoint: whoever had been heard counts no more."""
        self.in_a_row = 0
        self.is_ours, self.was_heard = True, False
        self.safe_until = self.call.now + WINDOW
        self.spoke_at = -QUIET

    @property
    def party(self) -> socket.socket:
        return self.call.roamed if self.elsewhere else self.call.caller

    @property
    def is_safe(self) -> bool:
        """Whether the mode promises that no stranger gets in now."""
        if not self.latching.learns or not self.sends:
            return True
        return self.in_a_row >= 2 or self.call.now < self.safe_until

    def _describe(self) -> None:
        sock = self.party
        self.call.name(self.call.description(sock, sends=self.sends, event=self.event))

    @rule()
    def speak(self) -> None:
        if self.sends:
            self.call.send(self.party, self.next, 1)
            self.next += 1
            self.in_a_row += 1
            self.spoke_at = self.call.now
            if self.in_a_row >= 2:
                self.is_ours = self.was_heard = True
                heard(self.call.callee)

    @rule(units=st.sampled_from([160, 1000, QUIET, WINDOW, RENEWAL, 60 * 8000]))
    def wait(self, units: int) -> None:
        self.call.pass_time(units)

    @rule()
    def refresh(self) -> None:
        self._describe()

    @rule()
    def change(self) -> None:
        self.event = 98 + (self.event + 1) % 8
        self._describe()
        self._renewed()

    @rule()
    def hold_or_resume(self) -> None:
        self.sends = not self.sends
        self._describe()
        self._renewed()

    def _renewed(self) -> None:
        """The party comes first again, unless a stranger had been first; what it takes back, it takes from now on."""
        self.in_a_row = 0
        if self.is_ours:
            self.safe_until = self.call.now + (RENEWAL if self.was_heard else WINDOW)

    @rule()
    def move(self) -> None:
        self.elsewhere = not self.elsewhere
        self.next = 1000 - self.next % 1000
        self._describe()
        self._named()

    @rule(count=st.integers(1, 5), number=st.integers(0, 3), knows=st.booleans())
    def inject(self, count: int, number: int, knows: bool) -> None:
        """With the party's own SSRC and numbers as well, unless it is silent where these prove it the party."""
        if self.latching is Latching.CONTINUOUS and self.call.now - self.spoke_at >= QUIET:
            knows = False
        heard(self.call.callee)
        self.call.send(self.call.stranger, self.next + number, count, SSRC if knows else OTHER_SSRC)
        if self.is_safe:
            assert self.call.is_heard() == set()
        else:
            self.is_ours = False

    @rule()
    def inject_reports(self) -> None:
        to = self.call.pairs[0].host, self.call.pairs[0].port
        for port in (to[1], to[1] + 1):
            self.call.stranger.sendto(
                build_report(SSRC, "a@b", ntp=1, sender=None, block=None, leaving=True), (to[0], port)
            )
        self.call.serve_now()

    @rule()
    def listen(self) -> None:
        hearers = self.call.hearers()
        assert len(hearers) <= 1
        if self.is_safe and self.sends:
            assert "stranger" not in hearers

    def teardown(self) -> None:
        if hasattr(self, "call"):
            self.call.clean_up()


@pytest.mark.parametrize("latching", Latching, ids=str)
def test_in_no_order_of_events_a_stranger_gets_more_than_the_mode_says(latching: Latching) -> None:
    machine = type("AttackOn", (Attack,), {"latching": latching})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
