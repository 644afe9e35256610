"""`Export-Clixml`: objects as XML (MS-PSRP section 2.2.5).

The text is a stranger's. There is no document type and no entity in what PowerShell writes, so that the first one ends
the reading; depth and number of what is in it have limits.
"""

import re
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from mediation.importing.exported import (
    MOST_NESTED,
    MOST_OBJECTS,
    MOST_VALUES,
    Exported,
    ExportError,
    Listed,
    Value,
)

_OBJECT: Final = "Obj"
_LISTS: Final = frozenset({"LST", "IE", "STK", "QUE"})
_BAGS: Final = frozenset({"Props", "MS"})
_NUMBERS: Final = frozenset({"I16", "I32", "I64", "U16", "U32", "U64", "By", "SB"})
_TEXTS: Final = frozenset(
    {"S", "ToString", "C", "G", "URI", "Version", "DT", "TS", "D", "Db", "Sg", "XD", "SBK", "BA"}
)
_SECURE_STRING: Final = "SS"
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_REMEDY: Final = "write it again: … | Export-Clixml -Depth 5 FILE"


@dataclass(slots=True)
class _Open:
    """An element that has begun."""

    tag: str
    name: str
    """Its property; empty in a list."""
    reference: str
    line: int
    text: list[str] = field(default_factory=list)
    values: dict[str, Value] = field(default_factory=dict)
    items: list[Value] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    is_list: bool = False


def read_clixml(text: str) -> tuple[Exported, ...]:
    """Return the objects of a text. ExportError, and nothing else, otherwise."""
    reader = _Reader()
    try:
        reader.parser.Parse(text.encode("utf-8", "surrogatepass").decode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        message = f"this is no XML: {expat.ErrorString(error.code)}"
        raise ExportError(error.lineno, error.offset + 1, message, _REMEDY) from None
    return tuple(reader.found)


class _Reader:
    """One text, element by element."""

    def __init__(self) -> None:
        self.parser: Final = expat.ParserCreate()
        self.found: Final[list[Exported]] = []
        self._open: Final[list[_Open]] = []
        self._known: Final[dict[str, Value]] = {}
        self._type_names: Final[dict[str, list[str]]] = {}
        self._count = 0
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._begin
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.EntityDeclHandler = self._doctype

    def _doctype(self, *_: object) -> None:
        raise self._error(
            "a document type or an entity is declared", "PowerShell writes none: export it again"
        )

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_VALUES:
            raise self._error(
                f"more than {MOST_VALUES} values stand in it", "export fewer objects to one file"
            )
        if len(self._open) >= 3 * MOST_NESTED:  # an object, its list and an item are three
            raise self._error("objects stand in each other too deep", _REMEDY)
        if not self._open and tag != "Objs":
            raise self._error(
                f"<{tag[:40]}> is not what Export-Clixml begins with", "give the file that it has written"
            )
        name = _unescaped(attributes.get("N", ""))
        self._open.append(_Open(tag, name, attributes.get("RefId", ""), self.parser.CurrentLineNumber))

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def _end(self, tag: str) -> None:
        done = self._open.pop()
        if not self._open:
            return
        holder = self._open[-1]
        if tag == "T":
            holder.types.append("".join(done.text).strip())
        elif tag == "TN":
            holder.types = done.types
            self._type_names[done.reference] = done.types
        elif tag == "TNRef":
            holder.types = self._type_names.get(done.reference, [])
        elif tag in _BAGS:
            holder.values.update(done.values)
        elif tag in _LISTS:
            holder.items, holder.is_list = done.items, True
        elif tag == "DCT":
            holder.values.update(done.values)
        elif tag == "En":
            self._entry(holder, done)
        else:
            self._value(holder, done, self._made(done))

    def _entry(self, holder: _Open, done: _Open) -> None:
        key = done.values.get("Key")
        if isinstance(key, str):
            holder.values[key] = done.values.get("Value")

    def _value(self, holder: _Open, done: _Open, value: Value) -> None:
        if holder.tag == "Objs":
            if not isinstance(value, Exported):
                return  # a loose number or text: no configuration
            self.found.append(value)
            if len(self.found) > MOST_OBJECTS:
                raise self._error(f"more than {MOST_OBJECTS} objects stand in it", "export fewer to one file")
        elif done.tag == "ToString" and not done.name:
            holder.values.setdefault("ToString", value)
        elif holder.tag in _LISTS:
            holder.items.append(value)
        else:
            holder.values[done.name] = value

    def _made(self, done: _Open) -> Value:
        text = _unescaped("".join(done.text))
        if done.tag == _OBJECT:
            value = self._object(done)
            if done.reference:
                self._known[done.reference] = value
            return value
        if done.tag == "Ref":
            return self._known.get(done.reference)
        if done.tag == "B":
            return text.strip().lower() == "true"
        if done.tag in _NUMBERS:
            digits = text.strip()
            if not digits.lstrip("-").isascii() or not digits.removeprefix("-").isdigit() or len(digits) > 20:
                raise self._error(f'"{digits[:40]}" is no number', _REMEDY)
            return int(digits)
        if done.tag == "Nil":
            return None
        if done.tag == _SECURE_STRING:
            return None  # a secret of the other machine: it could not be read here, and nobody should try
        if done.tag in _TEXTS:
            return text
        raise self._error(f"<{done.tag[:40]}> is not known in an export", _REMEDY)

    def _object(self, done: _Open) -> Value:
        """A list is a list, an enumeration its word, anything else an object."""
        if done.is_list:
            return Listed(tuple(done.items))
        word = done.values.get("ToString")
        if set(done.values) <= {"ToString", ""} and isinstance(word, str):
            return word
        own = {name: value for name, value in done.values.items() if name and name != "ToString"}
        return Exported(done.line, own, done.types[0] if done.types else "")

    def _error(self, message: str, remedy: str) -> ExportError:
        return ExportError(
            self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1, message, remedy
        )


def _unescaped(text: str) -> str:
    """`_x000A_` is a line break, as in names of .NET's XML; half a character is none."""
    return _ESCAPED.sub(lambda found: _character(int(found[1], 16)), text)


def _character(code: int) -> str:
    return "\N{REPLACEMENT CHARACTER}" if 0xD800 <= code <= 0xDFFF else chr(code)
