"""Questions to the DNS and their answers: the only module that imports dnspython, loaded by the first of them."""

from collections.abc import Iterable

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


class NameServers:
    """Those that a configuration names, or that the system had when this was made."""

    def __init__(self, rules: Dns) -> None:
        self._rules = rules
        self._resolver: dns.asyncresolver.Resolver | None = None
        """None until the first question: that a system has no configuration is an answer to it."""

    async def answer(self, question: Question) -> DnsAnswer:
        """Ask one, and tell what came of it, whatever that is."""
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
