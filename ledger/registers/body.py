"""What the bodies of entries are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ledger.clock import read_time, write_time

Text = Annotated[str, StringConstraints(max_length=20_000)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]*$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
ActorId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
VaultKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Count = Annotated[int, Field(ge=0)]
Decimal = Annotated[str, StringConstraints(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]

TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$"


def _check_time(text: str) -> str:
    if write_time(read_time(text)) != text:
        raise ValueError("not a time like 2026-11-20T03:12:45.000123Z")
    return text


Time = Annotated[str, StringConstraints(pattern=TIME), AfterValidator(_check_time)]
Mode = Literal["on", "fallback", "rollback", "off"]


class BodyModel(BaseModel):
    """A body or a part of one: nothing beyond its fields, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Sealed(BodyModel):
    """Personal text as ciphertext under a vault key; `data` is base64 of nonce and AES-GCM."""

    vault: VaultKey
    data: Annotated[str, StringConstraints(max_length=60_000)]


class Nothing(BodyModel):
    """A body without fields: the kind and the subject say it all."""


def subject_name(subject: str) -> str:
    """`credit-scorer` of `model/credit-scorer`."""
    return subject.partition("/")[2]
