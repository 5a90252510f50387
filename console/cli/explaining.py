"""`logs import --explain`: what would be imported, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from console.cli.column_maps import Kind, rules_at_hand
from console.cli.display import print_json
from console.session import Session

if TYPE_CHECKING:
    from ledger.logs.explaining import Explained
    from ledger.logs.mapping import ColumnMap
    from ledger.logs.recognising import Recognised
    from ledger.logs.rules import RulesInForce


def explain_files(
    session: Session,
    found: Sequence[Recognised],
    mapping: ColumnMap,
    kind: Kind,
    *,
    as_json: bool,
) -> None:
    """Show what files are taken for, and how their first records would be mapped."""
    from ledger.logs.explaining import explain
    from ledger.logs.importing import WANTED

    force = rules_at_hand(session)
    told = [explain(one, found, mapping, WANTED[kind], rules=force.rules) for one in found]
    if as_json:
        document = mapping.brief() | {"format": mapping.format}
        print_json(
            {
                "redaction": force.model_dump(mode="json"),
                "map": document,
                "files": [one.as_json() for one in told],
            }
        )
        return
    import yaml

    for one in told:
        _tell(one)
    typer.echo("The map that would be used:")
    typer.echo(yaml.safe_dump(mapping.brief(), sort_keys=False, allow_unicode=True), nl=False)
    typer.echo(f"Redaction: {_said(force)}")
    session.voice.note("Nothing was imported.")


def _said(force: RulesInForce) -> str:
    """Which rules these are, and what they do."""
    from ledger.logs.screens import CLASSES

    rules = force.rules
    which = f"the policy in force ({force.digest[:12]})" if force.digest else "no policy is adopted"
    left = [name for name in CLASSES if name not in rules.removed]
    classes = f"every class but {', '.join(left)} is removed" if left else "every class is removed"
    kept = "kept whole" if rules.keeps_conversations else "summed up, with what the map takes"
    return f"{which}; {classes}; conversations are {kept}."


def _tell(one: Explained) -> None:
    from console.messages import legible

    packed = f", packed by {one.compression}" if one.compression else ""
    typer.echo(legible(f"{one.file}: {one.container}{packed}, {one.title}: {one.because}"))
    for example in one.examples:
        typer.echo(f"  line {example.line}")
        typer.echo(legible(f"    as it is   {example.before}"))
        same = example.before == example.after
        typer.echo(legible(f"    as kept    {'the same' if same else example.after}"))
        for name, value in example.columns.items():
            if value is not None:
                typer.echo(legible(f"    {name} = {value}"))
        if example.problem:
            typer.echo(legible(f"    bad row: {example.problem}"))
    for line, reason in one.bad:
        typer.echo(legible(f"  line {line}, bad row: {reason}"))
    if one.unmapped:
        typer.echo(f"  wanted, and not in the map: {', '.join(one.unmapped)}")
    if one.empty:
        typer.echo(f"  wanted, and empty in these records: {', '.join(one.empty)}")
    if one.unmarked:
        typer.echo(f"  personal, and not marked in the map: {', '.join(one.unmarked)}")
    typer.echo("")
