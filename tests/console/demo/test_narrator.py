"""How the page of the story looks."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from console.demo.narrator import REFUSED, WIDTH, Narrator, done


def page() -> tuple[Narrator, StringIO]:
    """A narrator whose timer moves half a second at each look, and what it wrote."""
    out = StringIO()
    ticks = iter(range(100))
    return Narrator(Console(file=out, highlight=False), lambda: next(ticks) / 2), out


def test_facts_hang_under_their_step() -> None:
    """If this fails, the page is ragged: times, words or second lines do not stand in columns."""
    narrator, out = page()
    with narrator.step("A step") as say:
        say(done("done"), "word " * 20)
        say(REFUSED, "short.")
    title, first, second, third = out.getvalue().splitlines()[1:]
    assert title.startswith(" 1  A step ")
    assert title.endswith(" 0.5 s")
    assert len(title) == WIDTH
    assert first.startswith("    ✓ done        word ")
    assert second.startswith(" " * 18 + "word ")
    assert third == "    ✗ refused     short"
    assert max(map(len, (first, second))) <= WIDTH


def test_a_step_that_breaks_off_still_says_what_it_did() -> None:
    """If this fails, who reads a failed demo does not learn how far it came."""
    narrator, out = page()

    def break_off() -> None:
        with narrator.step("A step") as say:
            say(done("half"), "the first half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert "✓ half" in out.getvalue()


def test_text_cannot_steer_the_terminal() -> None:
    """If this fails, the name of a folder could hide or recolour what the page says."""
    narrator, out = page()
    with narrator.step("A step") as say:
        say(done("done"), "in \x1b[31mred")
    narrator.paragraph("\x1b[2J gone")
    narrator.commands("Now:", [("rm \x1b[8m", "")])
    assert "\x1b" not in out.getvalue()
