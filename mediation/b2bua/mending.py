"""What a bug of ours costs: one call, on both its legs, and no other; or one registration, which begins anew.

What broke may break again while it is ended: then it is ended by force, and in the end forgotten.
"""

from collections.abc import Callable
from traceback import format_exception

from mediation.b2bua import causes
from mediation.b2bua.call import Call
from mediation.b2bua.causes import Cause
from mediation.b2bua.joining import BothBroke
from mediation.b2bua.outputs import Fact, Level, Output
from mediation.b2bua.reception import Reception
from mediation.sip.registration import Registration


class Mending:
    """Of one engine."""

    def __init__(self, reception: Reception, emit: Callable[[Output], None]) -> None:
        self._reception = reception
        self._emit = emit

    def broke(self, error: Exception, now: float, *users: object) -> None:
        """Something of ours raised while it served `users`: end their call, or both where it says that two are met."""
        both = error.calls if isinstance(error, BothBroke) else ()
        found = (self._call_of(user) for user in (*users, *both))
        calls = list(dict.fromkeys(call for call in found if call is not None))
        for call in calls:
            self._break_off(call, error, now)
        if not calls:
            self._tell("engine.broke", error)
        for user in users:
            if isinstance(user, Registration):
                self._restart(user, now)

    def abort(self, call: Call, cause: Cause, now: float) -> None:
        """End a call by force, and forget it whatever comes of that."""
        try:
            call.abort(cause, now)
        except Exception as error:  # noqa: BLE001 -- there is nothing left to try
            self._tell("call.stuck", error, call=call.id)
            self._reception.forget(call)

    def _call_of(self, user: object) -> Call | None:
        """The call that somebody works for: errand, change, session and leg each know theirs."""
        while not isinstance(user, Call) and user is not None:
            user = getattr(user, "user", None)
        return user if isinstance(user, Call) and user.id in self._reception.calls else None

    def _break_off(self, call: Call, error: Exception, now: float) -> None:
        self._tell("call.broke", error, call=call.id)
        if call.broken:
            self.abort(call, causes.INTERNAL_ERROR, now)
            return
        try:
            call.break_off(now)
        except Exception:  # noqa: BLE001 -- what broke may break again
            self.abort(call, causes.INTERNAL_ERROR, now)

    def _restart(self, registration: Registration, now: float) -> None:
        try:
            registration.break_off(now)
        except Exception as error:  # noqa: BLE001 -- what broke may break again
            registration.abandon()
            self._tell("registration.stuck", error)

    def _tell(self, name: str, error: Exception, **fields: object) -> None:
        """A bug of ours, with where it is."""
        self._emit(Fact(name, Level.ERROR, {**fields, "traceback": "".join(format_exception(error))}))
