"""What must hold of every file of the repository."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("console", "ledger", "policies", "reports", "sample_data")
LONGEST = 400

# Spelled in pieces, so that this file does not contain what it looks for.
MACHINE = re.compile(r"(?<![\w./-])/(work|home|root)/\w")
REGISTRY = re.compile("files.python" + "hosted|py" + r"pi\.|index" + "-url|arti" + "factory")
UNFINISHED = re.compile(r"\b(TO" + "DO|FIX" + "ME|XX" + r"X)\b")


def tracked() -> list[Path]:
    """List the files that git knows and those that it would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = [ROOT / name for name in listed.stdout.splitlines()]
    return [path for path in files if path.is_file()]


def texts() -> Iterator[tuple[Path, str]]:
    """Read every file that is text."""
    for path in tracked():
        try:
            yield path.relative_to(ROOT), path.read_bytes().decode()
        except UnicodeDecodeError:
            continue


def modules(*folders: str) -> list[Path]:
    """List the Python files of some folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(
    ("what", "pattern"),
    [("a path of one machine", MACHINE), ("a registry", REGISTRY), ("unfinished work", UNFINISHED)],
)
def test_no_file_names(what: str, pattern: re.Pattern[str]) -> None:
    """If it failed, the repository would say where it was written, or be unfinished."""
    found = [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not found, f"{what}:\n" + "\n".join(found[:20])


def test_no_module_is_two_rooms() -> None:
    """If it failed, a file could no longer be understood in one sitting."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules(*ROOMS)
        if (lines := len(path.read_text().splitlines())) > LONGEST
    }
    assert not long


def undocumented(tree: ast.Module) -> Iterator[str]:
    """Name what is public and says nothing of itself; overridden methods may be silent."""
    if ast.get_docstring(tree) is None and tree.body:
        yield "the module"
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if not node.name.startswith("_") and ast.get_docstring(node) is None:
            yield node.name


def test_everything_public_says_what_it_is() -> None:
    """If it failed, a newcomer would have to read a body to learn what a function is for."""
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in modules(*ROOMS)
        for name in undocumented(ast.parse(path.read_text()))
    ]
    assert not found


def test_every_test_says_what_its_failure_would_mean() -> None:
    """If it failed, somebody would have to guess why a test exists."""
    found = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in modules("tests")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and ast.get_docstring(node) is None
    ]
    assert not found


def test_rooms_keep_no_settings_of_their_own() -> None:
    """If it failed, what a function does would depend on an environment that nobody passed in."""
    allowed = {"console/settings.py"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules(*ROOMS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and str(path.relative_to(ROOT)) not in allowed
    ]
    assert not found
