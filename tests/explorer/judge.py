"""What is to be true in the end, whatever the order: parties that agree, and a server that knows of it and no more."""

from mediation.b2bua.outputs import Fact
from mediation.b2bua.plan import FaxPlan
from tests.explorer.explored import Explored
from tests.explorer.monitor import Monitor
from tests.explorer.user_agent import UserAgent
from tests.explorer.wire import FAX, MIRROR

SEATS = ("caller", "callee")


class Judge:
    """Of one ordering."""

    def __init__(self, world: Explored, parties: dict[str, UserAgent], monitor: Monitor) -> None:
        self._world = world
        self._parties = parties
        self._monitor = monitor
        self.forgiven: set[str] = set()
        """Parties that wait for a 2xx that was lost."""

    def views(self) -> dict[str, str]:
        """What each party holds of the call."""
        return {name: self._view(name) for name in self._parties}

    def _view(self, name: str) -> str:
        """What a party holds of the call.

        Known, and forgiven: the server repeats no 2xx behind a BYE. Where the 2xx was lost, and the INVITE had heard a
        provisional response before, its sender waits for ever (RFC 3261 section 13.3.1.4 would have it repeated).
        """
        view = self._parties[name].view
        if view == "waits for an answer to INVITE" and self._monitor.unheard(name):
            self.forgiven.add(name)
            return "ended"
        return view

    def disagreements(self, views: dict[str, str]) -> list[str]:
        """What they do not agree about, by what each of them holds."""
        talking = [name for name, view in views.items() if view == "confirmed"]
        others = [view for view in views.values() if view not in ("confirmed", "ended", "none")]
        if len(talking) == 2 and not others:
            return self._cross_talk(*talking)
        if not talking and not others and views["caller"] == "ended":
            return ["the call is over for all, and not for the server"] if self._world.engine.calls else []
        return [f"no agreement: {', '.join(f'{name} {view}' for name, view in views.items())}"]

    def _cross_talk(self, one: str, other: str) -> list[str]:
        """What one sends, the other must hear, and nothing else."""
        if not self._world.engine.calls:
            return ["both parties talk through a server that knows of no call"]
        does, heard = (self._parties[name].audio.does for name in (one, other))
        past_us = {self._speaks_past_us(one, other), self._speaks_past_us(other, one)}
        if past_us != {bool(self._world.engine.bypassed)}:
            return ["not both parties send their audio where the server holds that they do"]
        if past_us == {False}:
            plan = self._world.media.in_force
            for name in (one, other):
                media = plan.caller if self.seat(name, [one, other]) == "caller" else plan.callee
                if media.remote != self._parties[name].audio.hears_at:
                    return [f"what the {name} should hear goes to {media.remote}"]
            if isinstance(plan, FaxPlan) is not (does == FAX):
                return [f"media do not do what both have agreed on: {does} and {heard}"]
        return (
            []
            if does == MIRROR[heard]
            else [f"the audio of the {one} is {does}, that of the {other} {heard}"]
        )

    def _speaks_past_us(self, one: str, other: str) -> bool:
        return self._parties[one].audio.speaks_to == self._parties[other].audio.hears_at

    @staticmethod
    def seat(name: str, talking: list[str]) -> str:
        """As whom the server knows one of two who talk: whoever was transferred to sits where nobody else does."""
        if name in SEATS:
            return name
        return next(seat for seat in SEATS if seat not in talking)

    def sum_up(self, faults: list[str], closed_by: str) -> list[str]:
        """These faults, and all others."""
        faults = list(faults)
        for party in self._parties.values():
            faults += party.faults
        faults += self._monitor.faults
        faults += self._monitor.sum_up()
        faults += [_told(fact) for fact in self._world.facts if fact.name in ("call.broke", "engine.broke")]
        try:
            self._world.check()
        except AssertionError as error:
            faults.append(str(error).partition("\n")[0])
        if len(self._world.records) != 1:
            faults.append(f"{len(self._world.records)} call records")
        elif closed_by:
            record = self._world.record
            if record.answered is None or record.hung_up_by != closed_by:
                faults.append(f"the record says {record.cause.reason}, ended by {record.hung_up_by}")
        return faults


def _told(fact: Fact) -> str:
    return f"{fact.name}: {str(fact.fields.get('traceback', '')).strip().splitlines()[-1]}"
