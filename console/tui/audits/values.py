"""Audits of scores and ratings, and audits by a profile, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.text import Text

from console.figures import Figures, selection_tables, value_tables
from console.messages import legible
from console.pictures import pictures
from console.tui import marks
from policies.fairness.reading import conditions, intervals, stated


def value_sections(document: dict[str, Any], width: int) -> Iterator[Text]:
    """Title and verdict, pictures, tables, differences and what the profile says, all reasons."""
    yield _verdict(document)
    yield Text("\n\n".join(pictures(document, width, plain=False)) + "\n")
    yield Text("\n\n".join(each.laid_out(width) for each in _tables(document)) + "\n")
    yield _differences(document).append(computed_text(document)).append(profile_text(document))
    text = marks.coloured("All reasons\n", "bold")
    for reason in document["reasons"]:
        text.append(f"· {legible(reason)}\n")
    yield text


def _verdict(document: dict[str, Any]) -> Text:
    text = marks.verdict_mark(document["verdict"]).text
    text.append(f"\n{legible(document.get('title') or 'Audit of ' + document['outcome'] + 's')}")
    text.append("\n\n")
    return text.append(asked_text(document))


def asked_text(document: dict[str, Any]) -> Text:
    """What was asked of which rows."""
    return _said([("decisions", f"{document['n']:,}"), *conditions(document)])


def computed_text(document: dict[str, Any]) -> Text:
    """How intervals and p-values were computed, and from what."""
    return _said(
        [
            ("intervals", intervals(document)),
            *([("p", document["significance"])] if document.get("significance") else []),
            ("seed, data", f"{document['seed']}, SHA-256 {document['data_digest'][:16]}…"),
        ]
    )


def _said(pairs: Sequence[tuple[str, str]]) -> Text:
    text = Text()
    for name, value in pairs:
        text.append(f"{name + ':':<14}", style=marks.QUIET)
        text.append(f"{legible(value)}\n")
    return text


def _tables(document: dict[str, Any]) -> Iterator[Figures]:
    profiled = bool(document.get("profile"))
    return selection_tables(document) if profiled else value_tables(document)


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


def profile_text(document: dict[str, Any]) -> Text:
    """What a profile wants beside the figures, its sources, and what it does not say."""
    text = Text()
    for name, said in stated(document):
        text.append(f"{name}: {legible(said)}\n")
    if document.get("profile"):
        for line in (*document["profile"]["sources"], *document["profile"]["caveats"]):
            text.append(f"· {legible(line)}\n", style=marks.QUIET)
    return text
