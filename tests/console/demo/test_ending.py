"""How the story ends for a person: in the console, in a real terminal."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.demo.conftest import Told, environment

PATIENCE = 90.0
END = """
import sys
from pathlib import Path
from time import perf_counter
from rich.console import Console
from console.demo.narrator import Narrator
from console.demo.place import Place
from console.demo.story import open_console
folder = Path(sys.argv[1])
open_console(Place(folder, folder), Narrator(Console(), perf_counter))
print("back at the prompt")
"""


class Terminal:
    """A terminal of 100 x 30 on a tmux server of its own."""

    def __init__(self, socket: Path, environ: dict[str, str]) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self._environ = environ

    def start(self, command: list[str]) -> None:
        """Run a command; the terminal stays open afterwards."""
        line = f"{shlex.join(command)}; echo ended with $?; cat"
        self._call("new-session", "-d", "-x", "100", "-y", "30", line)

    def press(self, key: str) -> None:
        """Press a key, by tmux's name."""
        self._call("send-keys", key)

    def wait_for(self, text: str) -> None:
        """Wait until the screen shows a text."""
        end = time.monotonic() + PATIENCE
        while text not in (screen := self._call("capture-pane", "-p")):
            assert time.monotonic() < end, f"waited in vain for {text!r} on:\n{screen}"
            time.sleep(0.1)

    def stop(self) -> None:
        """End the server and whatever runs in it."""
        self._call("kill-server")

    def _call(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments],
            check=True,
            capture_output=True,
            text=True,
            env={**self._environ, "LC_ALL": "C.UTF-8"},
        )
        return done.stdout


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal that ends with the test."""
    opened = Terminal(tmp_path / "tmux", environment(tmp_path))
    yield opened
    opened.stop()


def test_the_story_ends_in_the_console_as_the_admin(told: Told, terminal: Terminal) -> None:
    """If this fails, who watches the demo is not led into the console, or cannot get out."""
    terminal.start([sys.executable, "-c", END, str(told.folder)])
    terminal.wait_for("Enter opens the console")
    terminal.press("Enter")
    terminal.wait_for("What waits for me")
    terminal.wait_for("Ada Lindqvist")
    terminal.press("C-q")
    terminal.wait_for("back at the prompt")


def test_who_interrupts_stays_at_the_prompt(told: Told, terminal: Terminal) -> None:
    """If this fails, Ctrl-C at the end of the demo opens the console or shows a traceback."""
    terminal.start([sys.executable, "-c", END, str(told.folder)])
    terminal.wait_for("Enter opens the console")
    terminal.press("C-c")
    terminal.wait_for("back at the prompt")
    terminal.wait_for("ended with 0")
