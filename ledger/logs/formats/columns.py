"""Columns as the formats write them, and the words that several of them share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ledger.logs.mapping import Case, Column, Of, Type, Unit

STOPPED = (
    *("content_filter", "content_filtered", "guardrail_intervened", "refusal"),
    *("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII"),
)
"""Why a model stopped, if a filter stopped it: the words of OpenAI, AWS, Anthropic, Google."""
STOPS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("stop", "length", "tool_call", "tool_calls", "function_call", "STOP", "MAX_TOKENS"),
            "none",
        ),
        **dict.fromkeys(("end_turn", "max_tokens", "stop_sequence", "tool_use"), "none"),
        **dict.fromkeys(STOPPED, "blocked"),
    }
)
"""Why a model stopped, as a guardrail's outcome."""
BLOCKED = ("block", "blocked", "deny", "denied", "reject", "rejected", "guardrail_intervened")
GUARDED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(BLOCKED, "blocked"),
        **dict.fromkeys(("allow", "allowed", "pass", "passed", "success"), "passed"),
        **dict.fromkeys(("mask", "masked", "redact", "redacted", "anonymize", "modify"), "masked"),
        **dict.fromkeys(("regenerate", "regenerated", "reask", "retry", "retried"), "regenerated"),
        **dict.fromkeys(("flag", "flagged", "warn", "audit", "guardrail_flagged"), "flagged"),
        "not_run": "none",
    }
)
"""What a guardrail did, in the words of those who log it; in ours its outcome."""

_AS_IT_IS: Mapping[str, str] = MappingProxyType({})


def text(
    *sources: str, values: Mapping[str, str] = _AS_IT_IS, cases: tuple[Case, ...] = ()
) -> Column:
    """A text; `values` translates what the log says into our words, `cases` go before it."""
    return Column(source=sources, type=Type.STRING, values=values, cases=cases)


def blocked(*sources: str, words: tuple[str, ...] = STOPPED) -> Case:
    """The case that a guardrail or a filter stopped the answer: one of these words anywhere."""
    return Case(source=sources, among=words, text="blocked")


def count(*sources: str) -> Column:
    """A whole number, such as tokens."""
    return Column(source=sources, type=Type.INTEGER)


def number(*sources: str) -> Column:
    """A number with a fraction, such as a cost."""
    return Column(source=sources, type=Type.NUMBER)


def moment(*sources: str, unit: Unit = Unit.ISO) -> Column:
    """A point in time."""
    return Column(source=sources, type=Type.TIMESTAMP, unit=unit)


def lasting(since: str, until: str, unit: Unit = Unit.ISO) -> Column:
    """Milliseconds from one time to another."""
    return Column(source=until, type=Type.NUMBER, since=since, unit=unit)


def length(*sources: str) -> Column:
    """How many characters a text has."""
    return Column(source=sources, type=Type.INTEGER, of=Of.LENGTH)
