"""Port pairs: bound together, handed out in turn, deaf after use."""

import socket

import pytest

from mediation.media.ports import NoPorts, PortPair, PortPool, connected_twin
from tests.unit.media.circuit import heard, own, udp

HOST = own(1)


def taken(pool: PortPool, count: int) -> list[PortPair]:
    return [pool.take(HOST) for _ in range(count)]


def close(*pairs: PortPair) -> None:
    for pair in pairs:
        pair.close()


def test_rtp_has_an_even_port_and_rtcp_the_next_one__rfc3550_11() -> None:
    pool = PortPool(40101, 40110, quarantine=0)
    pairs = taken(pool, 4)
    assert [pair.port for pair in pairs] == [40102, 40104, 40106, 40108]
    assert [pair.rtp.getsockname() for pair in pairs] == [(HOST, pair.port) for pair in pairs]
    assert [pair.rtcp.getsockname() for pair in pairs] == [(HOST, pair.port + 1) for pair in pairs]
    close(*pairs)


def test_a_range_that_ends_on_an_even_port_does_not_use_it() -> None:
    assert PortPool(40100, 40102, quarantine=0).free == 1
    assert PortPool(40100, 40100, quarantine=0).free == 0


def test_a_pool_without_ports_refuses() -> None:
    pool = PortPool(40120, 40121, quarantine=0)
    pair = pool.take(HOST)
    with pytest.raises(NoPorts, match="no free port"):
        pool.take(HOST)
    pair.close()


def test_the_last_twentieth_is_not_for_new_calls() -> None:
    pool = PortPool(40400, 40479, quarantine=0)
    pairs = [pool.take(HOST, for_new_call=True) for _ in range(38)]
    with pytest.raises(NoPorts, match="nearly all"):
        pool.take(HOST, for_new_call=True)
    pairs += taken(pool, 2)
    with pytest.raises(NoPorts, match="no free port"):
        pool.take(HOST, for_new_call=True)
    close(*pairs)


def test_a_small_range_is_used_whole() -> None:
    pool = PortPool(40480, 40483, quarantine=0)
    close(*(pool.take(HOST, for_new_call=True) for _ in range(2)))


def test_a_pair_of_a_dead_workers_share_is_bound_again_and_goes_back_to_that_share_alone() -> None:
    pool = PortPool(40500, 40519, quarantine=0, share=(0, 2))
    of_the_dead, its_own = pool.take_again(HOST, 40506), pool.take_again(HOST, 40504)
    assert pool.free == 4
    with pytest.raises(NoPorts, match="cannot bind"):
        pool.take_again(HOST, 40506)
    pool.release(of_the_dead, 0)
    pool.release(its_own, 0)
    assert pool.free == 5
    again = taken(pool, 5)
    assert sorted(pair.port for pair in again) == [40500, 40504, 40508, 40512, 40516]
    close(*again)


def test_workers_share_a_range_without_overlap_and_without_waste() -> None:
    shares = [PortPool(40200, 40219, quarantine=0, share=(index, 3)) for index in range(3)]
    pairs = [[pool.take(HOST) for _ in range(pool.free)] for pool in shares]
    ports = [pair.port for share in pairs for pair in share]
    assert sorted(ports) == list(range(40200, 40219, 2))
    assert [len(share) for share in pairs] == [4, 3, 3]
    close(*(pair for share in pairs for pair in share))


def test_more_workers_than_pairs_leave_some_workers_without() -> None:
    assert [PortPool(40200, 40203, quarantine=0, share=(i, 3), start=7).free for i in range(3)] == [1, 1, 0]


def test_a_worker_begins_where_chance_says() -> None:
    pool = PortPool(40300, 40309, quarantine=0, start=13)
    pairs = taken(pool, 5)
    assert [pair.port for pair in pairs] == [40306, 40308, 40300, 40302, 40304]
    close(*pairs)


def test_the_pair_that_has_rested_longest_comes_first() -> None:
    pool = PortPool(40400, 40407, quarantine=5)
    first, second = taken(pool, 2)
    pool.release(second, 100)
    pool.release(first, 101)
    pool.expire(200)
    pairs = taken(pool, 4)
    assert [pair.port for pair in pairs] == [40404, 40406, 40402, 40400]
    close(*pairs)


def test_a_port_in_quarantine_swallows_packets_and_is_not_handed_out() -> None:
    pool = PortPool(40500, 40501, quarantine=5)
    pair = pool.take(HOST)
    pool.release(pair, 100)
    with udp(own(6)) as late:
        late.connect((HOST, pair.port))
        for _ in range(50):
            late.send(bytes(172))  # an ICMP error would be raised by the next one
    assert (pool.free, pool.resting) == (0, 1)
    pool.expire(104.9)
    with pytest.raises(NoPorts):
        pool.take(HOST)
    pool.expire(105)
    again = pool.take(HOST)
    assert again.port == 40500
    assert heard(again.rtp) == []
    again.close()


def test_after_quarantine_the_sockets_are_closed() -> None:
    pool = PortPool(40520, 40521, quarantine=5)
    pool.release(pool.take(HOST), 100)
    pool.expire(106)
    with udp(HOST, 40520), udp(HOST, 40521):
        pass


def test_a_swallowing_port_holds_next_to_nothing() -> None:
    pool = PortPool(40540, 40541, quarantine=5)
    pair = pool.take(HOST)
    pool.release(pair, 0)
    with udp(own(6)) as late:
        for _ in range(500):
            late.sendto(bytes(172), (HOST, pair.port))
    assert len(heard(pair.rtp)) < 10
    pool.close()


def test_a_pair_is_bound_whole_or_not_at_all() -> None:
    pool = PortPool(40600, 40605, quarantine=0)
    with udp(HOST, 40601):  # somebody else's, where RTCP should be
        pair = pool.take(HOST)
        assert pair.port == 40602
        with udp(HOST, 40600):
            pass  # the even one was let go
    pair.close()


def test_a_port_that_another_program_holds_is_tried_again_later() -> None:
    pool = PortPool(40620, 40623, quarantine=0)
    with udp(HOST, 40620):
        first = pool.take(HOST)
        with pytest.raises(NoPorts):
            pool.take(HOST)
    second = pool.take(HOST)
    assert (first.port, second.port) == (40622, 40620)
    close(first, second)


def test_an_address_that_is_not_ours_is_refused_with_its_name() -> None:
    pool = PortPool(40640, 40649, quarantine=0)
    with pytest.raises(NoPorts, match=r"cannot bind 192\.0\.2\.1"):
        pool.take("192.0.2.1")
    assert pool.free == 5


def test_an_unused_pair_goes_back_without_quarantine() -> None:
    pool = PortPool(40660, 40661, quarantine=5)
    pool.give_back(pool.take(HOST))
    pool.take(HOST).close()


def test_ports_are_bound_on_ipv6_too() -> None:
    pair = PortPool(40680, 40689, quarantine=0).take("::1")
    assert pair.rtp.family is socket.AF_INET6
    pair.close()


def test_a_twin_hears_its_remote_and_the_door_everybody_else() -> None:
    pair = PortPool(40700, 40709, quarantine=0).take(HOST)
    with udp(own(7)) as peer, udp(own(7)) as neighbour, udp(own(8)) as stranger:
        with connected_twin(pair.rtp, peer.getsockname()) as twin:
            for sock in (stranger, peer, neighbour, peer):
                sock.sendto(repr(sock.getsockname()).encode(), (HOST, pair.port))
            assert set(heard(twin)) == {repr(peer.getsockname()).encode()}
            assert len(heard(pair.rtp)) == 2
            twin.send(b"to the peer")
            assert peer.recvfrom(100) == (b"to the peer", (HOST, pair.port))
        peer.sendto(b"the twin is gone", (HOST, pair.port))
        assert heard(pair.rtp) == [b"the twin is gone"]
    pair.close()


def test_nobody_else_can_bind_beside_a_twin() -> None:
    pair = PortPool(40720, 40729, quarantine=0).take(HOST)
    with connected_twin(pair.rtp, (own(7), 4000)):
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
                thief.setsockopt(socket.SOL_SOCKET, option, 1)
                with pytest.raises(OSError, match="in use"):
                    thief.bind((HOST, pair.port))
    pair.close()


def test_a_twin_to_nowhere_is_an_error_and_leaves_the_door_as_it_was() -> None:
    pair = PortPool(40740, 40749, quarantine=0).take(HOST)
    with pytest.raises(OSError, match=r"\w"):
        connected_twin(pair.rtp, ("255.255.255.255", 4000))
    with udp(own(7)) as peer:
        peer.sendto(b"still here", (HOST, pair.port))
        assert heard(pair.rtp) == [b"still here"]
    assert pair.rtp.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 0
    pair.close()
