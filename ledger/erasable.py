"""Personal texts in drafts, replaced by ciphertext before anything is signed."""

from __future__ import annotations

from ledger.entry import Body, Draft
from ledger.kinds import Kind, spec_of
from ledger.vault import Vault


def seal_texts(vault: Vault, draft: Draft) -> Draft:
    """Encrypt a draft's erasable texts under one new key of its own; the rest stays as it is.

    What a request would enter is sealed in the request already, so that approval enters it as is.
    """
    body = _copy(draft.body)
    if draft.kind == Kind.APPROVAL_REQUESTED:
        effect = body["effect"]
        sealed = seal_texts(vault, Draft(effect["kind"], effect["subject"], effect["body"]))
        body["effect"] = {**effect, "body": sealed.body}
    key_id = ""
    # The founder's name belongs to the founder, as every other actor's does.
    founding = draft.kind == Kind.LEDGER_FOUNDED
    owner = f"actor/{body['founder']['actor']}" if founding else draft.subject
    for field in spec_of(draft.kind).erasable:
        *parents, name = field.split(".")
        holder = body
        for parent in parents:
            holder = holder[parent]
        text = holder.get(name)
        if isinstance(text, str):
            key_id = key_id or vault.new_key()
            holder[name] = vault.seal(key_id, f"{owner}|{name}", text)
    return Draft(draft.kind, draft.subject, body)


def _copy(body: Body) -> Body:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in body.items()}
