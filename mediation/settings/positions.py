"""Where in a TOML text a setting stands: the only module that imports tree-sitter.

`tomllib` says what a text means, the syntax tree says where it says so. The tree is made of broken text too,
as far as it can be read, so a position is always at hand; what is not in the text has the position of what
should hold it.
"""

import tomllib
from dataclasses import dataclass
from typing import Final

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

Path = tuple[str | int, ...]
"""Keys and, in lists and repeated tables, indices from 0: `("trunk", 0, "targets", 1)`."""

_TOML: Final = Language(tree_sitter_toml.language())
_KEYS: Final = frozenset({"bare_key", "quoted_key", "dotted_key"})
_NO_VALUE: Final = frozenset({"comment", "ERROR"})


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line; line and column count from 1, in characters."""

    line: int
    column: int
    width: int
    """At least 1; what goes on over further lines ends with its first one."""


START: Final = Span(1, 1, 1)


class Positions:
    """Where the keys and values of one text stand."""

    def __init__(self, text: str) -> None:
        self.lines: Final = text.split("\n")
        self.duplicates: Final[list[tuple[Path, Span, Span]]] = []
        """Keys that are given twice: path, first place, second place."""
        self._octets: Final = [line.encode("utf-8", "surrogatepass") for line in self.lines]
        self._keys: Final[dict[Path, Span]] = {}
        self._values: Final[dict[Path, Span]] = {}
        self._written: Final[dict[Path, str]] = {}
        self._repeated: Final[dict[Path, int]] = {}
        self._given: Final[set[Path]] = set()
        tree = Parser(_TOML).parse(b"\n".join(self._octets))
        self._document(tree.root_node)

    def __contains__(self, path: Path) -> bool:
        """Whether the text has something at a path."""
        return path in self._keys or path in self._values

    def key(self, path: Path) -> Span:
        """Return where a key stands, or the nearest thing that holds it."""
        return self._nearest(path, self._keys)

    def value(self, path: Path) -> Span:
        """Return where a value stands, or the nearest thing that holds it."""
        return self._values.get(path) or self._nearest(path, self._keys)

    def written(self, path: Path) -> str:
        """Return a value as it was written, or nothing."""
        return self._written.get(path, "")

    def line(self, number: int) -> str:
        """Return one line of the text, counted from 1; empty beyond its end."""
        return self.lines[number - 1] if 1 <= number <= len(self.lines) else ""

    def _nearest(self, path: Path, spans: dict[Path, Span]) -> Span:
        for length in range(len(path), 0, -1):
            found = spans.get(path[:length]) or self._values.get(path[:length])
            if found is not None:
                return found
        return START

    def _document(self, root: Node) -> None:
        for node in root.children:
            if node.type == "pair":
                self._pair((), node)
            elif node.type in {"table", "table_array_element"}:
                self._table(node)

    def _table(self, node: Node) -> None:
        key = next((child for child in node.children if child.type in _KEYS), None)
        if key is None:
            return
        *above, last = _names(key)
        path: Path = ()
        for name in above:
            path = self._newest((*path, name))
            self._keys.setdefault(path, self._span(key))
        path = (*path, last)
        if node.type == "table_array_element":
            if path in self._given:
                self._record_key(path, self._span(key))
            self._repeated[path] = self._repeated.get(path, 0) + 1
            self._keys.setdefault(path, self._span(key))
        path = self._newest(path)
        self._record_key(path, self._span(key))
        for child in node.children:
            if child.type == "pair":
                self._pair(path, child)

    def _newest(self, path: Path) -> Path:
        """Of a repeated table, the one that the text is in."""
        count = self._repeated.get(path, 0)
        return (*path, count - 1) if count else path

    def _pair(self, above: Path, node: Node) -> None:
        key = next((child for child in node.children if child.type in _KEYS), None)
        values = (child for child in node.children if child.is_named and child.type not in _NO_VALUE)
        value = next((child for child in values if child.type not in _KEYS), None)
        if key is None or value is None:
            return
        path = above
        *parents, last = _names(key)
        for name in parents:
            path = (*path, name)
            self._keys.setdefault(path, self._span(key))
        path = (*path, last)
        self._record_key(path, self._span(key))
        self._value(path, value)

    def _value(self, path: Path, node: Node) -> None:
        if path in self._values:
            return
        self._values[path] = self._span(node)
        self._written[path] = (node.text or b"").decode("utf-8", "replace")
        if node.type == "array":
            items = (child for child in node.children if child.is_named and child.type not in _NO_VALUE)
            for index, item in enumerate(items):
                self._value((*path, index), item)
        elif node.type == "inline_table":
            for child in node.children:
                if child.type == "pair":
                    self._pair(path, child)

    def _record_key(self, path: Path, span: Span) -> None:
        if path in self._given:
            self.duplicates.append((path, self._keys[path], span))
        self._given.add(path)
        self._keys.setdefault(path, span)

    def _span(self, node: Node) -> Span:
        row, column = node.start_point
        end_row, end_column = node.end_point
        octets = self._octets[row] if row < len(self._octets) else b""
        if end_row > row:
            end_column = len(octets)
        start = len(octets[:column].decode("utf-8", "replace"))
        end = len(octets[:end_column].decode("utf-8", "replace"))
        return Span(row + 1, start + 1, max(1, end - start))


def _names(node: Node) -> list[str]:
    """Return the parts of a key: `a."b c".d` has three."""
    if node.type == "dotted_key":
        return [name for child in node.children if child.type in _KEYS for name in _names(child)]
    text = (node.text or b"").decode("utf-8", "replace")
    if node.type == "bare_key":
        return [text]
    try:
        unquoted = tomllib.loads(f"key = {text}")["key"]
    except ValueError:
        return [text]
    return [unquoted] if isinstance(unquoted, str) else [text]
