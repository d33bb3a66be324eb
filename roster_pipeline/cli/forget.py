"""The command forget: erase a person or a district from every store, and show the receipt."""

from __future__ import annotations

from typing import Annotated

import typer

from roster_pipeline.cli.admins import By
from roster_pipeline.cli.corrections import current_user
from roster_pipeline.cli.screen import AsJson, say, show_json
from roster_pipeline.errors import CannotStart
from roster_pipeline.instance.eraser import build_eraser
from roster_pipeline.messages import operator
from roster_pipeline.privacy.forget import forget
from roster_pipeline.privacy.receipt import describe_receipt
from roster_pipeline.privacy.subject import Kind
from roster_pipeline.product.admin_accounts import check_decider
from roster_pipeline.settings import read_settings
from roster_pipeline.sync_context import utc_now


def register(app: typer.Typer) -> None:
    app.command("forget")(forget_subject)


def forget_subject(
    person: Annotated[
        str | None, typer.Option(metavar="ID", help="Clever's ID of a person, or the number of an account.")
    ] = None,
    district: Annotated[str | None, typer.Option(metavar="ID", help="Clever's ID of a disconnected district.")] = None,
    by: By = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Erase every copy of the data of a person or a district, and leave a receipt without names.

    A person whom Clever still shares is refused. A person who returns later gets a new account.
    """
    kind, identifier = _parse_subject(person, district)
    decided_by = by or current_user()
    check_decider(decided_by)
    forgotten = forget(build_eraser(read_settings(), decided_by, utc_now), kind, identifier)
    if as_json:
        show_json({**forgotten.receipt.to_json(), "file": str(forgotten.file)})
        return
    say(*describe_receipt(forgotten.receipt), operator.text("The receipt is {file}.", file=forgotten.file))


def _parse_subject(person: str | None, district: str | None) -> tuple[Kind, str]:
    if person and not district:
        return "person", person
    if district and not person:
        return "district", district
    raise CannotStart(operator.text("Give one of --person ID and --district ID."))
