"""The policies that come with the program: proposals, in force only once an entry adopted them."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import orjson
import yaml
from pydantic import BaseModel

from ledger.registers.policies import PolicyKind
from policies.playbook import Playbook, parse


def playbook() -> Playbook:
    """Return the shipped playbook for incidents of AI systems."""
    return parse(_document("playbooks/ai-incident.yaml"))


def text(policy: PolicyKind) -> str:
    """Read the policy that comes with the program, as YAML."""
    place = "playbooks/ai-incident.yaml" if policy == "playbook" else f"{policy}.yaml"
    return files("policies").joinpath(place).read_text(encoding="utf-8")


def role_matrix() -> dict[str, Any]:
    """Return the shipped role matrix, as `policies/roles.yaml` states it."""
    matrix: dict[str, Any] = _document("roles.yaml")
    return matrix


def canonical(policy: BaseModel) -> bytes:
    """Return a policy as sorted compact JSON, so that its digest does not depend on its YAML.

    Reading the bytes back gives an equal policy.
    """
    return orjson.dumps(policy.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)


def _document(name: str) -> Any:
    return yaml.safe_load(files("policies").joinpath(name).read_text(encoding="utf-8"))
