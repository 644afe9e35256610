"""From files to the objects in them: which writing it is, what each object is, and every file that cannot be read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from os import PathLike, fspath
from typing import Final

from mediation.importing.clixml import read_clixml
from mediation.importing.exported import Exported, ExportError
from mediation.importing.format_list import read_format_list
from mediation.importing.json_text import read_json
from mediation.settings.problems import Problem, SettingsError

MOST_OCTETS: Final = 16 << 20
"""Of one file: a thousand gateways as XML are a quarter of it."""
_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


class Kind(StrEnum):
    """What an object is about."""

    CONFIGURATION = "trunk configuration"
    GATEWAY = "gateway"
    SERVER = "Mediation Server"
    ROUTE = "voice route"
    POLICY = "voice policy"
    USAGES = "PSTN usages"
    MEDIA = "media configuration"
    CALLED_RULE = "outbound translation rule"
    CALLING_RULE = "outbound calling number translation rule"
    RESPONSE_RULE = "SIP response code translation rule"
    DIAL_PLAN = "dial plan"
    UNCERTAIN_RULE = "translation rule of called or of calling numbers"
    UNKNOWN = "object of another kind"


_SIGNS: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    (Kind.CONFIGURATION, ("ConcentratedTopology",)),
    (Kind.CONFIGURATION, ("SRTPMode",)),
    (Kind.CONFIGURATION, ("OutboundTranslationRulesList",)),
    (Kind.ROUTE, ("NumberPattern",)),
    (Kind.RESPONSE_RULE, ("TranslatedResponseCode",)),
    (Kind.SERVER, ("SipServerPort",)),
    (Kind.SERVER, ("AudioPortStart", "SipClientTlsPort")),
    (Kind.GATEWAY, ("GatewaySipClientTlsPort",)),
    (Kind.GATEWAY, ("GatewaySipClientTcpPort",)),
    (Kind.GATEWAY, ("RepresentativeMediaIP",)),
    (Kind.MEDIA, ("EncryptionLevel",)),
    (Kind.DIAL_PLAN, ("NormalizationRules",)),
    (Kind.DIAL_PLAN, ("Pattern", "IsInternalExtension")),
    (Kind.UNCERTAIN_RULE, ("Pattern", "Translation")),
    (Kind.POLICY, ("PstnUsages",)),
    (Kind.USAGES, ("Usage",)),
)
"""The first whose properties an object has."""


@dataclass(frozen=True, slots=True)
class Item:
    """One object of one file."""

    file: str
    kind: Kind
    found: Exported

    @property
    def place(self) -> str:
        """The file, and the line where it has lines."""
        return f"{self.file}:{self.found.line}" if self.found.line else self.file

    @property
    def identity(self) -> str:
        """What it is called there."""
        return self.found.text("Identity") or self.found.text("Name")


def read_files(paths: Iterable[str | PathLike[str]]) -> Sequence[Item]:
    """Return the objects of all files, in their order. SettingsError with every file that cannot be read."""
    items: list[Item] = []
    problems: list[Problem] = []
    for path in paths:
        name = fspath(path)
        try:
            items += _items(name, read_text(_octets(name)))
        except ExportError as error:
            problems.append(Problem(name, error.line, error.column, "", error.message, error.remedy))
    if problems:
        raise SettingsError(problems)
    return items


def read_text(octets: bytes) -> tuple[Exported, ...]:
    """Return the objects in the octets of a file, whichever writing it is. ExportError, and nothing else, otherwise."""
    if len(octets) > MOST_OCTETS:
        raise ExportError(0, 0, f"the file is larger than {MOST_OCTETS} octets", "give a file of one export")
    encoding = next((name for mark, name in _MARKS.items() if octets.startswith(mark)), "utf-8")
    try:
        text = octets.decode(encoding)
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        message = "this is neither UTF-8 nor UTF-16 with its mark"
        raise ExportError(line, 0, message, "write it again with -Encoding UTF8") from None
    begin = text.lstrip()
    if "\0" in text:
        raise ExportError(0, 0, "this is no text", "write it again with -Encoding UTF8")
    if begin.startswith("<"):
        return read_clixml(begin)
    if begin.startswith(("{", "[")):
        return read_json(begin)
    return read_format_list(text)


def _octets(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            return file.read(MOST_OCTETS + 1)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ExportError(0, 0, f"it cannot be read: {reason}", "give the path of an export") from None
    except ValueError:
        raise ExportError(0, 0, "this cannot be the name of a file", "give the path of an export") from None


def _items(name: str, found: Sequence[Exported]) -> Sequence[Item]:
    return [Item(name, kind_of(each, name), each) for each in found]


def kind_of(found: Exported, file: str = "") -> Kind:
    """What an object is: by its properties, and by its type or its file's name where these leave it open."""
    signs = (kind for kind, names in _SIGNS if found.has(*names))
    kind = next(signs, Kind.UNKNOWN)
    if kind is not Kind.UNCERTAIN_RULE:
        return kind
    told = f"{found.type_name} {file.replace(chr(92), '/').rpartition('/')[2]}".lower()
    if "callingnumber" in told:
        return Kind.CALLING_RULE
    return Kind.CALLED_RULE if "outboundtranslation" in told or "trunktranslation" in told else kind
