"""The commands admins add, list and remove: who administers a district on the Clever page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from roster_pipeline.cli.corrections import current_user
from roster_pipeline.cli.screen import AsJson, say, show_json, show_table
from roster_pipeline.cli.sync import OneDistrict
from roster_pipeline.messages import operator
from roster_pipeline.product.admins import Admin, AdminChange, AdminRights, add_admin, list_admins, remove_admin
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.connection_checklist import ChecklistStep, find_next_step, read_checklist
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.settings import read_settings

STEPS = {
    "connected": operator.mark("Connected in Clever"),
    "shared": operator.mark("The district shares data with the app"),
    "tier": operator.mark("The tier has roster sync"),
    "first_admin": operator.mark("There is a first admin"),
    "fix_list": operator.mark("An admin has seen the fix list"),
    "first_update": operator.mark("The first update is done"),
}
REMEDIES = {
    "connected": operator.mark(
        "The district's Clever admin authorizes the app in Clever. Then run roster-pipeline connect."
    ),
    "shared": operator.mark("The district's Clever admin opens Applications, this app, Edit sharing in Clever."),
    "tier": operator.mark("If the district has bought roster sync: roster-pipeline connect --tier secure_sync."),
    "first_admin": operator.mark("Make the first admin: roster-pipeline admins add."),
    "fix_list": operator.mark("The district admin looks at the fix list; here it is roster-pipeline preflight."),
    "first_update": operator.mark("Run roster-pipeline sync, or wait for the night."),
}
STATES = {
    "done": operator.mark("done"),
    "missing": operator.mark("missing"),
    "unknown": operator.mark("not known yet"),
}
Email = Annotated[str, typer.Option(metavar="EMAIL", help="The email that the person has in Clever or in Google.")]
By = Annotated[str | None, typer.Option(help="Who decides; by default the user of this machine.")]
admins = typer.Typer(help="Make, list and remove the admins of a district on the Clever page.")


def register(app: typer.Typer) -> None:
    admins.command("add")(add)
    admins.command("list")(show)
    admins.command("remove")(remove)
    app.add_typer(admins, name="admins")


def add(
    district: OneDistrict,
    email: Email,
    school: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Clever's ID of a school; may be repeated. Without it: the whole district."),
    ] = None,
    by: By = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Make the account with this email an admin, of the whole district or of some schools.

    An account is made if there is none. Schools are added to those that the admin has. To narrow what an admin
    administers, remove the admin first.
    """
    decided_by, at = by or current_user(), datetime.now(UTC)
    change = write_product(
        open_product(read_settings()),
        lambda pg: add_admin(pg, district, email, school or (), by=decided_by, at=at),
    )
    if as_json:
        _show_change(change, district, decided_by)
        return
    if change.is_new_account:
        say(operator.text("Account {account} was made for this email.", account=change.account_id))
    values = {"account": change.account_id, "district_id": district, "scope": _describe(change.after)}
    if change.is_change:
        say(operator.text("Account {account} is now an admin of district {district_id}: {scope}.", **values))
    else:
        say(
            operator.text(
                "Account {account} was already an admin of district {district_id}: {scope}. Nothing was changed.",
                **values,
            )
        )


def show(district: OneDistrict, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """List the admins of a district, and what is still missing on the way to its first update."""
    with transaction(open_product(read_settings())) as pg:
        organization = find_organization(pg, district)
        entries, steps = list_admins(pg, organization.id), read_checklist(pg, organization)
    following = find_next_step(steps)
    if as_json:
        show_json(
            {
                "district_id": district,
                "admins": [_as_json(entry) for entry in entries],
                "checklist": [asdict(step) for step in steps],
                "next": following.name if following else None,
            }
        )
        return
    if entries:
        columns = [operator.text("account"), operator.text("email"), operator.text("administers")]
        rows = [(entry.account_id, entry.email, _describe(entry.rights)) for entry in entries]
        show_table(operator.text("Admins of district {district_id}", district_id=district), columns, rows)
    else:
        say(operator.text("District {district_id} has no admin yet.", district_id=district))
    say("", *_describe_checklist(steps, following))


def remove(
    district: OneDistrict,
    email: Email,
    by: By = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Take the admin rights of the account with this email back, and end its sessions on the Clever page."""
    decided_by, at = by or current_user(), datetime.now(UTC)
    change = write_product(
        open_product(read_settings()), lambda pg: remove_admin(pg, district, email, by=decided_by, at=at)
    )
    if as_json:
        _show_change(change, district, decided_by)
        return
    say(
        operator.text(
            "Account {account} is no admin of district {district_id} any more. Its sessions on the Clever page ended.",
            account=change.account_id,
            district_id=district,
        )
    )


def _show_change(change: AdminChange, district_id: str, by: str) -> None:
    show_json({"district_id": district_id, "by": by, **asdict(change), "is_change": change.is_change})


def _as_json(entry: Admin) -> dict[str, object]:
    return {"account_id": entry.account_id, "email": entry.email, **asdict(entry.rights)}


def _describe(rights: AdminRights) -> str:
    if rights.scope == "organization":
        return operator.text("the whole district")
    if not rights.schools:
        return operator.text("no school any more")
    return operator.text("schools {schools}", schools=", ".join(rights.schools))


def _describe_checklist(steps: Sequence[ChecklistStep], following: ChecklistStep | None) -> list[str]:
    lines = [
        operator.text("{step}: {state}", step=operator.text(STEPS[step.name]), state=operator.text(STATES[step.state]))
        for step in steps
    ]
    if following is None:
        return lines
    return [operator.text("Next: {remedy}", remedy=operator.text(REMEDIES[following.name])), *lines]
