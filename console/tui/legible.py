"""Recorded text as a screen may show it: what cannot be seen is shown as its code."""

from __future__ import annotations

from reports.legible import legible_except

legible = legible_except("\n")
"""Text that can neither steer the terminal nor reverse its reading; line breaks stay."""
