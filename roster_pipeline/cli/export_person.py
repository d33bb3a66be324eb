"""The command export person: everything that is held about one person, as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from roster_pipeline.cli.corrections import current_user
from roster_pipeline.cli.screen import say
from roster_pipeline.errors import CannotStart
from roster_pipeline.messages import operator
from roster_pipeline.paths import private_file
from roster_pipeline.privacy.export import export_person
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import read_settings


def export_one_person(
    person: Annotated[str, typer.Option(metavar="ID", help="Clever's ID of a person, or the number of an account.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The JSON file to write, for its owner alone.")],
) -> None:
    """Write everything that is held about one person to a JSON file, with a description of each column."""
    settings = read_settings()
    with transaction(open_product(settings), one_view=True) as pg:
        document = export_person(settings, pg, person, by=current_user(), at=datetime.now(UTC))
    try:
        private_file(out).write_text(f"{json.dumps(document, indent=2, ensure_ascii=False)}\n", encoding="utf-8")
    except OSError as error:
        raise CannotStart(
            operator.text("{file} cannot be written ({reason}).", file=out, reason=error.strerror)
        ) from None
    rows = sum(len(table["rows"]) for table in document["tables"])
    say(operator.count("{n:,} row is in {file}.", "{n:,} rows are in {file}.", rows, file=out))
