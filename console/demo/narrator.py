"""How the story looks: numbered steps with what they took, and facts by glyph, word and text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import wrap

from rich.console import Console
from rich.text import Text

from console.messages import legible
from console.tui.marks import BAD, DEMO, GOOD, PLAIN, QUIET, Mark

WIDTH = 80
INDENT = 4
_WORD = 12

Say = Callable[[Mark, str], None]

NOTED = Mark("·", "", QUIET)
EQUAL = Mark("=", "equal", GOOD)
DIFFERS = Mark("✗", "differs", BAD)
REFUSED = Mark("✗", "refused", BAD)


class Narrator:
    """Tells the steps of a story on a console; colour only where the console has it.

    `timer` gives seconds from any beginning. Lines are at most `WIDTH` wide, but what cannot be
    broken (a path) is left whole.
    """

    def __init__(self, console: Console, timer: Callable[[], float]) -> None:
        self._console = console
        self._timer = timer
        self._steps = 0
        self._began = timer()

    @property
    def took(self) -> float:
        """Seconds since the story began."""
        return self._timer() - self._began

    def open(self, title: str, text: str) -> None:
        """Begin with a title, and what to know."""
        self._line(Text(title, style="bold"), DEMO.text)
        self.paragraph(text)

    @contextmanager
    def step(self, title: str) -> Iterator[Say]:
        """Take a step; what it says appears with what it took, also if it breaks off."""
        self._steps += 1
        began = self._timer()
        facts: list[tuple[Mark, str]] = []
        try:
            with self._console.status(Text(title)):
                yield lambda mark, text: facts.append((mark, text))
        finally:
            self._print(Text())
            head = Text(f"{self._steps:>2}  {title}", style="bold")
            self._line(head, Text(f"{self._timer() - began:.1f} s", style=QUIET))
            for mark, text in facts:
                self._fact(mark, text)

    def paragraph(self, text: str) -> None:
        """Tell something between the steps."""
        lines = wrap(legible(text), WIDTH, break_long_words=False, break_on_hyphens=False)
        self._print(Text("\n".join(["", *lines])))

    def commands(self, heading: str, rows: Sequence[tuple[str, str]]) -> None:
        """List commands, each with what it does."""
        self._print(Text(f"\n{heading}", style="bold"))
        width = max(len(legible(command)) for command, _ in rows)
        for command, meaning in rows:
            line = Text(" " * INDENT + legible(command).ljust(width + 3))
            self._print(line.append(meaning, style=QUIET))

    def _fact(self, mark: Mark, text: str) -> None:
        hanging = INDENT + 2 + _WORD
        lines = wrap(
            legible(text).rstrip("."),
            WIDTH - hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
        line = Text(" " * INDENT).append(f"{mark.glyph} {mark.word:<{_WORD}}", style=mark.style)
        self._print(line.append(("\n" + " " * hanging).join(lines), style=PLAIN))

    def _line(self, left: Text, right: Text) -> None:
        gap = max(WIDTH - left.cell_len - right.cell_len, 2)
        self._print(left.append(" " * gap).append_text(right))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)


def done(word: str) -> Mark:
    """Something that was done, in one word."""
    return Mark("✓", word, GOOD)


def short(digest: str) -> str:
    """The beginning of a digest or fingerprint, enough to recognise it."""
    return f"{digest[:24]}…"
