"""Columns as the formats write them, and the words that several of them share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ledger.logs.mapping import Column, Of, Type, Unit

STOPS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("stop", "length", "tool_call", "tool_calls", "function_call", "STOP", "MAX_TOKENS"),
            "none",
        ),
        **dict.fromkeys(("end_turn", "max_tokens", "stop_sequence", "tool_use"), "none"),
        **dict.fromkeys(("content_filter", "content_filtered", "SAFETY"), "blocked"),
        "guardrail_intervened": "blocked",
    }
)
"""Why a model stopped, as a guardrail's outcome: the words of OpenAI, Anthropic, Google, AWS."""

_AS_IT_IS: Mapping[str, str] = MappingProxyType({})


def text(*sources: str, values: Mapping[str, str] = _AS_IT_IS) -> Column:
    """A text; `values` translates what the log says into our words."""
    return Column(source=sources, type=Type.STRING, values=values)


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
