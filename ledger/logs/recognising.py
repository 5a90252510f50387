"""What a log file is, as far as its first records say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ledger.errors import InvalidInput
from ledger.logs.batches import Batch, parsed
from ledger.logs.containers import CONTAINERS, opened
from ledger.logs.formats import FORMATS, format_named, recognise
from ledger.logs.formats.base import Format
from ledger.logs.reading import Arrival, arrival, read

SAMPLES = 100
_BECAUSE = {
    "csv": "no JSON and no Parquet: read as a table of text with a header line",
    "jsonl": "one JSON object a line",
    "json": "a JSON document of one or more records",
    "parquet": "begins as Parquet does",
}


@dataclass(frozen=True)
class Recognised:
    """What a file is taken for, and why."""

    log: Arrival
    container: str
    compression: str
    format: Format
    because: str

    def said(self) -> str:
        """In one line, without its name: `JSON Lines in gzip: OTLP traces ...`."""
        packed = f", packed by {self.compression}" if self.compression else ""
        return f"{self.container}{packed}: {self.format.title} ({self.because})"


def stated(form: str | None) -> tuple[str | None, Format | None]:
    """What `--format` states: a container, or a format, or nothing. InvalidInput for others."""
    if form is None or form in CONTAINERS:
        return form, None
    if form not in FORMATS:
        raise InvalidInput(
            f"The format {form!r} is not known.",
            f"Known are: {', '.join([*CONTAINERS, *FORMATS])}.",
        )
    return None, format_named(form)


def recognised(source: Path | Arrival, form: str | None = None) -> Recognised:
    """Tell container and format of a file; `form` overrides either. Raises InvalidInput."""
    container, format_ = stated(form)
    log = arrival(source)
    with opened(log.path, log.name, container) as found:
        container, compression = found.container, found.compression
    said = f"{container} was stated" if form == container else _BECAUSE[container]
    if format_ is not None:
        return Recognised(log, container, compression, format_, f"{format_.name} was stated")
    samples = [parsed(record) for record in sample(log, container)]
    format_ = recognise(samples)
    number = next((i for i, one in enumerate(samples, 1) if format_.recognises(one)), 0)
    if number and format_ is not FORMATS["table"]:
        said += f"; record {number} is of this format"
    return Recognised(log, container, compression, format_, said)


def one_format(found: Sequence[Recognised]) -> Format:
    """The format that all files of an import have. InvalidInput if they differ."""
    first = found[0]
    for other in found[1:]:
        if other.format is not first.format:
            raise InvalidInput(
                f"{first.log.name} is {first.format.name}, {other.log.name} {other.format.name}.",
                "Import files of one format at a time, or state the format of all: --format",
            )
    return first.format


def sample(source: Path | Arrival, container: str | None, most: int = SAMPLES) -> list[bytes]:
    """The first container records of a file."""
    batches = (batch for batch in read(source, container) if len(batch.records))
    first: Batch | None = next(batches, None)
    return list(islice(first.each(), most)) if first is not None else []
