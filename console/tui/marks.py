"""How states look: a glyph, a word and a colour each, so that none depends on hue alone.

Colours are the sixteen names of a terminal, so they follow any theme, `ansi-dark` included.
"""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

GOOD, WARN, BAD, QUIET, PLAIN = "green", "yellow", "red", "bright_black", ""


@dataclass(frozen=True)
class Mark:
    """One state as it is shown."""

    glyph: str
    word: str
    style: str = PLAIN

    @property
    def text(self) -> Text:
        """Glyph and word, coloured."""
        return coloured(f"{self.glyph} {self.word}", self.style)


_SWITCHES = {
    "on": Mark("●", "on", GOOD),
    "fallback": Mark("◐", "fallback", WARN),
    "rollback": Mark("◑", "rollback", WARN),
    "off": Mark("■", "off", BAD),
}
_VERDICTS = {
    "pass": Mark("✓", "pass", GOOD),
    "fail": Mark("✗", "fail", BAD),
    "inconclusive": Mark("?", "inconclusive", WARN),
    "verified": Mark("✓", "verified", GOOD),
    "unconfirmed": Mark("?", "unconfirmed", WARN),
    "altered": Mark("✗", "ALTERED", BAD),
    "valid": Mark("✓", "valid", GOOD),
    "untrusted": Mark("?", "untrusted", WARN),
}
_SEVERITIES = {
    "critical": Mark("▲", "critical", BAD),
    "high": Mark("▲", "high", WARN),
    "medium": Mark("△", "medium"),
    "low": Mark("△", "low", QUIET),
}
_STATES = {
    "met": Mark("✓", "in time", GOOD),
    "late": Mark("✓", "late", WARN),
    "open": Mark("○", "open"),
    "overdue": Mark("!", "overdue", BAD),
    "resolved": Mark("◌", "resolved", GOOD),
    "closed": Mark("✓", "closed", QUIET),
    "pending": Mark("○", "pending", WARN),
    "approved": Mark("✓", "approved", GOOD),
    "rejected": Mark("✗", "rejected", QUIET),
    "active": Mark("●", "active", GOOD),
    "retired": Mark("·", "retired", QUIET),
    "in use": Mark("●", "in use", GOOD),
    "ok": Mark("✓", "ok", GOOD),
    "warn": Mark("▲", "warn", WARN),
    "missing": Mark("✗", "missing", BAD),
    "unsafe": Mark("!", "unsafe", BAD),
}
DEMO = Mark("◆", "DEMO", WARN)


def switch_mark(mode: str) -> Mark:
    """Whether and how a model may serve."""
    return _SWITCHES.get(mode, Mark("?", mode, WARN))


def verdict_mark(verdict: str) -> Mark:
    """What a check came to: an audit's, a verification's or a report's verdict."""
    return _VERDICTS.get(verdict, Mark("·", verdict or "none", QUIET))


def severity_mark(severity: str) -> Mark:
    """How bad an incident is."""
    return _SEVERITIES.get(severity, Mark("△", severity))


def state_mark(state: str) -> Mark:
    """Where an incident, a step, an approval, an actor or what `doctor` looked at stands."""
    return _STATES.get(state, Mark("·", state))


def coloured(text: str, style: str) -> Text:
    """Words in a terminal's colour, whatever theme there is.

    As a span: Textual takes the style of a whole text for the name of a web colour.
    """
    return Text.assemble((text, style))


def quiet(text: str) -> Text:
    """Words of lesser weight."""
    return coloured(text, QUIET)
