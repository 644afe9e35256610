"""Flow 9: what registration means for calls, out and in (RFC 3261 section 10, RFC 3608, RFC 6140, SIPconnect)."""

import pytest

from mediation.settings.peers import Side
from mediation.settings.registration import CalledNumber
from mediation.settings.routes import Route
from mediation.settings.trunks import Trunk
from tests.flows.pair import Make
from tests.flows.peers import CALLED, Peer
from tests.flows.registrar import NUMBER, Registrar, registering, registering_settings
from tests.flows.scenery import FRONT_END, OTHER_SBC, OUTSIDE, SBC, THIRD_SBC, settings, trunk
from tests.flows.world import World

DID = "+49308888042"


class Line:
    """A front end, and SBCs at which the trunk is registered or not."""

    def __init__(self, world: World, *hosts: str) -> None:
        self.world = world
        self.front_end = Peer(world, Side.FRONT_END, FRONT_END)
        self.registrars = [Registrar(world, host) for host in hosts or (SBC,)]
        self.sbcs = [registrar.peer for registrar in self.registrars]
        world.begin()

    def registers(self, at: int = 0, headers: str = "") -> None:
        """Those before have failed, and this one grants it."""
        for registrar in self.registrars[:at]:
            registrar.asked()
            registrar.says(503)
        self.registrars[at].asked()
        self.registrars[at].grants(headers=headers)

    def registers_at(self, at: int) -> None:
        """This one grants it."""
        heard = self.sbcs[at].heard()
        assert heard[-1] == "REGISTER"
        self.registrars[at].grants()

    def calls(self, at: int = 0) -> None:
        """The front end calls by this SBC, and hangs up."""
        self.front_end.invites()
        assert self.sbcs[at].heard() == ["INVITE"]
        self.sbcs[at].says(200, sdp=self.sbcs[at].sdp())
        self.front_end.acks()
        self.front_end.hangs_up()
        self.sbcs[at].heard()

    def is_called(self, uri: str, headers: str = "", *, called: str = CALLED) -> str:
        """The SBC calls this URI; the number that the front end hears is returned, and the call is over."""
        self.sbcs[0].heard(), self.front_end.heard()
        self.sbcs[0].invites(called, uri=uri, headers=headers)
        request = self.front_end.request("INVITE")
        assert str(request.to.uri) == request.request_uri.replace(";user=phone", "")
        self.front_end.says(486)
        return request.request_uri.removeprefix("sip:").partition("@")[0]


# calls out


def test_a_trunk_that_is_not_registered_gets_no_calls__flow_9(make: Make) -> None:
    line = Line(make(registering_settings()))
    line.registrars[0].asked()
    line.registrars[0].says(403)
    line.front_end.invites()
    assert line.front_end.heard() == ["100", "503"]
    assert line.sbcs[0].heard() == []
    assert line.world.record.cause.reason == "not-registered"


def test_messages_neither(make: Make) -> None:
    line = Line(make(registering_settings()))
    line.registrars[0].asked()
    line.registrars[0].says(403)
    line.front_end.asks("MESSAGE", uri=f"sip:{CALLED}@10.1.1.10")
    assert line.front_end.heard() == ["503 MESSAGE"]
    assert line.sbcs[0].heard() == []


def test_a_trunk_that_is_registered_gets_them(make: Make) -> None:
    line = Line(make(registering_settings()))
    line.registers()
    line.calls()


def test_calls_may_go_without_where_that_is_set(make: Make) -> None:
    line = Line(make(registering_settings(required=False)))
    line.registrars[0].asked()
    line.registrars[0].says(500)
    line.calls()


def test_calls_go_on_while_a_renewal_fails(make: Make) -> None:
    line = Line(make(registering_settings()))
    line.registers()
    line.registrars[0].waits(3600)
    line.registrars[0].asked()
    line.registrars[0].says(500)
    line.calls()


@pytest.mark.parametrize("required", [True, False])
def test_calls_follow_the_target_that_holds_the_registration__features_c7(make: Make, required: bool) -> None:
    line = Line(make(registering_settings(SBC, OTHER_SBC, required=required)), SBC, OTHER_SBC)
    line.registers(at=1)
    line.calls(at=1)


def test_and_go_to_the_others_of_the_trunk_when_it_fails(make: Make) -> None:
    line = Line(make(registering_settings(SBC, OTHER_SBC)), SBC, OTHER_SBC)
    line.registers(at=1)
    line.front_end.invites()
    assert line.sbcs[1].heard() == ["INVITE"]
    line.sbcs[1].says(503)
    assert line.sbcs[0].heard() == ["INVITE"]
    line.sbcs[0].says(486)
    assert line.front_end.heard() == ["100", "486"]


def test_a_call_that_does_not_reach_the_holder_has_the_registration_moved(make: Make) -> None:
    line = Line(make(registering_settings(SBC, OTHER_SBC)), SBC, OTHER_SBC)
    line.registers()
    line.world.advance(100)
    line.sbcs[0].dead = True
    line.front_end.invites()
    assert line.sbcs[1].heard() == ["INVITE"]
    line.sbcs[1].says(486)
    line.world.advance(0)
    line.registers_at(1)
    line.calls(at=1)


def backed_up() -> tuple[Trunk, Trunk]:
    return registering(SBC), trunk("itsp-b", THIRD_SBC)


def test_the_next_trunk_of_the_route_gets_the_call_of_one_that_is_not_registered(make: Make) -> None:
    line = Line(make(settings(*backed_up(), routes=(Route(trunks=("itsp-a", "itsp-b")),))))
    spare = Peer(line.world, Side.GATEWAY, THIRD_SBC)
    line.registrars[0].asked()
    line.registrars[0].says(403)
    line.front_end.invites()
    assert spare.heard() == ["INVITE"]
    assert line.sbcs[0].heard() == []
    spare.says(486)


def test_registration_does_not_change_the_order_of_the_trunks(make: Make) -> None:
    line = Line(make(settings(*backed_up(), routes=(Route(trunks=("itsp-b", "itsp-a")),))))
    spare = Peer(line.world, Side.GATEWAY, THIRD_SBC)
    line.registers()
    line.front_end.invites()
    assert spare.heard() == ["INVITE"]
    spare.says(503)
    assert line.sbcs[0].heard() == ["INVITE"]
    line.sbcs[0].says(486)


# Service-Route

ROUTE = "<sip:edge.itsp.example;lr>, <sip:core.itsp.example:5070;lr>"


def test_calls_take_the_route_that_the_registrar_has_named__rfc3608_6_1(make: Make) -> None:
    line = Line(make(registering_settings()))
    line.registers(headers=f"Service-Route: {ROUTE}\r\nPath: <sip:edge.itsp.example;lr>\r\n")
    line.front_end.invites()
    invite = line.sbcs[0].request("INVITE")
    assert [str(route) for route in invite.routes] == ROUTE.split(", ")
    line.sbcs[0].says(486)
    ack = line.sbcs[0].request("ACK")
    assert ack.routes == invite.routes
    line.front_end.asks("MESSAGE", uri=f"sip:{CALLED}@10.1.1.10")
    assert line.sbcs[0].request("MESSAGE").routes == invite.routes
    line.sbcs[0].says(200, to="MESSAGE")


@pytest.mark.parametrize(
    "route", ["<sip:strict.itsp.example>", "<sip:broken", "<tel:+49>", ", ".join(["<sip:a.example;lr>"] * 9)]
)
def test_a_route_that_cannot_be_taken_is_left_out(make: Make, route: str) -> None:
    line = Line(make(registering_settings()))
    line.registers(headers=f"Service-Route: {route}\r\n")
    line.front_end.invites()
    assert line.sbcs[0].request("INVITE").routes == ()
    line.sbcs[0].says(486)


def test_no_route_is_taken_where_that_is_set_or_to_another_target(make: Make) -> None:
    line = Line(make(registering_settings(service_route=False)))
    line.registers(headers=f"Service-Route: {ROUTE}\r\n")
    line.front_end.invites()
    assert line.sbcs[0].request("INVITE").routes == ()
    line.sbcs[0].says(486)
    line = Line(make(registering_settings(SBC, OTHER_SBC)), SBC, OTHER_SBC)
    line.registers(headers=f"Service-Route: {ROUTE}\r\n")
    line.front_end.invites()
    line.sbcs[0].says(503)
    assert line.sbcs[1].request("INVITE").routes == ()
    line.sbcs[1].says(486)


def test_identities_that_come_along_are_counted__rfc7315_4_1(make: Make) -> None:
    line = Line(make(registering_settings()))
    line.registers(headers=f"P-Associated-URI: <sip:{NUMBER}@itsp.example>, <tel:{DID}>\r\n")
    (fact,) = [fact for fact in line.world.facts if fact.name == "trunk.registered"]
    assert fact.fields["associated"] == 2


# calls in


def called(make: Make, **how: object) -> Line:
    line = Line(make(registering_settings(**how)))
    line.registrars[0].asked()
    line.registrars[0].says(403)  # calls come in all the same
    return line


@pytest.mark.parametrize("user", [f"{NUMBER}@", ""])
def test_a_call_to_our_contact_is_for_the_number_in_to__sipconnect(make: Make, user: str) -> None:
    line = called(make)
    assert line.is_called(f"sip:{user}{OUTSIDE}:5060", called=DID) == DID


def test_or_in_p_called_party_id__rfc7315_4_2(make: Make) -> None:
    line = called(make)
    headers = f"P-Called-Party-ID: <sip:{DID}@itsp.example>\r\n"
    assert line.is_called(f"sip:{NUMBER}@{OUTSIDE}:5060", headers, called="+4911") == DID


def test_one_that_cannot_be_read_does_not_count(make: Make) -> None:
    line = called(make)
    headers = "P-Called-Party-ID: <sip:broken\r\n"
    assert line.is_called(f"sip:{NUMBER}@{OUTSIDE}:5060", headers, called=DID) == DID


def test_a_call_to_a_number_is_for_that_number_whatever_to_says(make: Make) -> None:
    line = called(make)
    assert line.is_called(f"sip:{DID}@{OUTSIDE}:5060", called="+4911") == DID


def test_a_contact_of_our_own_choice_is_known_again(make: Make) -> None:
    line = called(make, contact_user="office")
    assert line.is_called(f"sip:office@{OUTSIDE}:5060", called=DID) == DID
    assert line.is_called(f"sip:{NUMBER}@{OUTSIDE}:5060", called=DID) == NUMBER


def test_with_bulk_registration_the_number_stands_in_the_request_uri__rfc6140_7_1(make: Make) -> None:
    line = called(make, bulk=True)
    assert line.is_called(f"sip:{DID}@{OUTSIDE}:5060", called="+4911") == DID


def test_where_the_number_stands_can_be_set(make: Make) -> None:
    line = called(make, called_number=CalledNumber.REQUEST_URI)
    assert line.is_called(f"sip:{NUMBER}@{OUTSIDE}:5060", called=DID) == NUMBER
    line = called(make, called_number=CalledNumber.TO)
    assert line.is_called(f"sip:+4911@{OUTSIDE}:5060", called=DID) == DID


def test_a_trunk_that_does_not_register_is_asked_by_its_request_uri_alone(make: Make) -> None:
    line = Line(make(settings()))
    assert line.is_called(f"sip:{NUMBER}@{OUTSIDE}:5060", called=DID) == NUMBER


def test_messages_to_our_contact_are_for_the_number_too(make: Make) -> None:
    line = called(make)
    line.sbcs[0].asks(
        "MESSAGE",
        uri=f"sip:{NUMBER}@{OUTSIDE}:5060",
        headers=f"P-Called-Party-ID: <sip:{DID}@itsp.example>\r\n",
    )
    assert line.front_end.request("MESSAGE").request_uri.startswith(f"sip:{DID}@")
    line.front_end.says(200, to="MESSAGE")


def test_the_server_that_stops_ends_calls_and_registration(make: Make) -> None:
    line = Line(make(registering_settings()))
    line.registers()
    line.front_end.invites()
    line.sbcs[0].heard()
    line.world.stop()
    assert sorted(line.sbcs[0].heard()) == ["REGISTER"]
    assert line.sbcs[0].request("REGISTER").expires == 0
    line.registrars[0].says(200)
    line.sbcs[0].says(487, line=line.sbcs[0].lines[-1])
