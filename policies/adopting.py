"""Which policies are in force: what the record adopted, never what the program ships."""

from __future__ import annotations

import orjson
from pydantic import BaseModel, ValidationError

from ledger.book import Appended, Book
from ledger.entry import canonical
from ledger.errors import InvalidInput
from ledger.keys import Signer
from ledger.registers.policies import PolicyKind, draft_adoption, in_force
from policies import shipped
from policies.playbook import Playbook, parse
from policies.thresholds import Thresholds, parse_thresholds, shipped_text

KINDS: tuple[PolicyKind, ...] = ("thresholds", "playbook")


def shipped_policies() -> dict[PolicyKind, bytes]:
    """Canonical JSON of every policy that a new ledger starts with."""
    return {
        "thresholds": shipped.canonical(parse_thresholds(shipped_text())),
        "playbook": shipped.canonical(shipped.playbook()),
    }


def adopt(
    book: Book, signer: Signer, policy: PolicyKind, content: bytes | None, reason: str
) -> Appended:
    """Put a policy in force: `content` is YAML or JSON, or None for the shipped one.

    Raises InvalidInput naming the first place that is wrong.
    """
    data = shipped_policies()[policy] if content is None else _checked(policy, content)
    digest = book.home.evidence.keep(data, "json")
    return book.append(signer, [draft_adoption(policy, digest, reason)])


def policy_in_force(book: Book, policy: PolicyKind) -> tuple[str, bytes]:
    """Digest and canonical JSON of the policy in force. CheckFailed if its content was changed."""
    with book.read() as snapshot:
        digest = in_force(snapshot.rows, policy).content
    return digest, book.home.evidence.read(digest, "json")


def thresholds_in_force(book: Book) -> tuple[str, Thresholds]:
    """Digest and content of the thresholds that audits are judged by now."""
    digest, data = policy_in_force(book, "thresholds")
    return digest, Thresholds.model_validate_json(data)


def playbook_in_force(book: Book) -> tuple[str, Playbook]:
    """Digest and content of the playbook that incidents follow now."""
    digest, data = policy_in_force(book, "playbook")
    return digest, parse(orjson.loads(data))


def _checked(policy: PolicyKind, content: bytes) -> bytes:
    import yaml

    model: BaseModel
    try:
        text = content.decode()
        model = parse_thresholds(text) if policy == "thresholds" else parse(yaml.safe_load(text))
    except (UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise InvalidInput(
            f"This is not a {policy} policy: {error}.",
            f"Start from the one in force: quaestor policy show {policy}",
        ) from error
    return canonical(model.model_dump(mode="json"))
