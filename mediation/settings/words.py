"""Small texts and numbers with a spelling of their own; a check returns or says what is wrong."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from mediation.settings.patterns import PatternError, compile_pattern
from mediation_codecs.ringback import RINGBACK

MAX_NAME_LENGTH: Final = 40
MAX_RUNTIME_DIRECTORY = 80
"""Octets: the kernel takes 108 of a socket's path, and its name comes behind."""

MAX_USER_AGENT_LENGTH: Final = 120

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WORD: Final = r"[A-Za-z0-9.!%*_+`'~-]+"
_PRODUCT: Final = rf"{_WORD}(/{_WORD})?"
_COMMENT: Final = r"\([ !-'*-\[\]-~]*\)"
_SERVER_VALUE: Final = re.compile(rf"({_PRODUCT}|{_COMMENT})( ({_PRODUCT}|{_COMMENT}))*")

_USER: Final = re.compile(r"[A-Za-z0-9_.!~*'()&=+$-]{1,64}")

_LABEL: Final = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_ADDRESS: Final = re.compile(r"[0-9.]+")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")
_NUMBER_START: Final = re.compile(r"\+?[0-9]{1,15}")
_ENTRY_POINT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_PORT: Final = re.compile(r"[0-9]{1,5}")

_SUBTRACTION: Final = re.compile(r"(?<!\\)\[[^\]]*-\[")
_BACK_REFERENCE: Final = re.compile(r"escape sequence: \\[1-9k]")

NEVER_FAILOVER: Final = {
    486: "the called person is busy, and busy on every trunk",
    487: "it answers our own CANCEL",
    600: "the called person is busy everywhere",
    603: "the called person declined",
    604: "the number exists nowhere",
    606: "the called side is there and wants other terms",
}


class UnfitError(ValueError):
    """A value of the right type that cannot stand."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def as_context(self) -> dict[str, str]:
        """Return both texts by name."""
        return {"message": self.message, "remedy": self.remedy}


def check_name(text: str) -> None:
    """Names of trunks go into logs, metrics and paths, so they are plain."""
    if not text:
        raise UnfitError("the name is empty", 'give one, such as "itsp-a"')
    if len(text) > MAX_NAME_LENGTH:
        raise UnfitError(
            f"the name has {len(text)} characters", f"shorten it to {MAX_NAME_LENGTH} characters or fewer"
        )
    if _NAME.fullmatch(text) is None:
        slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
        remedy = "use small letters, digits and single hyphens"
        raise UnfitError(f'"{text}" cannot be a name', f'{remedy}: "{slug}"' if slug else remedy)


def check_match(text: str, several: str = "several routes") -> None:
    """RE2 must take it, because RE2 is what will match it; `several` is what to write in place of one pattern."""
    try:
        compile_pattern(text)
    except PatternError as error:
        raise UnfitError(
            f"the pattern is not valid: {error.reason}", _pattern_remedy(text, error.reason, several)
        ) from None
    if _SUBTRACTION.search(text) is not None:  # RE2 takes it, and means something else
        raise UnfitError(
            "one class of characters cannot be taken out of another one (RE2 syntax)",
            "write the characters that are left: [0-46-9] for [0-9-[5]]",
        )


def check_rule_match(text: str) -> None:
    """The same for a rule about numbers, which must not be found in every number by mistake."""
    if not text:
        raise UnfitError(
            "an empty pattern is found in front of every number", "write '^.*$' if that is meant"
        )
    check_match(text, "several rules")


def check_user_agent(text: str) -> None:
    """The value of Server and User-Agent (RFC 3261 sections 20.35 and 20.41), or nothing."""
    if len(text) > MAX_USER_AGENT_LENGTH:
        raise UnfitError(
            f"the header would have {len(text)} characters",
            f"shorten it to {MAX_USER_AGENT_LENGTH} characters or fewer",
        )
    if text and _SERVER_VALUE.fullmatch(text) is None:
        raise UnfitError(
            "this cannot stand in a User-Agent header",
            'write product names such as "Mediation-Server/1.0 (Vienna)", or "" to send none',
        )


def check_file(text: str) -> None:
    """A path that names a file."""
    if "\0" in text or any(ord(character) < 32 for character in text):
        raise UnfitError("the path has control characters in it", "write the path of a file")
    if text.endswith("/") or text in {".", ".."}:
        raise UnfitError(f'"{text}" is a directory', f'name the file in it: "{text.rstrip("/")}/cdr.jsonl"')


def check_directory(text: str) -> None:
    """A path that may name a directory, or nothing."""
    if any(ord(character) < 32 for character in text):
        raise UnfitError("the path has control characters in it", "write the path of a directory")


def check_runtime_directory(text: str) -> None:
    """An absolute path that sockets can have names in, or nothing."""
    check_directory(text)
    if text and not text.startswith("/"):
        raise UnfitError(f'"{text}" depends on where we are started', f'write "/run/{text.strip("./")}"')
    if len(text.encode()) > MAX_RUNTIME_DIRECTORY:
        raise UnfitError(
            f"the path has {len(text.encode())} octets, too many for sockets in it",
            f"take one of {MAX_RUNTIME_DIRECTORY} octets or fewer",
        )


def check_ringback(text: str) -> None:
    """A country whose ringing we know, or `off`."""
    if text != "off" and text not in RINGBACK:
        near = text.strip().lower()
        remedy = (
            f'write "{near}"' if near in RINGBACK else f'write "off" or one of {", ".join(sorted(RINGBACK))}'
        )
        raise UnfitError(f'how it rings in "{text}" is not known', remedy)


def check_peer_name(text: str) -> None:
    """A name that a certificate may bear: a domain, compared whole (RFC 5922 section 7.2)."""
    if "*" in text:
        raise UnfitError(
            "no name in a certificate stands for many (RFC 5922 section 7.2)", "name each peer on its own"
        )
    if text.lower().startswith(("sip:", "sips:")):
        raise UnfitError("this is a URI", f'write the domain alone: "{text.partition(":")[2]}"')
    if len(text) > 253 or _DOMAIN.fullmatch(text) is None or _ADDRESS.fullmatch(text) is not None:
        raise UnfitError(
            f'"{text}" is no domain name', 'write it as the certificate has it: "sbc.example.com"'
        )


def check_tls_name(text: str) -> None:
    """A domain, or nothing."""
    if text:
        check_peer_name(text)


def check_http_listen(text: str) -> None:
    """An address and a port, or nothing."""
    if text:
        http_endpoint(text)


def http_endpoint(text: str) -> tuple[str, int]:
    """The address, without brackets, and the port of `ADDRESS:PORT`. UnfitError otherwise."""
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = ip_address(bare)
    except ValueError:
        raise UnfitError(f'"{text}" is no address and port', 'write "127.0.0.1:9464"') from None
    if (address.version == 6) != (bare != host):
        raise UnfitError("an IPv6 address stands in brackets", f'write "[{bare}]:{port}"')
    if _PORT.fullmatch(port) is None or not 1 <= int(port) <= 65535:
        raise UnfitError(f'"{port}" is no port', "give a number from 1 to 65535, usually 9464")
    return str(address), int(port)


def check_policy_url(text: str) -> None:
    """An absolute URL of HTTP without a user in it, or nothing."""
    if not text:
        return
    remedy = 'write "https://HOST/PATH"'
    if not text.isascii() or not text.isprintable() or " " in text:
        raise UnfitError("a URL has no blanks and no letters beyond ASCII", remedy)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UnfitError(f"this is no URL: {error}", remedy) from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or port == 0:
        raise UnfitError(f'"{text}" is no URL of HTTP', remedy)
    if parts.username is not None or parts.password is not None:
        raise UnfitError("a secret does not stand in the configuration", "remove it, and give a token")
    if parts.fragment:
        raise UnfitError("what follows # is never sent", "remove it")


def check_entry_point(text: str) -> None:
    """A name of an entry point, or nothing."""
    if text and _ENTRY_POINT.fullmatch(text) is None:
        raise UnfitError(
            f'"{text}" cannot be the name of an entry point', "use letters, digits, points, - and _"
        )


def check_dns_server(text: str) -> None:
    """An address, with or without a port. UnfitError otherwise."""
    dns_server(text)


def dns_server(text: str) -> tuple[str, int]:
    """The address, without brackets, and the port, which is 53 unless given. UnfitError otherwise."""
    host, port = text, "53"
    if text.startswith("[") or text.count(":") == 1:
        host, _, port = text.rpartition(":") if not text.endswith("]") else (text, "", port)
        host = host.removeprefix("[").removesuffix("]")
    try:
        address = ip_address(host)
    except ValueError:
        raise UnfitError(f'"{text}" is no address', 'write "192.0.2.53" or "192.0.2.53:53"') from None
    if _PORT.fullmatch(port) is None or not 1 <= int(port) <= 65535:
        raise UnfitError(f'"{port}" is no port', "give a number from 1 to 65535, usually 53")
    return str(address), int(port)


def check_failover_code(code: int) -> None:
    """Hunting on is right only where another trunk could do better (RFC 3261 section 21.6)."""
    reason = NEVER_FAILOVER.get(code)
    if reason is None and 600 <= code <= 699:
        reason = "a 6xx response speaks for the called person wherever the call goes"
    if reason is not None:
        raise UnfitError(f"{code} never tries the next trunk: {reason}", f"remove {code}")


def check_country(text: str) -> None:
    """Two letters of ISO 3166-1, or nothing. Which of them are countries changes, and is not looked up."""
    if text and _COUNTRY.fullmatch(text) is None:
        raise UnfitError(f'"{text}" is no country', 'write two capital letters, such as "DE" (ISO 3166-1)')


def check_number_start(text: str) -> None:
    """The beginning of a number as we write it."""
    if _NUMBER_START.fullmatch(text) is None:
        raise UnfitError(f'"{text}" begins no number', 'write digits, with a plus sign in front: "+4930"')


def check_failure_or_any(code: int) -> None:
    """A final response that refuses (RFC 3261 section 21.4 to 21.6), or 0."""
    if code and code < 400:
        raise UnfitError(f"{code} is no response that refuses a call", "give a number from 400 to 699")


def _pattern_remedy(text: str, reason: str, several: str) -> str:
    if text.startswith("+"):
        return f"a plus sign of the number is written \\+: '^\\{text}'"
    if any(start in text for start in ("(?=", "(?!", "(?<=", "(?<!")):
        return f"look-around is not available (RE2 syntax); write {several}, the first that matches wins"
    if "(?>" in text or "++" in text or "*+" in text or "?+" in text:
        return "RE2 never goes back, so that nothing need be atomic or possessive: write (?:…), + or *"
    if "(?(" in text:
        return f"conditions are not available (RE2 syntax); write {several}, the first that matches wins"
    if _BACK_REFERENCE.search(reason) is not None:
        return f"a pattern cannot refer to what it has found (RE2 syntax); write {several}, or the digits"
    if "escape sequence: \\Z" in reason or "escape sequence: \\G" in reason:
        return "write $ for the end and ^ for the beginning"
    if "repetition size" in reason:
        return "RE2 repeats 1000 times at most, nested braces multiplied"
    if "repetition" in reason:
        return "a literal + * or ? has a backslash before it"
    if "large" in reason or "longer" in reason:
        return f"write {several}, the first that matches wins"
    if "missing" in reason or "unexpected" in reason:
        return "check that every ( and [ is closed"
    return "see the RE2 syntax: https://github.com/google/re2/wiki/Syntax"


def check_username(text: str) -> None:
    """Accept a digest user name, or none. UnfitError otherwise."""
    if not text.isprintable():
        raise UnfitError("a user name has no control characters", "leave them out")


def check_user(text: str) -> None:
    """Accept the user part of a SIP URI (RFC 3261 section 19.1.1), or nothing. UnfitError otherwise."""
    if text and not is_user(text):
        raise UnfitError(f'"{text}" cannot be the user of a SIP URI', 'write a number: "+493012345670"')


def is_user(text: str) -> bool:
    """Whether this can be the user part of a SIP URI."""
    return _USER.fullmatch(text) is not None
