"""Text as it may stand on a page: nothing invisible, nothing that reorders its surroundings.

Names are given by those whom a report is about. A character that cannot be seen, that turns the
direction of writing, or that no installed font can draw is shown as its code, `[U+202E]`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from unicodedata import category

Legible = Callable[[str], str]

UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})
JOINERS = frozenset("\u200c\u200d")
"""Zero-width joiners: needed to write Persian and the Indic scripts."""


def legible_except(undrawable: Collection[int]) -> Legible:
    """Return a function that shows unseen and `undrawable` code points as their codes.

    Line breaks and tabs stay. Lone surrogates, which no file can hold, are shown too.
    """

    def show(char: str) -> str:
        seen = char in "\n\t" or char in JOINERS or category(char) not in UNSEEN
        return char if seen and ord(char) not in undrawable else f"[U+{ord(char):04X}]"

    def legible(text: str) -> str:
        return "".join(map(show, text))

    return legible
