"""Auditing as a rule or a practice asks: the profile first, then what that profile wants."""

from __future__ import annotations

from typing import get_args

from console.cli.audit_profiles import references
from console.tui.audits.asking import FILE, ROWS, columns_said, files_of, where_of
from console.tui.desk import Desk
from console.tui.form import Field, Form, choices
from console.tui.times import LocalTime
from console.tui.work import Values, Work, names_of, path_of
from ledger.kinds import Kind
from ledger.registers.models import ModelRow

_WANTED = {
    "four-fifths": (),
    "nyc-ll144": ("score", "exclusion", "data_source", "statement", "auditor"),
    "eu-ai-act-10": ("label", "special", "justification", "mitigation"),
    "credit": ("score", "references"),
}


async def ask_by_profile(desk: Desk, model: str = "") -> str | None:
    """Choose a profile, give what it wants, run, and give the id of the audit entered."""
    from policies.fairness.profiles.shipped import ProfileName, profile

    picture = desk.picture
    if picture is None or not await desk.allowed(Kind.AUDIT_COMPLETED):
        return None
    profiles = [(name, f"{name}: {profile(name).title}") for name in get_args(ProfileName)]
    which = Field("profile", "Profile", "choice", choices=profiles)
    chosen = await desk.push_screen_wait(Form("Audit by a profile", [which], verb="Go on"))
    if chosen is None:
        return None
    name = chosen["profile"]
    models = [model] if model else [row.model for row in picture.rows.where(ModelRow)]
    fields = _fields(name, models, columns_said(picture, models))
    audited = await desk.enter(
        Kind.AUDIT_COMPLETED,
        lambda work: _run(desk.local, work, name),
        form=lambda values: Form(
            f"Audit by {name}", fields, values, note=profile(name).title, verb="Run"
        ),
        doing="Counting decisions",
    )
    if audited is not None:
        desk.tell(f"{audited} is entered.", title="Audit done")
    return audited


def _run(local: LocalTime, work: Work, name: str) -> str:
    from policies.fairness.profiles.eu_ai_act import parse_justification
    from policies.profiling import ProfileRequest, run_profile

    values = work.values
    justification, statement = _file(values, "justification"), _file(values, "statement")
    request = ProfileRequest(
        name=name,
        by=names_of(values["by"]),
        prediction=values["prediction"] or None,
        label=values.get("label") or None,
        positive=values["positive"],
        where=where_of(local, values),
        score=values.get("score") or None,
        references=references(values.get("references")),
        exclusion=values.get("exclusion") or None,
        data_source=values.get("data_source") or None,
        special=names_of(values.get("special", "")),
        justification=parse_justification(justification) if justification else None,
        mitigation=values.get("mitigation") or None,
        statement=statement,
        auditor=values.get("auditor") or None,
    )
    audited = run_profile(work.book, work.signer, values["model"], request, files=files_of(values))
    return audited.audit_id


def _file(values: Values, name: str) -> bytes | None:
    return path_of(values[name]).read_bytes() if values.get(name) else None


def _fields(profile: str, models: list[str], columns: str) -> list[Field]:
    own = {
        "score": Field("score", "Score", required=False,
                       hint="nyc-ll144 counts who scored above the median of this column; credit "
                       f"compares its means. {columns}"),
        "exclusion": Field("exclusion", "Why left out", required=False,
                           hint="Why categories below 2 % are left out of the ratios."),
        "data_source": Field("data_source", "Data source", required=False,
                             hint="Historical or test data, and from where."),
        "statement": Field("statement", "Auditor's statement", "path", required=False,
                           hint="What `quaestor audit statement` signed, or another file."),
        "auditor": Field("auditor", "Auditor", required=False,
                         hint="Who made a statement that is not signed."),
        "label": Field("label", "Turned out", required=False, hint=columns),
        "special": Field("special", "Special categories", required=False,
                         hint="Which of the columns are special-category data, or: none."),
        "justification": Field("justification", "Justification", "path", required=False,
                               hint="YAML: why special-category data is needed."),
        "mitigation": Field("mitigation", "Measures taken", "long", required=False,
                            hint="Against bias."),
        "references": Field("references", "Control groups", required=False,
                            hint="COL=GROUP by commas, such as sex=male."),
    }  # fmt: skip
    return [
        Field("model", "Model", "choice", choices=choices(models)),
        Field("prediction", "Decided", required="score" not in _WANTED[profile],
              hint=f"What the model answered. {columns}"),
        Field("positive", "Positive value", value="1", hint="The value that counts as selected."),
        Field("by", "Compare by", hint=f"One or more, by commas: a,b also crosses them. {columns}"),
        *(own[name] for name in _WANTED[profile]),
        Field("where", "Only where", required=False, hint="An SQL condition on a row."),
        *ROWS,
        FILE,
    ]  # fmt: skip
