"""Appending in bulk, end to end: checked, signed, journalled, posted, projected, seat advanced."""

from __future__ import annotations

from benchmarks.ledgers import MODELS, fresh_ledger, versions
from benchmarks.timing import Scale, rate, stopwatch, table

_PARTS = 3
_SIZES = (1, 100, 1_000, 10_000)


def run(scale: Scale) -> None:
    """Append parts of several sizes to one ledger; the largest is `scale.part`."""
    rows = []
    with fresh_ledger() as (book, signer):
        size = MODELS + 1
        for part in (size for size in _SIZES if size <= scale.part):
            drafts = [versions(size + number * part, part) for number in range(_PARTS)]
            size += part * _PARTS
            with stopwatch() as lap:
                for each in drafts:
                    book.append(signer, each)
            wanted = "20,000/s" if part == 10_000 else ""  # noqa: PLR2004 - what is promised of it
            rows.append(
                (
                    f"{part:,}",
                    rate(part * _PARTS, lap.seconds),
                    f"{lap.seconds / _PARTS:.3f}",
                    wanted,
                )
            )
    table("Appending, by the size of a part", ("entries", "rate", "s a part", "wanted"), rows)
