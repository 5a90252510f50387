"""What a log format is: how it is recognised, unfolded into decision records, and mapped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.logs.mapping import Column

Unfold = Callable[[bytes], Iterable[bytes]]
"""One container record -> its decision records, each a JSON object as UTF-8 text.

Lossless: what it yields are parts of what it was given, number for number as they were written.
It raises ValueError(reason) for what it cannot unfold, which then is a bad row.
"""


@dataclass(frozen=True)
class Format:
    """A format of AI decision logs.

    A *container record* is a line of JSON Lines, a JSON document or an element of an array that
    is one, or a row of CSV or Parquet as an object.
    """

    name: str
    """As `--format` and the entry say it: `otlp`."""
    title: str
    """For people: `OTLP JSON traces (OpenTelemetry GenAI conventions)`."""
    recognises: Callable[[Mapping[str, Any]], bool]
    """Whether a parsed container record is of this format; no other format says so of it too."""
    columns: Mapping[str, Column] = field(default_factory=dict)
    """Its mapped columns, under the canonical names."""
    unfold: Unfold | None = None
    """None: each container record is one decision record."""
    gather: Callable[[Iterable[bytes]], Unfold] | None = None
    """Sees the container records of all files of an import first, and returns their `unfold`."""
    timezone: str | None = None
    """Zone of its zone-less times, only where the format's own documentation fixes it."""
    personal: tuple[str, ...] = ()
    """Sources that hold personal data: sealed or named by pseudonyms, unless a map decides."""
    cut: tuple[str, ...] = ()
    """Sources whose text may be cut off, so that nothing is proposed from inside it."""
    conversation: tuple[str, ...] = ()
    """Sources that hold whole prompts and answers; `*` in them is every element of an array, and in
    the key of an attribute any text."""
