"""Asks the DNS, each question in a task of its own: the only module that imports dnspython.

Nothing is kept here: the engine keeps answers, and says when it wants another one.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.rdtypes.IN.NAPTR
import dns.rdtypes.IN.SRV
import dns.resolver

from mediation.b2bua.finding import DnsAnswer, LookupFailed, Records
from mediation.settings.dns import Dns
from mediation.settings.words import dns_server
from mediation.sip.locating import Naptr, Question, Record, Srv

MOST_AT_ONCE: Final = 64
"""Questions under way; those above wait their turn."""


class Resolver:
    """The way to the name servers of one configuration."""

    def __init__(self, rules: Dns, on_answer: Callable[[DnsAnswer], None]) -> None:
        self._rules = rules
        self._on_answer = on_answer
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._resolver: dns.asyncresolver.Resolver | None = None

    def ask(self, question: Question) -> None:
        """Ask; the answer is told later, whatever comes of it."""
        task = asyncio.get_running_loop().create_task(self._ask(question))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def reload(self) -> None:
        """Find out anew which name servers the system has."""
        self._resolver = None

    async def aclose(self) -> None:
        """Stop; no answer is told any more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ask(self, question: Question) -> None:
        async with self._turns:
            answer = await self._look_up(question)
        self._on_answer(answer)

    async def _look_up(self, question: Question) -> DnsAnswer:
        try:
            if self._resolver is None:
                self._resolver = _configured(self._rules)
            answer = await self._resolver.resolve(
                dns.name.from_text(question.name),
                dns.rdatatype.from_text(question.kind),
                raise_on_no_answer=False,
                search=False,
                lifetime=self._rules.timeout_s,
            )
        except dns.resolver.NXDOMAIN as error:
            return Records(question, (), _negative_ttl_s(error))
        except dns.resolver.LifetimeTimeout:
            return LookupFailed(question, "no answer in time")
        except dns.resolver.NoNameservers:
            return LookupFailed(question, "no name server could answer")
        except dns.resolver.NoResolverConfiguration:
            return LookupFailed(question, "/etc/resolv.conf names no server")
        except (dns.exception.DNSException, OSError, ValueError) as error:
            return LookupFailed(question, str(error) or type(error).__name__)
        if answer.rrset is None:
            return Records(question, (), _ttl_of_none(answer.response))
        return Records(question, tuple(_read(answer.rrset)), answer.rrset.ttl)


def _configured(rules: Dns) -> dns.asyncresolver.Resolver:
    resolver = dns.asyncresolver.Resolver(configure=not rules.servers)
    resolver.cache = None
    if rules.servers:
        resolver.nameservers = [
            dns.nameserver.Do53Nameserver(*dns_server(server)) for server in rules.servers
        ]
    # so that the second server has its turn within the whole time
    resolver.timeout = rules.timeout_s / max(2, len(resolver.nameservers))
    return resolver


def _read(records: Iterable[object]) -> Iterable[Record]:
    for record in records:
        match record:
            case dns.rdtypes.IN.NAPTR.NAPTR():
                yield Naptr(
                    record.order,
                    record.preference,
                    _text(record.flags),
                    _text(record.service),
                    _name(record.replacement),
                )
            case dns.rdtypes.IN.SRV.SRV():
                yield Srv(record.priority, record.weight, record.port, _name(record.target))
            case _:
                yield str(record)


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower().removesuffix(".")


def _text(octets: bytes) -> str:
    return octets.decode("ascii", "replace")


def _negative_ttl_s(error: dns.resolver.NXDOMAIN) -> float:
    responses = error.responses().values()  # type: ignore[no-untyped-call]  # it has no annotations
    return max((_ttl_of_none(response) for response in responses), default=0.0)


def _ttl_of_none(response: dns.message.Message) -> float:
    """How long the absence of records may be believed: the lesser of the SOA's TTL and minimum (RFC 2308 section 5)."""
    for rrset in response.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            return float(min(rrset.ttl, rrset[0].minimum))
    return 0.0
