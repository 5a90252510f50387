"""The cases of the loan agent: what the bank's language model was asked, and what came of it.

Every file of `sample_data/logs` tells these same cases in another format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

SEED = 20261103
CASES = 48
FIRST = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
NEW_PROMPT = 16  # the case from which on prompt 1.4 and the renamed attributes are in use

MODEL_ASKED, MODEL_SERVED = "gpt-4o", "gpt-4o-2024-08-06"
PROMPT = "loan-triage"
SYSTEM = "You prepare loan decisions. Answer as JSON: decision, score, confidence, reason."
BLOCKED = (11, 29, 37)  # the provider's content filter took the answer away
FAILED = {5: "Rate limit reached for gpt-4o", 23: "The request timed out", 41: "Bad gateway"}
MASKED = (7, 19)  # applicants who wrote an e-mail address


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def compact(value: Any) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def iso(at: datetime) -> str:
    """RFC 3339 with microseconds and Z."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"


@dataclass(frozen=True)
class Case:
    """One application as the loan agent had it; `answer` is what the model wrote, if it did."""

    number: int
    at: datetime
    lasted: timedelta
    officer: str
    applicant: str
    sex: str
    age_band: str
    amount: int
    decision: str | None
    score: str
    confidence: str
    tokens_in: int
    tokens_out: int
    error: str | None
    blocked: bool

    @property
    def key(self) -> str:
        """Its id, on which the formats' own ids build."""
        return f"loan-{self.number:04d}"

    @property
    def trace(self) -> str:
        """A trace id of 32 hexadecimal digits."""
        return f"{0x5EED0000 + self.number:032x}"

    @property
    def span(self) -> str:
        """A span id of 16 hexadecimal digits."""
        return f"{0xA9E27000 + self.number:016x}"

    @property
    def session(self) -> str:
        """The conversation: an officer's morning or afternoon."""
        return f"{self.officer}-{self.at:%Y%m%d}-{'am' if self.at.hour < 12 else 'pm'}"  # noqa: PLR2004

    @property
    def ended(self) -> datetime:
        """When the answer was there, or the failure."""
        return self.at + self.lasted

    @property
    def prompt_version(self) -> str:
        """Version of the prompt in use."""
        return "1.4" if self.number >= NEW_PROMPT else "1.3"

    @property
    def index_version(self) -> str:
        """Version of the index of lending rules that the agent reads."""
        return "rules-2026-10" if self.number >= NEW_PROMPT else "rules-2026-07"

    @property
    def cost(self) -> str:
        """Price in dollars, as a decimal: 2.50 a million tokens in, 10.00 a million out."""
        price = self.tokens_in * 25 + self.tokens_out * 100  # in ten-millionths
        return f"{price // 10**7}.{price % 10**7:07d}".rstrip("0").ljust(3, "0")

    @property
    def question(self) -> str:
        """What the officer asked."""
        words = f"Assess applicant {self.applicant}: {self.amount} EUR over 60 months."
        address = f" Reply to {self.applicant}@example.org, please."
        return words + (address if self.number in MASKED else "")

    @property
    def messages(self) -> list[dict[str, str]]:
        """What the model was sent."""
        return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": self.question}]

    @property
    def notes(self) -> dict[str, str]:
        """What the application notes of a case beside the model's own fields."""
        return {
            "applicant_id": self.applicant,
            "sex": self.sex,
            "age_band": self.age_band,
            "index_version": self.index_version,
            "features_version": "7",
        }

    @property
    def answer(self) -> str | None:
        """What the model wrote: JSON."""
        if self.decision is None:
            return None
        reason = {
            "approve": "Income covers the instalments.",
            "decline": "Instalments exceed what is left of the income.",
            "refer": "The income is not documented; a person decides.",
        }[self.decision]
        fields = f'"score": {self.score}, "confidence": {self.confidence}'
        return f'{{"decision": "{self.decision}", {fields}, "reason": {json.dumps(reason)}}}'

    @property
    def finish(self) -> str:
        """Why the model stopped."""
        return "content_filter" if self.blocked else "stop"


def cases(seed: int = SEED) -> Iterator[Case]:
    """Make the cases in order of time; the same ones on every machine."""
    draw = Random(seed)  # noqa: S311 - sample data
    at = FIRST
    for number in range(CASES):
        at += timedelta(microseconds=draw.randrange(400_000_000, 2_400_000_000))
        score = draw.randrange(30, 98)
        undecided = number in BLOCKED or number in FAILED
        decision = "approve" if score >= 65 else "refer" if score >= 50 else "decline"  # noqa: PLR2004
        yield Case(
            number=number,
            at=at,
            lasted=timedelta(microseconds=draw.randrange(300_000, 4_000_000)),
            officer=f"officer-{draw.randrange(1, 8):02d}",
            applicant=f"ap-{draw.randrange(2**32):08x}",
            sex=draw.choice(("female", "male")),
            age_band=draw.choice(("18-29", "30-44", "45-59", "60+")),
            amount=draw.randrange(20, 400) * 100,
            decision=None if undecided else decision,
            score=f"0.{score:02d}",
            confidence=f"0.{draw.randrange(55, 100):02d}",
            tokens_in=draw.randrange(380, 900) * (number not in FAILED),
            tokens_out=draw.randrange(40, 130) * (not undecided),
            error=FAILED.get(number),
            blocked=number in BLOCKED,
        )
