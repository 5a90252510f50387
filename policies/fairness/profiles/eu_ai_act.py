"""What Article 10 of the EU AI Act wants beside the figures: measures taken, and, where special
categories of personal data are used to find bias, why that was strictly necessary (Article 4a).
"""  # noqa: D205 - one sentence

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ledger.errors import InvalidInput

NONE = "none"


class Justification(BaseModel):
    """Why special-category data was used for bias work, each answer in the provider's words."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    strictly_necessary: str = Field(min_length=1)
    other_data_will_not_do: str = Field(min_length=1)
    safeguards: str = Field(min_length=1)
    access: str = Field(min_length=1)
    no_transfer: str = Field(min_length=1)
    deletion: str = Field(min_length=1)


def parse_justification(content: bytes) -> Justification:
    """Read a justification from YAML. InvalidInput names what is missing or wrong."""
    try:
        return Justification.model_validate(yaml.safe_load(content))
    except (yaml.YAMLError, UnicodeDecodeError, ValidationError) as error:
        wrong = "it is not YAML"
        if isinstance(error, ValidationError):
            places = [".".join(map(str, each["loc"])) or "the file" for each in error.errors()]
            wrong = f"wrong or missing: {', '.join(places)}"
        raise InvalidInput(
            f"This is not a justification: {wrong}.",
            f"Write YAML with a text for each of: {', '.join(Justification.model_fields)}.",
        ) from error


def special_category_record(
    by: Sequence[str], special: Sequence[str], justification: Justification | None
) -> dict[str, Any]:
    """What is recorded on special categories, `special` naming columns of `by` or only `none`.

    Raises InvalidInput if nothing is said, if a column is not of the audit, or if special-category
    data is used without a justification.
    """
    if not special:
        raise InvalidInput(
            "It was not said whether any of these columns is special-category data.",
            "Name them: --special-category COL,COL (such as ethnicity or health), or none.",
        )
    if list(special) == [NONE]:
        return {"columns": [], "justification": None}
    strange = [column for column in special if column not in by]
    if strange:
        raise InvalidInput(
            f"The audit does not group by {', '.join(strange)}.",
            f"Its columns are: {', '.join(by)}.",
        )
    if justification is None:
        raise InvalidInput(
            f"Special-category data ({', '.join(special)}) is used, and no justification is given.",
            "Give one with --justification FILE (Regulation (EU) 2024/1689, Art. 4a).",
        )
    return {"columns": list(special), "justification": justification.model_dump()}
