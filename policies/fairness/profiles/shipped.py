"""Profiles as data: what a rule asks, what it does not say, and from where it was read.

A profile holds method and words; what an organisation holds itself to are thresholds, in force by
an entry. The profile's own text is kept in evidence with every audit made by it.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Literal, TypeAlias, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field

from ledger.errors import InvalidInput

ProfileName: TypeAlias = Literal["four-fifths", "nyc-ll144", "eu-ai-act-10", "credit"]


class Profile(BaseModel):
    """One profile; `parameters` are proportions as decimal strings, by name."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: ProfileName
    title: str
    as_of: str
    sources: tuple[str, ...] = Field(min_length=1, strict=False)
    parameters: dict[str, Annotated[str, Field(pattern=r"^0(\.[0-9]+)?$")]]
    caveats: tuple[str, ...] = Field(min_length=1, strict=False)


def profile(name: str) -> Profile:
    """Read a profile that comes with the program. InvalidInput if there is none of that name."""
    if name not in get_args(ProfileName):
        raise InvalidInput(
            f"There is no profile {name!r}.", f"There are: {', '.join(get_args(ProfileName))}."
        )
    text = (files("policies") / "profiles" / f"{name}.yaml").read_text(encoding="utf-8")
    return Profile.model_validate(yaml.safe_load(text))
