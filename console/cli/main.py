"""The program `quaestor`: global options, the nouns, and how a run ends.

Nothing but this module is loaded before a command is known: each noun is imported when it is
named, and everything below when a command does its work.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import _click as click
from typer.core import TyperGroup

from console.cli.options import example
from console.exits import ExitCode, exit_code_of
from console.messages import Voice
from console.session import Session
from console.settings import Settings, coloured, read_looks, read_settings
from ledger.errors import InvalidInput, QuaestorError, StoreUnavailable

PROGRAM = "quaestor"
GLOBAL_OPTIONS = ("--home", "--seat", "--as", "--no-input", "--verbose")

NOUNS: Mapping[str, str] = {
    "key": "Keys of your seat: make, show, change the passphrase.",
    "actor": "People and programs: enrol them, give and take roles.",
    "model": "The inventory of models, with cards, owners, versions and ratings.",
    "data": "Data sets: register, profile and compare them.",
    "logs": "Decision logs: import them sealed, list them.",
    "audit": "Bias audits of imported decisions.",
    "incident": "Incidents: open, answer, work through the playbook, close.",
    "switch": "Switches: which models may serve, and their history.",
    "approval": "What waits for a second person.",
    "finding": "Findings: what must be remedied, by whom and by when.",
    "policy": "Thresholds and playbooks in force.",
    "report": "Signed PDF reports: build, list, verify.",
    "ledger": "The record itself: entries, verification, checkpoints.",
}
SHORTCUTS: Mapping[str, str] = {
    "init": "Found a ledger, with yourself as its first admin.",
    "demo": "Tell the story of one model, on a ledger of its own.",
    "doctor": "Say what is present, missing or unsafe here.",
    "kill": "Stop a model now.",
    "resume": "Ask a second person to let a model serve again.",
}
_ROOMS: Mapping[str, str] = {
    "init": "start", "demo": "start", "doctor": "start", "kill": "stop", "resume": "stop",
}  # fmt: skip
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Nouns(TyperGroup):
    """The commands by name, each loaded when it is named and not before."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Every command, shortcuts first."""
        return [*SHORTCUTS, *NOUNS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load a noun or a shortcut; None for a name that is neither."""
        if cmd_name not in self.commands and cmd_name in {*SHORTCUTS, *NOUNS}:
            module = import_module(f"console.cli.{_ROOMS.get(cmd_name, cmd_name)}")
            loaded = typer.main.get_group(module.app)
            found = loaded.commands[cmd_name] if cmd_name in SHORTCUTS else loaded
            found.name = cmd_name
            self.commands[cmd_name] = found
        return super().get_command(ctx, cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find a command; a wrong name is answered with the nearest ones."""
        from difflib import get_close_matches

        name = args[0]
        if name not in self.list_commands(ctx) and not name.startswith("-"):
            near = get_close_matches(name, self.list_commands(ctx), n=2)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"See: {PROGRAM} --help"
            raise InvalidInput(f"There is no command {name!r}.", hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - click's
        """Write the commands with their summaries, loading none of them."""
        for title, commands in (("Shortcuts", SHORTCUTS), ("Nouns", NOUNS)):
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


app = typer.Typer(
    cls=Nouns,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"{PROGRAM} {version(PROGRAM)}")
        raise typer.Exit


@app.callback(
    invoke_without_command=True,
    epilog=example(
        "quaestor demo",
        "quaestor --as ada model list --json",
        "quaestor kill credit-scorer --mode fallback --reason 'Declines rose overnight'",
    ),
)
def quaestor(
    context: typer.Context,
    *,
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The ledger's folder. Else QUAESTOR_HOME, else `quaestor/home` in the user's data "
            "folder (~/.local/share on Linux).",
        ),
    ] = None,
    seat: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Your own folder with keys and anchors. Else QUAESTOR_SEAT, else `quaestor/seat` "
            "in the user's config folder (~/.config on Linux).",
        ),
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="ACTOR",
            help="As whom to act. Else QUAESTOR_ACTOR, else the only key in your seat.",
        ),
    ] = None,
    no_input: Annotated[
        bool, typer.Option("--no-input", help="Never ask; what is missing is an error.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Show tracebacks of errors.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback answers
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """AI governance for the terminal, on one signed ledger. Without a command, the console opens.

    Passphrases are asked for, or read from the file (mode 0600) or descriptor (fd:N) that
    QUAESTOR_PASSPHRASE_FILE names. QUAESTOR_STORE may name the ledger's database by URL.

    Exit codes: 0 done, 1 a check failed, 2 wrong usage, 3 refused, 4 store unavailable, 5
    unconfirmed, 130 interrupted.
    """
    settings = read_settings(home=home, seat=seat, actor=actor, no_input=no_input, verbose=verbose)
    context.obj = Session(settings, context.obj)
    if context.invoked_subcommand is None:
        _open_console(settings)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code. Every way in which it can fail ends here."""
    args = list(sys.argv[1:] if arguments is None else arguments)
    voice = Voice("--json" in args, verbose="--verbose" in args, colour=coloured(read_looks()))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = typer.main.get_command(app).main(
            args, prog_name=PROGRAM, standalone_mode=False, obj=voice
        )
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort, EOFError):
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Whoever read stdout has gone; without this, the interpreter complains as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.CHECK_FAILED
    except Exception as error:  # noqa: BLE001 - the last place where it can be explained
        return _explained(voice, error)
    return code if isinstance(code, int) else ExitCode.DONE


def _explained(voice: Voice, error: Exception) -> ExitCode:
    """Say what went wrong, in the form that was asked for; return how that ends the program."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return ExitCode.WRONG_USAGE
    if isinstance(error, click.exceptions.ClickException):
        error = _wrong_usage(error)
    if isinstance(error, OSError) and error.errno in _FULL:  # stdout, say: others explain theirs
        error = StoreUnavailable(f"It cannot be written: {error.strerror}.", "Make room for it.")
    if isinstance(error, QuaestorError):
        voice.error(error)
        return exit_code_of(error)
    voice.defect(error)
    return ExitCode.CHECK_FAILED


def _open_console(settings: Settings) -> None:
    if settings.no_input or not sys.stdin.isatty() or not sys.stderr.isatty():
        raise InvalidInput(
            "The console needs a terminal, and a person at it.",
            f"Name a command instead: {PROGRAM} --help",
        )
    if settings.dumb:
        raise InvalidInput(
            "The console needs a terminal that can place text, and TERM says that this one cannot.",
            f"Set TERM, or name a command instead: {PROGRAM} --help",
        )
    from console.tui.app import run_console

    run_console(settings)


def _wrong_usage(error: click.exceptions.ClickException) -> InvalidInput:
    """An error of the command line, with the command whose help explains it."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else PROGRAM
    option = getattr(error, "option_name", "")
    if option in GLOBAL_OPTIONS and command != PROGRAM:
        return InvalidInput(
            f"{option} is no option of {command}.",
            f"It stands before the command: {PROGRAM} {option} ...",
        )
    return InvalidInput(error.format_message(), f"See: {command} --help")


if __name__ == "__main__":
    sys.exit(run())
