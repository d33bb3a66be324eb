"""preflight: what a sync would do with people, before it does, and whom somebody should look at first.

It answers with people, on the screen and in two files for their owner alone; nothing of them is logged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from roster_pipeline.cli.findings import DIFFERENCES, Findings, Row, in_words, read_findings
from roster_pipeline.cli.report import planned_file
from roster_pipeline.cli.screen import AsJson, say, show_json, show_table
from roster_pipeline.cli.spreadsheet import as_csv, write_privately
from roster_pipeline.cli.sync import PLAN, OneDistrict, finish, run_districts
from roster_pipeline.errors import CannotStart
from roster_pipeline.paths import private_folder
from roster_pipeline.settings import read_settings

To = Annotated[
    Path | None,
    typer.Option(file_okay=False, help="Folder for people.csv and preflight.json; else one under ROSTER_HOME."),
]
COLUMNS = (
    *("clever_id", "role", "sis_id", "first_name", "last_name", "email", "outcome", "findings", "differs"),
    *("account_id", "account_role", "account_first_name", "account_last_name", "account_email", "what_to_do"),
)
ON_SCREEN = 20
"""Near matches; the rest is in the files."""


def register(app: typer.Typer) -> None:
    app.command("preflight")(preflight)


def preflight(
    district: OneDistrict,
    to: To = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> int:
    """Tell who would be linked, created or reviewed, and whose email is nearly that of an account they had.

    Reads the district as plan does, and writes nothing to the product.

    Exit: 0 · 4 Clever not usable · 6 PostgreSQL not usable · 2 bad call or setting
    """
    settings = read_settings()
    (report,) = reports = run_districts(settings, [district], job=PLAN)
    if report.failure:
        return finish(reports, as_json=as_json)
    with planned_file(settings, district) as con:
        found = read_findings(con)
    answer = {"district_id": district, "name": report.name, **vars(found)}
    files = _write(to or settings.home / "preflight" / district, answer)
    if as_json:
        show_json({**answer, "files": files})
    else:
        _show(f"{report.name} ({district})", found)
        say(f"{len(found.people):,} people to look at: {' and '.join(map(str, files))}")
    return 0


def _write(folder: Path, answer: dict[str, Any]) -> list[Path]:
    """people.csv and preflight.json in `folder`, which is made for its owner alone if it is missing.

    Raises:
        CannotStart: they cannot be written there.
    """
    texts = {
        "people.csv": as_csv([in_words(row) for row in answer["people"]], COLUMNS),
        "preflight.json": json.dumps(answer, indent=2, ensure_ascii=False),
    }
    try:
        private_folder(folder)
        for name, text in texts.items():
            write_privately(folder / name, text)
    except OSError as error:
        raise CannotStart(f"{folder} cannot be written to ({error.strerror}). Name another folder with --to.") from None
    return [folder / name for name in texts]


def _show(district: str, found: Findings) -> None:
    reviews = {f"reviewed, {reason}": count for reason, count in found.counts["reviews"].items()}
    counts = {name.replace("_", " "): count for name, count in found.counts.items() if name != "reviews"} | reviews
    show_table(f"People of {district}", ["", "people"], [(name, f"{count:,}") for name, count in counts.items()])
    if found.near_matches:
        show_table(
            "Near matches",
            ["person in Clever", "email in Clever", "email of the account", "differs in"],
            [_near(row) for row in found.near_matches[:ON_SCREEN]],
        )
    if len(found.near_matches) > ON_SCREEN:
        say(f"{len(found.near_matches) - ON_SCREEN:,} more near matches are in preflight.json.")


def _near(row: Row) -> tuple[str, ...]:
    name = " ".join(part for part in (row["first_name"], row["last_name"]) if part)
    differs = ", ".join(DIFFERENCES[word] for word in row["differs"])
    return (
        name,
        _with_blanks(row["email"]),
        _with_blanks(row["account_email"]),
        differs,
    )


def _with_blanks(email: str) -> str:
    """An email in which blanks, which are no part of any, are seen."""
    return email.replace(" ", "\\u0020")
