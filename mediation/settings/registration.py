"""Registration of a trunk with its ITSP: the table [trunk.registration] (RFC 3261 section 10, SIPconnect)."""

from dataclasses import dataclass, field
from enum import StrEnum

from mediation.settings.story import setting, story
from mediation.settings.words import UnfitError, check_user
from mediation.sip.errors import RemoteSipError
from mediation.sip.uri import SipUri, parse_uri


class CalledNumber(StrEnum):
    """Where a call of the ITSP says whom it is for."""

    AUTO = "auto"
    """In the Request-URI, unless that names our Contact alone: then in P-Called-Party-ID or To."""
    REQUEST_URI = "request-uri"
    TO = "to"


def check_address_of_record(text: str) -> None:
    """Accept `sip:USER@DOMAIN`, or nothing. UnfitError otherwise."""
    if not text:
        return
    form = 'write "sip:+493012345670@itsp.example"'
    uri = _sip_uri(text, form)
    if not uri.user:
        raise UnfitError("an address of record names a user", form)
    if uri.parameters or uri.headers or ":" in uri.user:
        raise UnfitError("an address of record is user and domain alone", form)


def check_registrar(text: str) -> None:
    """Accept `sip:DOMAIN`, or nothing. UnfitError otherwise."""
    if text and (_sip_uri(text, form := 'write "sip:itsp.example"').user is not None or "?" in text):
        raise UnfitError("a registrar is a domain: it has no user and no headers", form)


def _sip_uri(text: str, form: str) -> SipUri:
    try:
        uri = parse_uri(text)
    except RemoteSipError:
        raise UnfitError(f'"{text}" is no SIP URI', form) from None
    if not isinstance(uri, SipUri) or uri.scheme != "sip":
        raise UnfitError(f'"{text}" does not begin with sip:', form)
    return uri


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How we tell the ITSP where we are."""

    address_of_record: str = setting(
        "",
        check=check_address_of_record,
        doc="Who we are at the ITSP, as a SIP URI: the trunk registers with its targets. Empty: it does not, and they "
        "know where we are. username and password answer their challenges.",
        example='"sip:+493012345670@itsp.example"',
    )
    registrar: str = setting(
        "",
        check=check_registrar,
        doc="What REGISTER is addressed to. Empty: the domain of address_of_record.",
        example='"sip:registrar.itsp.example"',
    )
    contact_user: str = setting(
        "",
        check=check_user,
        doc="The user in our Contact, by which its calls reach us. Empty: that of address_of_record.",
        example='"trunk-4711"',
    )
    bulk: bool = setting(
        False,
        doc="One registration for all numbers of the trunk (RFC 6140): the Contact has no user, and calls come to the "
        "numbers themselves.",
    )
    expires_s: int = setting(
        3600,
        low=60,
        high=86_400,
        doc="So long a registration that we ask for; what the ITSP grants counts. It is renewed at half of that, or "
        "10 minutes before its end where it is longer than 20, and up to a tenth earlier by chance.",
    )
    required: bool = setting(
        True,
        doc="Calls go to this trunk only while it is registered. false: also without, and then first to the target "
        "that holds the registration, if one does.",
    )
    remove_others: bool = setting(
        False,
        doc="Before the first registration, remove what others have left at this address of record (Contact: *). "
        "false: each ends by itself.",
    )
    called_number: CalledNumber = field(
        default=CalledNumber.AUTO,
        metadata=story(
            "Where its calls say whom they are for: auto (the Request-URI; P-Called-Party-ID or else To where it names "
            "our Contact alone), request-uri, to (P-Called-Party-ID or else To)."
        ),
    )
    service_route: bool = setting(
        True,
        doc="Calls to the target that holds the registration take the route that it has named (RFC 3608).",
    )
    retry_s: int = setting(
        30,
        low=1,
        high=3600,
        doc="After every target has failed, wait for twice so long, doubled each time, up to half of it less by chance "
        "(RFC 5626 section 4.5). Retry-After may ask for more.",
    )
    max_retry_s: int = setting(1800, low=10, high=86_400, doc="But not longer than this.")
    refused_retry_s: int = setting(
        3600,
        low=0,
        high=86_400,
        doc="After a refusal for good (a wrong password, 403, 404 and the like) wait so long. 0: until the server is "
        "started again.",
    )

    @property
    def is_on(self) -> bool:
        """Whether the trunk registers."""
        return bool(self.address_of_record)

    @property
    def contact_name(self) -> str:
        """The user in our Contact; empty with bulk registration (RFC 6140 section 5.2)."""
        if self.bulk or not self.is_on:
            return ""
        return self.contact_user or self.address_of_record.partition(":")[2].rpartition("@")[0]
