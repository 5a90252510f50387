"""The tables of kinds and bodies in docs/record-format.md: `python -m tests.vectors.kinds_table`.

They are drawn from `ledger/kinds.py`, between the markers of the page; a test compares them.
"""

from __future__ import annotations

from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ledger.kinds import SPECS, Spec
from ledger.registers import body
from ledger.registers.body import BodyModel

PAGE = Path(__file__).parents[2] / "docs" / "record-format.md"
NAMES: dict[str, Any] = {
    "Text": body.Text,
    "Line": body.Line,
    "Digest": body.Digest,
    "Name": body.Name,
    "ActorId": body.ActorId,
    "Count": body.Count,
    "Decimal": body.Decimal,
    "VaultKey": body.VaultKey,
    "Time": body.Time,
    "string": str,
    "integer": int,
    "boolean": bool,
    "null": NoneType,
    "object": dict[str, Any],
}


def tables() -> dict[str, str]:
    """Draw both tables as Markdown, by the name of their markers."""
    used: dict[str, type[BodyModel]] = {}
    kinds = [_kind_row(kind, spec, used) for kind, spec in SPECS.items()]
    parts: list[str] = []
    while len(parts) < len(used):
        name, model = list(used.items())[len(parts)]
        parts.append(f"| {name} | {_fields(model, used)} |")
    return {
        "kinds": _table("| kind | subject | body |", kinds),
        "bodies": _table("| object | fields |", sorted(parts)),
    }


def written(page: str) -> str:
    """Put the tables into a page's text."""
    for name, table in tables().items():
        before, start, rest = page.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- end of {name} -->\n")
        page = f"{before}{start}\n{table}\n{end}{after}"
    return page


def _table(head: str, rows: list[str]) -> str:
    rule = "|".join("---" for _ in head.split("|")[1:-1])
    return "\n".join([head, f"|{rule}|", *rows]) + "\n"


def _kind_row(kind: str, spec: Spec, used: dict[str, type[BodyModel]]) -> str:
    about = f"`{spec.subject}/...`" if spec.subject else "any"
    return f"| `{kind}` | {about} | {_fields(spec.body, used)} |"


def _fields(model: type[BodyModel], used: dict[str, type[BodyModel]]) -> str:
    hints = get_type_hints(model, include_extras=True)
    fields = [f"`{name}` {_word(hints[name], used)}" for name in model.model_fields]
    return ", ".join(fields) or "none"


def _word(hint: Any, used: dict[str, type[BodyModel]]) -> str:
    """Name a type as the page does."""
    origin, arguments = get_origin(hint), get_args(hint)
    if any(hint == alias for alias in NAMES.values()):
        return next(name for name, alias in NAMES.items() if hint == alias)
    if origin in {Union, UnionType}:
        return " or ".join(_word(each, used) for each in arguments)
    if origin is list:
        return f"array of {_word(arguments[0], used)}"
    if origin is Literal:
        return "/".join(f"`{value}`" for value in arguments)
    if isinstance(hint, type) and issubclass(hint, BodyModel):
        used[hint.__name__] = hint
        return hint.__name__
    return _word(hint.__origin__, used)  # bounds that the page does not state


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
