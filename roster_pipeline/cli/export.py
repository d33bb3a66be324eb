"""The commands export: the published data of a district as CSV files, and what is held about one person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from roster_pipeline.cli.export_person import export_one_person
from roster_pipeline.cli.screen import AsJson, say, show_json
from roster_pipeline.cli.sync import OneDistrict
from roster_pipeline.messages import operator
from roster_pipeline.model.oneroster import Version
from roster_pipeline.oneroster.export import export_district
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import read_settings

exports = typer.Typer(help="Copies of the published data for other programs.")


def register(app: typer.Typer) -> None:
    exports.command("oneroster")(export_oneroster)
    exports.command("person")(export_one_person)
    app.add_typer(exports, name="export")


@exports.callback()
def _group() -> None:
    """Copies of the published data for other programs."""


def export_oneroster(
    district: OneDistrict,
    out: Annotated[Path, typer.Option(file_okay=False, help="A new folder for the files.")],
    version: Annotated[Version, typer.Option(help="The version of OneRoster.")] = "1.2",
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Write the schools, terms, courses, classes and people of a district as CSV files of OneRoster.

    The files name people, and only their owner can read them. The folder appears when all files are complete.

    Exit: 0 · 6 PostgreSQL not usable · 2 bad call or setting
    """
    rows = export_district(open_product(read_settings()), district, version, out)
    if as_json:
        show_json({"district_id": district, "version": version, "folder": str(out), "rows": rows})
        return
    say(
        operator.text(
            "OneRoster {version} of district {district_id}: {folder}", version=version, district_id=district, folder=out
        )
    )
    say(*(f"{name}.csv: {count:,}" for name, count in rows.items()))
