"""The help of every command: complete, current, and with the words of the record."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer

from console.cli import options
from console.cli.document import document
from console.cli.main import NOUNS, SHORTCUTS, app
from ledger.registers import actors, body, datasets, incidents, models, policies, switches
from policies.data import findings

ROOT = Path(__file__).parents[3]
NO_DATA = {"quaestor demo", "quaestor key new"}  # a story; a request that is JSON already


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by what is typed for it."""
    root: Any = typer.main.get_command(app)
    for name in (*SHORTCUTS, *NOUNS):
        yield from _below(f"quaestor {name}", root.get_command(None, name))


def _below(path: str, found: Any) -> Iterator[tuple[str, Any]]:
    below = getattr(found, "commands", None)
    if below is None:
        yield path, found
    else:
        for verb, command in below.items():
            yield from _below(f"{path} {verb}", command)


def test_the_page_of_the_command_line_is_current() -> None:
    """If this fails, docs/cli.md describes another program: python -m console.cli.document."""
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == document()


@pytest.mark.parametrize(("path", "command"), commands(), ids=str)
def test_every_command_explains_itself(path: str, command: Any) -> None:
    """If this fails, a command has no help, no example of its own, or prints no JSON."""
    assert command.help
    assert "Example:\n" in command.epilog
    assert f"{path} " in f"{command.epilog} ".replace("\n", " \n")
    flags = {flag for parameter in command.params for flag in parameter.opts}
    assert ("--json" in flags) is (path not in NO_DATA)
    assert all(getattr(parameter, "help", None) for parameter in command.params)


def test_summaries_are_the_commands_own() -> None:
    """If this fails, `quaestor --help` says something else than the command's own help."""
    root: Any = typer.main.get_command(app)
    for name, summary in {**SHORTCUTS, **NOUNS}.items():
        assert root.get_command(None, name).help.partition("\n")[0] == summary


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (options.Category, models.Category),
        (options.DataSeverity, findings.Severity),
        (options.DataUse, datasets.Use),
        (options.PersonalData, datasets.PersonalData),
        (options.Level, models.Level),
        (options.Mode, body.Mode),
        (options.PolicyKind, policies.PolicyKind),
        (options.Role, actors.Role),
        (options.Severity, incidents.Severity),
        (options.Status, models.Status),
        (options.StoppedMode, switches.StoppedMode),
        (options.LegalRole, models.LegalClass.model_fields["role"].annotation),
    ],
)
def test_choices_are_those_of_the_registers(ours: Any, theirs: Any) -> None:
    """If this fails, the command line refuses a word that the record knows, or offers another."""
    assert get_args(ours) == get_args(theirs)


def test_the_environment_is_read_in_one_place() -> None:
    """If this fails, a setting is read where nobody looks for it."""
    reading = {
        path.name
        for path in [*(ROOT / "console").glob("*.py"), *(ROOT / "console" / "cli").glob("*.py")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        if isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert reading == {"settings.py"}
