"""SQL that reads the texts at some sources from records, each JSON text parsed once.

What a source leads through becomes a few columns on top of the rows: the texts found in a JSON
text by pointer (RFC 6901), the pairs of an array of keys and values, the value of one key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.logs.mapping import Case
from ledger.logs.paths import SCALARS, Key, Leg, Name, parse

_PAIRS = """[{"key":"VARCHAR","value":"JSON"}]"""
_ARRAYS = ("/arrayValue/values", "/kvlistValue/values")


@dataclass
class _Document:
    """A JSON text, and what is read from it."""

    text: str  # the SQL that yields it
    level: int  # how many columns it stands on
    sure: bool  # known to be valid JSON
    pointers: list[str] = field(default_factory=list)


class Locator:
    """Collects sources; writes the SQL that finds them all."""

    def __init__(self) -> None:
        self._documents: dict[str, _Document] = {}
        self._columns: dict[int, dict[str, str]] = {}  # level -> name -> SQL
        self._names: dict[str, str] = {}  # SQL -> the column that holds it
        self._parameters: dict[str, object] = {}
        self._root = self._document("record", 0, sure=True)

    def text(self, sources: Sequence[str]) -> str:
        """SQL of the text at the first source that holds any; null if none does."""
        found = [f"nullif({text}, '')" for source in sources for text in self._texts(source)]
        return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]

    def case(self, cases: Sequence[Case], otherwise: str) -> str:
        """SQL of the text of the first case that holds, or else of another text."""
        if not cases:
            return otherwise
        whens = " ".join(f"WHEN {self._holds(case)} THEN {self._bind(case.text)}" for case in cases)
        return f"CASE {whens} ELSE {otherwise} END"

    def member(self, name: str) -> str:
        """SQL of the text of a top-level member; null if it is missing or null."""
        return self._pointed(self._root, [name])[0]

    def within(self, member: str, name: str) -> str:
        """SQL of the text of a member of a top-level member."""
        text, level = self._pointed(self._root, [member])
        return self._pointed(self._document(text, level, sure=False), [name])[0]

    def relation(self, rows: str) -> str:
        """SQL of the rows with all columns that the texts stand on."""
        self._read_documents()
        for level in sorted(self._columns):
            added = ", ".join(f"{sql} AS {name}" for name, sql in self._columns[level].items())
            rows = f"(SELECT *, {added} FROM {rows})"  # noqa: S608 - names and SQL made here
        return rows

    def parameters(self) -> dict[str, object]:
        """What the SQL binds."""
        return self._parameters | {
            _bound(name): document.pointers for name, document in self._documents.items()
        }

    def columns(self) -> list[str]:
        """Names of the columns added by `relation`."""
        return [name for columns in self._columns.values() for name in columns]

    def _holds(self, case: Case) -> str:
        tests = []
        for source in case.sources:
            text = self.text([source])
            told = [f"{text} IS NOT NULL"]
            for which, texts in (("", case.among), ("NOT ", case.but)):
                if texts:
                    held = f"list_contains({self._bind(list(texts))}::VARCHAR[], {text})"
                    told.append(which + held)
            tests.append(f"({' AND '.join(told)})")
        return " OR ".join(tests)

    def _bind(self, value: object) -> str:
        """A parameter that holds a value, one for equal ones."""
        name = next((n for n, known in self._parameters.items() if known == value), None)
        if name is None:
            name = f"k{len(self._parameters)}"
            self._parameters[name] = value
        return f"${name}"

    def _texts(self, source: str) -> list[str]:
        path = parse(source)
        found = [self._pointed(self._root, [path.whole])[0]] if path.whole is not None else []
        text, level = self._along(self._root, path.legs[0])
        for leg in path.legs[1:]:
            text, level = self._along(self._document(text, level, sure=False), leg)
        return [*found, text]

    def _along(self, document: str, leg: Leg) -> tuple[str, int]:
        """SQL of the text at the end of a leg, and the level that it can be read on."""
        first = next((i for i, step in enumerate(leg) if isinstance(step, Key)), len(leg))
        text, level = self._pointed(document, [step.text for step in leg[:first]])
        if first == len(leg):
            return text, level
        sure = False
        for step in leg[first:]:
            if isinstance(step, Name):
                name = _escaped(step.text)
                inner = [*(f"{array}/{name}" for array in _ARRAYS), f"/{name}"]
                found = f"json_extract({text}, {_literals(inner)})"
                text, level = self._column(found, level)
                text = _first(text, len(inner))
            else:
                text, level = self._keyed(text, level, step.text, sure=sure)
            sure = True
        bare = [*(f"/{kind}" for kind in SCALARS), *_ARRAYS, ""]
        found, level = self._column(f"json_extract_string({text}, {_literals(bare)})", level)
        return _first(found, len(bare)), level

    def _keyed(self, text: str, level: int, key: str, *, sure: bool) -> tuple[str, int]:
        """The JSON of a key's value in an array of pairs."""
        if sure:  # a value that may hold its pairs in an AnyValue
            within = f"json_extract({text}, {_literals([*_ARRAYS, ''])})"
            text, level = self._column(within, level)
            text = _first(text, len(_ARRAYS) + 1)
        pairs, level = self._column(f"TRY(json_transform({text}, '{_PAIRS}'))", level)
        keys, level = self._column(f"list_transform({pairs}, lambda pair: pair.key)", level)
        found = f"{pairs}[list_position({keys}, {self._bind(key)})].value"
        return self._column(found, level)

    def _pointed(self, document: str, names: Sequence[str]) -> tuple[str, int]:
        pointers = self._documents[document].pointers
        pointer = "".join(f"/{_escaped(name)}" for name in names)
        if pointer not in pointers:
            pointers.append(pointer)
        return f"{document}[{pointers.index(pointer) + 1}]", self._documents[document].level + 1

    def _document(self, text: str, level: int, *, sure: bool) -> str:
        known = (name for name, other in self._documents.items() if other.text == text)
        name = next(known, f'"#d{len(self._documents)}"')
        self._documents.setdefault(name, _Document(text, level, sure))
        return name

    def _column(self, sql: str, level: int) -> tuple[str, int]:
        """Let a value be worked out once, as a column on a level of its own."""
        if sql not in self._names:
            self._names[sql] = name = f'"#v{len(self._names)}"'
            self._columns.setdefault(level, {})[name] = sql
        return self._names[sql], level + 1

    def _read_documents(self) -> None:
        for name, document in self._documents.items():
            found = f"json_extract_string({document.text}, ${_bound(name)}::VARCHAR[])"
            sql = found if document.sure else f"TRY({found})"
            self._columns.setdefault(document.level, {})[name] = sql


def _bound(document: str) -> str:
    return f"{document.strip(chr(34) + '#')}_at"


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _literals(pointers: Sequence[str]) -> str:
    quoted = (f"'{pointer.replace(chr(39), chr(39) * 2)}'" for pointer in pointers)
    return f"[{', '.join(quoted)}]"


def _first(values: str, count: int) -> str:
    """SQL of the first of a list's values that is not null."""
    return f"coalesce({', '.join(f'({values})[{i + 1}]' for i in range(count))})"
