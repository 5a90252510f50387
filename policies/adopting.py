"""Which policies are in force: what the record adopted, never what the program ships."""

from __future__ import annotations

import orjson
from pydantic import BaseModel, ValidationError

from ledger.book import Appended, Book
from ledger.entry import canonical
from ledger.errors import InvalidInput, Refused
from ledger.keys import Signer
from ledger.logs.rules import RedactionRules
from ledger.registers.policies import PolicyKind, draft_adoption, in_force
from policies import shipped
from policies.playbook import Playbook, parse
from policies.retention import Retention
from policies.thresholds import Thresholds, parse_thresholds, shipped_text

KINDS: tuple[PolicyKind, ...] = ("thresholds", "playbook", "redaction", "retention")


def shipped_policies() -> dict[PolicyKind, bytes]:
    """Canonical JSON of every policy that a new ledger starts with."""
    return {policy: proposal(policy) for policy in ("thresholds", "playbook")}


def proposal(policy: PolicyKind) -> bytes:
    """Canonical JSON of the policy that comes with the program."""
    return shipped.canonical(_parsed(policy, shipped.text(policy)))


def adopt(
    book: Book, signer: Signer, policy: PolicyKind, content: bytes | None, reason: str
) -> Appended:
    """Put a policy in force: `content` is YAML or JSON, or None for the shipped one.

    Raises InvalidInput naming the first place that is wrong.
    """
    data = proposal(policy) if content is None else _checked(policy, content)
    digest = book.home.evidence.keep(data, "json")
    return book.append(signer, [draft_adoption(policy, digest, reason)])


def policy_in_force(book: Book, policy: PolicyKind) -> tuple[str, bytes]:
    """Digest and canonical JSON of the policy in force. CheckFailed if its content was changed."""
    with book.read() as snapshot:
        digest = in_force(snapshot.rows, policy).content
    return digest, book.home.evidence.read(digest, "json")


def thresholds_in_force(book: Book) -> tuple[str, Thresholds]:
    """Digest and content of the thresholds that audits are judged by now.

    Raises Refused if an earlier version of the program adopted them, which had fewer.
    """
    digest, data = policy_in_force(book, "thresholds")
    try:
        return digest, Thresholds.model_validate_json(data)
    except ValidationError as error:
        raise Refused(
            f"The thresholds in force are not what is judged by now: {_said(error)}.",
            "Adopt them anew: quaestor policy adopt thresholds --reason TEXT",
        ) from error


def thresholds_at_hand(book: Book) -> tuple[str | None, Thresholds]:
    """The thresholds in force, or without a ledger (None) those that come with the program."""
    if book.home.exists():
        return thresholds_in_force(book)
    return None, parse_thresholds(shipped_text())


def playbook_in_force(book: Book) -> tuple[str, Playbook]:
    """Digest and content of the playbook that incidents follow now."""
    digest, data = policy_in_force(book, "playbook")
    return digest, parse(orjson.loads(data))


def retention_in_force(book: Book) -> tuple[str, Retention]:
    """Digest and content of the policy by which sealed logs are dropped now."""
    digest, data = policy_in_force(book, "retention")
    return digest, Retention.model_validate_json(data)


def _parsed(policy: PolicyKind, text: str) -> BaseModel:
    import yaml

    match policy:
        case "thresholds":
            return parse_thresholds(text)
        case "playbook":
            return parse(yaml.safe_load(text))
        case "redaction":
            return RedactionRules.model_validate(yaml.safe_load(text))
        case "retention":
            return Retention.model_validate(yaml.safe_load(text))


def _checked(policy: PolicyKind, content: bytes) -> bytes:
    import yaml

    try:
        model = _parsed(policy, content.decode())
    except (UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise InvalidInput(
            f"This is not a {policy} policy: {_said(error)}.",
            f"Start from the one in force: quaestor policy show {policy}",
        ) from error
    return canonical(model.model_dump(mode="json"))


def _said(error: Exception) -> str:
    """What is wrong, in one line, and where."""
    if not isinstance(error, ValidationError):
        return " ".join(str(error).split())
    first = error.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"])) or "the file"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"
