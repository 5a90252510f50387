"""The redaction policy: which classes are removed, and whether conversations are kept whole."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from ledger.errors import CheckFailed
from ledger.evidence import Evidence
from ledger.logs.screens import CLASSES
from ledger.registers.policies import PolicyRow
from ledger.registers.rows import Rows

Why = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ClassRule(_Model):
    """Whether a class is removed from what is kept, and why."""

    remove: bool
    why: Why


class ClassRules(_Model):
    """What is decided of each class; credentials are always removed and so not among them."""

    card: ClassRule
    bank_account: ClassRule
    email: ClassRule
    phone: ClassRule
    national_id: ClassRule
    ip: ClassRule


class ConversationRule(_Model):
    """Whether whole prompts and answers are kept, or their roles, lengths and digests; and why."""

    store: Literal["keep", "digest"]
    why: Why


class RedactionRules(_Model):
    """A redaction policy."""

    classes: ClassRules
    conversations: ConversationRule

    @property
    def removed(self) -> frozenset[str]:
        """The classes that are removed."""
        return frozenset(
            name for name in CLASSES if name == "credential" or getattr(self.classes, name).remove
        )

    @property
    def keeps_conversations(self) -> bool:
        """Whether whole prompts and answers are kept."""
        return self.conversations.store == "keep"

    def keeping(self) -> RedactionRules:
        """The same rules, under which whole prompts and answers are kept."""
        kept = self.conversations.model_copy(update={"store": "keep"})
        return self.model_copy(update={"conversations": kept})


_UNDECIDED = "No policy is in force."
UNDECIDED = RedactionRules(
    classes=ClassRules(
        **{name: ClassRule(remove=True, why=_UNDECIDED) for name in ClassRules.model_fields}
    ),
    conversations=ConversationRule(store="digest", why=_UNDECIDED),
)
"""What holds until a redaction policy is adopted: every class is removed, and no conversation is
kept whole."""


class RulesInForce(_Model):
    """The redaction policy of a moment; `digest` is None until one is adopted."""

    digest: Annotated[str, Field(min_length=64)] | None = None
    rules: RedactionRules = UNDECIDED


def rules_in_force(rows: Rows, evidence: Evidence) -> RulesInForce:
    """The redaction policy that the record adopted last. CheckFailed if its content was changed."""
    row = rows.get(PolicyRow, "redaction")
    if row is None:
        return RulesInForce()
    try:
        rules = RedactionRules.model_validate_json(evidence.read(row.content, "json"))
    except ValidationError as error:
        raise CheckFailed(
            "The redaction policy in force cannot be read.",
            "Adopt another: quaestor policy adopt redaction",
        ) from error
    return RulesInForce(digest=row.content, rules=rules)
