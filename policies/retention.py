"""How long sealed logs are kept: periods by model, kind of log and risk class."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ledger.registers.logs import LogKind
from ledger.registers.retention import HELD, LEAST_DAYS

RiskClass = Literal["prohibited", "high-risk", "limited", "minimal", "not-classified"]
Days = Annotated[int, Field(ge=0, le=36_525)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Period(_Model):
    """Days for which logs are kept at least, and after which they are due to be dropped.

    `models` are ids, in which `*` stands for anything.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)]
    models: list[str] = Field(min_length=1)
    kinds: list[LogKind] = Field(min_length=1)
    risk: list[RiskClass] = Field(min_length=1)
    minimum_days: Days
    maximum_days: Days
    why: str
    source: str

    @model_validator(mode="after")
    def _lawful(self) -> Self:
        if self.maximum_days < self.minimum_days:
            raise ValueError(f"{self.name}: the maximum is below the minimum")
        if HELD & {*self.risk} and self.minimum_days < LEAST_DAYS:
            raise ValueError(
                f"{self.name}: logs of high-risk systems, and of those that nobody classified, are "
                f"kept for at least {LEAST_DAYS} days (Regulation (EU) 2024/1689, Article 26(6))"
            )
        return self

    def fits(self, model: str, kind: str, risk: str) -> bool:
        """Whether it is for such logs of this model."""
        named = any(fnmatchcase(model, pattern) for pattern in self.models)
        return named and kind in self.kinds and risk in self.risk


class Retention(_Model):
    """A retention policy; the first period that fits a log counts."""

    periods: list[Period] = Field(min_length=1)

    def period(self, model: str, kind: str, risk: str) -> Period | None:
        """The period of a log; None if it is kept without end."""
        return next((one for one in self.periods if one.fits(model, kind, risk)), None)
