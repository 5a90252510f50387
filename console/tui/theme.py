"""Colours: calm slate and one gold; `ansi-dark` and every other theme work as well."""

from __future__ import annotations

from rich.terminal_theme import TerminalTheme
from textual.theme import Theme

QUAESTOR = Theme(
    name="quaestor",
    primary="#c2a878",
    secondary="#7f9bb3",
    accent="#c2a878",
    warning="#d9b45b",
    error="#d9776c",
    success="#86b58b",
    foreground="#d8dce2",
    background="#14181d",
    surface="#14181d",
    panel="#1d232a",
    variables={
        "block-cursor-background": "#2f3f4f",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-text-style": "bold",
        "block-cursor-blurred-background": "#222a32",
        "footer-background": "#1d232a",
        "footer-key-foreground": "#c2a878",
        "footer-description-foreground": "#aab4bf",
        "input-selection-background": "#7f9bb3 35%",
        "scrollbar": "#2f3a45",
        "scrollbar-hover": "#3a4653",
        "scrollbar-active": "#c2a878",
        "scrollbar-background": "#14181d",
        "scrollbar-background-hover": "#14181d",
        "scrollbar-background-active": "#14181d",
        "scrollbar-corner-color": "#14181d",
        "border": "#3a4653",
        "border-blurred": "#2a333d",
    },
)

ANSI_DARK = TerminalTheme(
    (20, 24, 29),
    (216, 220, 226),
    [
        (20, 24, 29),
        (217, 119, 108),
        (134, 181, 139),
        (217, 180, 91),
        (127, 155, 179),
        (176, 148, 190),
        (126, 176, 184),
        (216, 220, 226),
    ],
    [
        (136, 147, 159),
        (232, 139, 128),
        (160, 205, 164),
        (235, 203, 120),
        (155, 182, 205),
        (200, 172, 213),
        (152, 200, 207),
        (255, 255, 255),
    ],
)
"""What the sixteen names of a terminal look like where the theme has true colours."""
