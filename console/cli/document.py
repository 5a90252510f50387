"""Writes `docs/cli.md`: the help of every command, as the program prints it.

python -m console.cli.document > docs/cli.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import typer
from typer import _click as click
from typer.core import TyperGroup

from console.cli.main import NOUNS, PROGRAM, SHORTCUTS, app

_WIDTH = 100

_INTRODUCTION = """# The command line

What `quaestor COMMAND --help` prints, for every command. Made by `python -m console.cli.document`.
"""


def document() -> str:
    """The whole page, in Markdown."""
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)  # noqa: S101 - a program of nouns
    context = root.make_context(
        PROGRAM, ["--no-input"], resilient_parsing=True, terminal_width=_WIDTH
    )
    pages = [_INTRODUCTION, *_page(root, context, PROGRAM)]
    for name in (*SHORTCUTS, *NOUNS):
        command = root.get_command(context, name)
        if command is not None:
            pages += _pages(command, context, name)
    return "\n".join(pages)


def _pages(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    """A command's page, then those of the commands under it."""
    context = click.Context(command, info_name=name, parent=parent)
    yield from _page(command, context, f"{context.command_path}")
    for verb, below in getattr(command, "commands", {}).items():
        yield from _pages(below, context, verb)


def _page(command: click.Command, context: click.Context, title: str) -> Iterator[str]:
    level = "##" if context.command_path.count(" ") < 2 else "###"  # noqa: PLR2004 - program, noun
    lines = command.get_help(context).rstrip().splitlines()
    text = "\n".join(line.rstrip() for line in lines)
    yield f"{level} {title}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    sys.stdout.write(document())
