"""Fields that a column map or a policy singles out: removed, pseudonymised, sealed, or digested.

Of what is said of one field the strongest holds: `redact`, then `subject`, `personal`,
`pseudonyms`, then the policy on conversations. What the policy's classes remove is out of a text
before it is sealed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache, partial

from ledger.collection import collection_put_off
from ledger.errors import InvalidInput
from ledger.logs.conversations import is_spoken, summary
from ledger.logs.formats import format_named
from ledger.logs.mapping import ColumnMap, Of, Type
from ledger.logs.paths import Name, parse
from ledger.logs.people import People
from ledger.logs.pseudonyms import Pseudonyms
from ledger.logs.redaction import redact_value
from ledger.logs.rules import RedactionRules
from ledger.logs.splicing import Node, Reader, splice
from ledger.logs.taking import inside, with_taken

MARK = "[redacted:"
REMOVED = f"{MARK}field]"
NOBODY = "\0nobody"
CONVERSATION = "conversation"

Shape = tuple[str, ...]
"""What was done in one record, in order."""


class Fields:
    """Rewrites records one by one; `import_key` stands for whom a record names nobody.

    Raises InvalidInput for a map that takes a number or a time out of a field that will hold none.
    """

    def __init__(
        self,
        mapping: ColumnMap,
        rules: RedactionRules,
        pseudonyms: Pseudonyms,
        people: People,
        import_key: str,
    ) -> None:
        _require_texts(mapping)
        self._nobody = f"{NOBODY}|{import_key}"
        self._person = self._nobody
        self._pseudonyms, self._people = pseudonyms, people
        self._removed = rules.removed
        self._done: list[str] = []
        self._shapes: dict[Shape, Shape] = {}
        self.conversations = (
            () if rules.keeps_conversations else format_named(mapping.format).conversation
        )
        self._subject = _reader(mapping, self.conversations)
        self._whole = self._places(mapping)
        self._root = self._places(mapping)
        for source in self.conversations:
            self._root.add_every(source, self._digest)
        self.any = self._root.leads_on

    def rewrite(
        self, records: Sequence[bytes], taken: Sequence[str] | None = None
    ) -> tuple[list[bytes], list[Shape]]:
        """The records as they may be kept, and what was done in each.

        `taken` is what is kept of each beside the summary of a conversation. Raises
        msgspec.DecodeError if one is no JSON object.
        """
        out: list[bytes] = []
        shapes: list[Shape] = []
        with collection_put_off():
            for row, record in enumerate(records):
                short = self._spliced(record, self._root)
                if taken is not None and CONVERSATION in self._done:
                    short = with_taken(short, taken[row])
                out.append(short)
                shapes.append(self._shapes.setdefault(done := tuple(self._done), done))
        return out, shapes

    def whole(self, records: Sequence[bytes]) -> Sequence[bytes]:
        """The records with all of that done save for the conversations."""
        if not self._whole.leads_on:
            return records
        with collection_put_off():
            return [self._spliced(record, self._whole) for record in records]

    def _places(self, mapping: ColumnMap) -> Node:
        """What the map says of fields, as a tree."""
        root = Node()
        # First, so that it is known whom the personal fields of a record are about.
        for source in mapping.subjects:
            if source not in mapping.redact:
                root.add(source, self._name)
        for source in mapping.redact:
            root.add(source, self._remove)
        for source in mapping.personal:
            root.add(source, partial(self._seal, source, _key(source)))
        for source in mapping.pseudonyms:
            root.add(source, self._pseudonymise)
        return root

    def _spliced(self, record: bytes, root: Node) -> bytes:
        self._done.clear()
        self._person = self._nobody
        if self._subject is not None:
            self._person = self._subject.text(record) or self._nobody
        return splice(record, root)

    def _remove(self, _text: str) -> str | None:
        self._done.append("field")
        return REMOVED

    def _name(self, text: str) -> str | None:
        if not text:
            return None
        if self._subject is None:
            self._person = text
        self._done.append("pseudonym")
        return self._people.name(text)

    def _seal(self, source: str, key: str, text: str) -> str | None:
        """Seal what is left of a text once what is always removed, or by policy, is out of it."""
        if not text:
            return None
        left, counts = redacted(text, key, self._removed)
        self._done.extend(counts)
        if left.startswith(MARK) and left.endswith("]") and left.count("[") == 1:
            return left
        self._done.append("personal")
        return self._people.seal(self._person, source, left)

    def _pseudonymise(self, text: str) -> str | None:
        if not text:
            return None
        self._done.append("pseudonym")
        return self._pseudonyms.of(text)

    def _digest(self, text: str) -> bytes | None:
        if not is_spoken(text):
            return None
        self._done.append(CONVERSATION)
        return summary(text)


def counted(shapes: Counter[Shape]) -> Counter[str]:
    """How often each thing was done, from how many records had each shape."""
    counts: Counter[str] = Counter()
    for shape, records in shapes.items():
        for name in shape:
            counts[name] += records
    return counts


def _reader(mapping: ColumnMap, conversations: Sequence[str]) -> Reader | None:
    """What reads the subject beforehand, where it may not be the first thing that is come upon."""
    if not (mapping.subjects and mapping.personal):
        return None
    first = mapping.subjects[0]
    path = parse(first)
    plain = len(path.legs) == 1 and all(isinstance(step, Name) for step in path.legs[0])
    reached = first not in mapping.redact and not any(inside(first, each) for each in conversations)
    alone = len(mapping.subjects) == 1
    return None if plain and reached and alone else Reader(*mapping.subjects)


def _key(source: str) -> str:
    """The name that stands before what is at a source."""
    names = [step.text for leg in parse(source).legs for step in leg if not step.text.isdecimal()]
    return names[-1] if names else ""


@lru_cache(maxsize=4096)
def redacted(text: str, key: str, classes: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """A text that stands under a key without what these classes take out, and what that was."""
    counts: Counter[str] = Counter()
    left = redact_value(text, key, counts, classes)
    return left, tuple(counts.elements())


def _require_texts(mapping: ColumnMap) -> None:
    hidden = {*mapping.redact, *mapping.personal, *mapping.pseudonyms, *mapping.subjects}
    for name, column in mapping.columns.items():
        taken = hidden & {*column.sources, column.since}
        if taken and (column.type is not Type.STRING or column.of is not Of.VALUE):
            raise InvalidInput(
                f"The column {name} takes a {column.type} from {min(map(str, taken))}, which the "
                "map has removed, pseudonymised or sealed.",
                "Leave the column out of the map, or let it be a string.",
            )
