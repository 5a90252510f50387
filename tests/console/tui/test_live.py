"""The real program in a real terminal, while another process writes to the same ledger."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console.tui.sample import PASSPHRASE, Sample

PATIENCE = 90.0
ENTRIES = 25

OTHER = """
import sys
from pathlib import Path
from ledger import switching
from ledger.book import Book
from ledger.entry import Draft
from ledger.home import Home
from ledger.seat import Seat

home, seat, entries = Path(sys.argv[1]), Seat(Path(sys.argv[2])), int(sys.argv[3])
signer = seat.signer("cyril", sys.argv[4].encode())
book = Book(Home(home), seat, patience=20)  # which an open console must not try
for number in range(entries):
    draft = Draft("incident.noted", "incident/inc-1", {"note": f"Note {number}."})
    book.append(signer, [draft])
report = switching.kill(book, signer, "fraud-screen", reason="Seen by another process.")
print(report.recorded)
"""


class Terminal:
    """A tmux server of its own with one window, 120 by 36, in which a program runs."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.socket = folder / "tmux"
        self.environment = environment

    def tmux(self, *arguments: str) -> str:
        """Run a tmux command on this server."""
        command = ["tmux", "-S", str(self.socket), "-f", "/dev/null", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=self.environment
        ).stdout

    def start(self, command: str) -> None:
        """Open the window."""
        self.tmux("new-session", "-d", "-x", "120", "-y", "36", command)

    def press(self, *keys: str) -> None:
        """Send keys."""
        self.tmux("send-keys", *keys)

    def seen(self, happened: Callable[[str], bool], what: str) -> str:
        """The screen, once it looks as expected."""
        end = time.monotonic() + PATIENCE
        while not happened(screen := self.tmux("capture-pane", "-p")):
            assert time.monotonic() < end, f"never seen: {what}\n{screen}"
            time.sleep(0.05)
        return screen


@pytest.fixture
def terminal(sample: Sample, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in whose environment the sample's home and ada's seat are set."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    passphrase = tmp_path / "passphrase"
    passphrase.write_bytes(PASSPHRASE)
    passphrase.chmod(0o600)
    # pytest-xdist tells its workers the size of another terminal.
    inherited = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
    environment = {
        **inherited,
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "QUAESTOR_HOME": str(sample.book.home.folder),
        "QUAESTOR_SEAT": str(sample.seat("ada")),
        "QUAESTOR_ACTOR": "ada",
        "QUAESTOR_PASSPHRASE_FILE": str(passphrase),
    }
    terminal = Terminal(tmp_path, environment)
    terminal.start(f"{sys.executable} -c 'from console.cli.main import run; run([])'")
    try:
        yield terminal
    finally:
        subprocess.run(
            ["tmux", "-S", str(terminal.socket), "kill-server"], capture_output=True, check=False
        )


def line_with(screen: str, *words: str) -> bool:
    """Whether some line of the screen has all these words."""
    return any(all(word in line for word in words) for line in screen.splitlines())


def test_an_open_console_neither_blocks_others_nor_misses_what_they_do(
    sample: Sample, terminal: Terminal
) -> None:
    """A console left open would hold up a kill from elsewhere, or show the model as still on."""
    terminal.seen(lambda screen: "What waits for me" in screen, "the first screen")
    terminal.press("5")
    terminal.seen(lambda screen: line_with(screen, "● on", "fraud-screen"), "the model, on")
    other = subprocess.Popen(
        [
            *(sys.executable, "-c", OTHER, str(sample.book.home.folder)),
            *(str(sample.seat("cyril")), str(ENTRIES), PASSPHRASE.decode()),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    terminal.press("4")
    terminal.seen(lambda screen: "Women under 30" in screen, "another screen meanwhile")
    terminal.press("5")
    printed, _ = other.communicate(timeout=PATIENCE)
    assert other.returncode == 0, "an append had to wait for the console"
    assert printed.strip() != "None", "the kill had to wait for the console"
    terminal.seen(
        lambda screen: line_with(screen, "■ off", "fraud-screen"), "the kill, without any key"
    )
    terminal.press("1")
    terminal.seen(
        lambda screen: "fraud-screen is off since" in screen and "by cyril" in screen,
        "the stopped model among what waits",
    )
    terminal.press("C-q")
    end = time.monotonic() + PATIENCE
    while subprocess.run(
        ["tmux", "-S", str(terminal.socket), "list-sessions"], capture_output=True, check=False
    ).stdout:
        assert time.monotonic() < end, "the console did not leave"
        time.sleep(0.05)
