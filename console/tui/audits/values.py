"""Audits of scores and ratings, and audits by a profile, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from console.messages import legible
from console.pictures import pictures
from console.tui import marks


def value_sections(document: dict[str, Any], width: int) -> Iterator[Text]:
    """Title and verdict, pictures, largest differences, what the profile says, all reasons."""
    yield _verdict(document)
    yield Text("\n\n".join(pictures(document, width, plain=False)) + "\n")
    yield _differences(document)
    yield _profile(document)
    text = marks.coloured("All reasons\n", "bold")
    for reason in document["reasons"]:
        text.append(f"· {legible(reason)}\n")
    yield text


def _verdict(document: dict[str, Any]) -> Text:
    text = marks.verdict_mark(document["verdict"]).text
    text.append(f"\n{legible(document.get('title') or 'Audit of ' + document['outcome'] + 's')}")
    text.append(
        f"\n\n{document['n']:,} decisions measured, {document['excluded']['rows']:,} left out for "
        f"a missing value\nMeasured: {legible(document['prediction'])}"
        f" · turned out: {legible(document['label'] or 'not given')}"
        f"\nOnly where: {legible(document['filter'] or 'all decisions')}"
        f"\nIntervals: {document['intervals']}"
        f"\nData SHA-256 {document['data_digest'][:16]}…",
    )
    return text


def _differences(document: dict[str, Any]) -> Text:
    names = [name for name in document["disparities"] if not name.endswith("_ci")]
    text = Text()
    for table in document["disparities_by"]:
        text.append(f"By {legible(table['title'])}", style="bold")
        text.append(f"  reference: {legible(table['reference'])}\n", style=marks.QUIET)
        for name in names:
            if table[name] is not None:
                interval = table.get(f"{name}_ci")
                span = f"  {interval[0]:.3f} to {interval[1]:.3f}" if interval else ""
                text.append(f"  {name.replace('_', ' '):<40}{table[name]:>9.3f}{span}\n")
    return text


def _profile(document: dict[str, Any]) -> Text:
    text = Text()
    if document.get("profile"):
        for line in (*document["profile"]["sources"], *document["profile"]["caveats"]):
            text.append(f"· {legible(line)}\n", style=marks.QUIET)
    return text
