"""The command preflight: what a sync would do with people, and whose email to correct first.

The answer names people, on the screen and in two files that only their owner may read. Nothing of it is logged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from roster_pipeline.cli.screen import AsJson, say, show_json, show_table
from roster_pipeline.cli.sync import PLAN, OneDistrict, finish, run_districts
from roster_pipeline.errors import CannotStart
from roster_pipeline.explain.finding_words import describe_differences, describe_person
from roster_pipeline.explain.preflight import Findings, PersonRow, open_preview, read_findings
from roster_pipeline.messages import operator, product
from roster_pipeline.paths import private_folder
from roster_pipeline.settings import read_settings
from roster_pipeline.spreadsheet import as_csv, write_privately

To = Annotated[
    Path | None,
    typer.Option(file_okay=False, help="Folder for people.csv and preflight.json; by default one under ROSTER_HOME."),
]
COLUMNS = (
    *("clever_id", "role", "sis_id", "first_name", "last_name", "email", "outcome", "findings", "differs"),
    *("account_id", "account_role", "account_first_name", "account_last_name", "account_email", "what_to_do"),
)
MOST_NEAR_MATCHES = 20
"""Near matches on the screen. The files have all of them."""
COUNTS = {
    "linked": operator.mark("already linked"),
    "linked_by_email": operator.mark("would be matched to an existing account"),
    "created": operator.mark("would get a new account"),
    "pending": operator.mark("listed in a class but not yet shared by Clever"),
    "near_matches": operator.mark("with nearly the email of an account"),
    "unusable_addresses": operator.mark("with an email that is not valid"),
    "shared_addresses": operator.mark("with an email that someone else in Clever has"),
    "teachers_who_are_students": operator.mark("students listed as teachers of a class"),
    "students_who_are_teachers": operator.mark("teachers listed as students of a class"),
}


def register(app: typer.Typer) -> None:
    app.command("preflight")(preflight)


def preflight(
    district: OneDistrict,
    to: To = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> int:
    """Preview what a sync would do with people, and show whose email to correct in Clever first.

    It reads the district as plan does, and writes nothing to the product.

    Exit: 0 · 4 Clever not usable · 6 PostgreSQL not usable · 2 bad call or setting
    """
    settings = read_settings()
    (report,) = reports = run_districts(settings, [district], job=PLAN)
    if report.failure:
        return finish(reports, as_json=as_json)
    with open_preview(settings, district) as con:
        findings = read_findings(con)
    answer = {"district_id": district, "name": report.name, **vars(findings)}
    files = _write(to or settings.home / "preflight" / district, answer)
    if as_json:
        show_json({**answer, "files": files})
    else:
        _show(report.name, district, findings)
        listing = operator.join([str(file) for file in files])
        say(
            operator.count(
                "{n:,} person to look at: {files}",
                "{n:,} people to look at: {files}",
                len(findings.people),
                files=listing,
            )
        )
    return 0


def _write(folder: Path, answer: dict[str, Any]) -> list[Path]:
    """Write people.csv and preflight.json to a folder, which is created for its owner alone if it is missing.

    Raises:
        CannotStart: they cannot be written there.
    """
    texts = {
        "people.csv": as_csv([describe_person(row, product()) for row in answer["people"]], COLUMNS),
        "preflight.json": json.dumps(answer, indent=2, ensure_ascii=False),
    }
    try:
        private_folder(folder)
        for name, text in texts.items():
            write_privately(folder / name, text)
    except OSError as error:
        raise CannotStart(
            operator.text(
                "{folder} cannot be written to ({error}). Name another folder with --to.",
                folder=folder,
                error=error.strerror,
            )
        ) from None
    return [folder / name for name in texts]


def _show(name: str, district_id: str, findings: Findings) -> None:
    counts = [(operator.text(COUNTS[key]), n) for key, n in findings.counts.items() if key != "reviews"]
    counts += [
        (operator.text("to review: {reason}", reason=reason), n) for reason, n in findings.counts["reviews"].items()
    ]
    title = operator.text("People of {district} ({district_id})", district=name, district_id=district_id)
    show_table(title, ["", operator.text("people")], [(label, f"{n:,}") for label, n in counts])
    if not findings.near_matches:
        return
    columns = [
        operator.text("person in Clever"),
        operator.text("email in Clever"),
        operator.text("email of the account"),
        operator.text("differs in"),
    ]
    rows = [_near_match(row) for row in findings.near_matches[:MOST_NEAR_MATCHES]]
    show_table(operator.text("Near matches"), columns, rows)
    more = len(findings.near_matches) - MOST_NEAR_MATCHES
    if more > 0:
        say(
            operator.count(
                "{n:,} more near match is in preflight.json.", "{n:,} more near matches are in preflight.json.", more
            )
        )


def _near_match(row: PersonRow) -> tuple[str, ...]:
    name = " ".join(part for part in (row["first_name"], row["last_name"]) if part)
    differences = describe_differences(row["differs"], product())
    return (name, _show_blanks(row["email"]), _show_blanks(row["account_email"]), differences)


def _show_blanks(email: str) -> str:
    """Return an email with its blanks, which no email has, written as a number."""
    return email.replace(" ", "\\u0020")
