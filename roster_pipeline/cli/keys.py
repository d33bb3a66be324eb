"""The commands identify, keys rotate and keys rewrap: person ids of the analysts' database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from roster_pipeline.cli.corrections import current_user
from roster_pipeline.cli.screen import AsJson, say, show_json
from roster_pipeline.cli.sync import OneDistrict, renew_after
from roster_pipeline.messages import operator
from roster_pipeline.pseudonyms.identify import identify_person
from roster_pipeline.pseudonyms.key_records import rotate_key
from roster_pipeline.pseudonyms.rewrap import rewrap_keys
from roster_pipeline.settings import read_settings

keys = typer.Typer(help="The keys of person IDs in the analysts' database.")


def register(app: typer.Typer) -> None:
    app.command("identify")(identify)
    keys.command("rotate")(rotate)
    keys.command("rewrap")(rewrap)
    app.add_typer(keys, name="keys")


@keys.callback()
def _group() -> None:
    """The keys of person IDs in the analysts' database."""


def identify(
    person_id: Annotated[str, typer.Argument(metavar="PERSON_ID", help="A person ID of the analysts' database.")],
    reason: Annotated[str, typer.Option(help="Why you need to know. The audit trail keeps it, so name no person.")],
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Say who a person of the analysts' database is. It needs the database role roster_identify and is recorded."""
    identity = identify_person(read_settings(), person_id, reason=reason, by=current_user(), at=datetime.now(UTC))
    if as_json:
        show_json(asdict(identity))
        return
    say(
        operator.text("District: {district_id}", district_id=identity.district_id),
        operator.text("Account: {account}", account=identity.account_id),
        operator.text("Clever ID: {clever_id}", clever_id=identity.clever_id),
        operator.text("Role: {role}", role=identity.role),
        operator.text("First name: {name}", name=identity.first_name or "-"),
        operator.text("Last name: {name}", name=identity.last_name or "-"),
        operator.text("Email: {email}", email=identity.email or "-"),
    )


def rotate(
    district: OneDistrict,
    lost: Annotated[bool, typer.Option("--lost", help="The old key is lost, so no mapping is written.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> int:
    """Give the people of a district new person IDs. A private file leads from the old ones to the new ones."""
    settings = read_settings()
    rotation = rotate_key(settings, district, is_lost=lost)
    code = renew_after(settings)
    if as_json:
        show_json(asdict(rotation))
        return code
    say(operator.text("District {district_id} has a new key.", district_id=district))
    if rotation.mapping is not None:
        say(
            operator.count(
                "{file} leads from {n:,} old person ID to the new one.",
                "{file} leads from {n:,} old person IDs to the new ones.",
                rotation.people,
                file=rotation.mapping,
            )
        )
    return code


def rewrap() -> None:
    """Wrap the keys with another ROSTER_PSEUDONYM_KEY. ROSTER_PSEUDONYM_KEY_OLD has the one until now."""
    say(
        operator.count(
            "{n:,} key is wrapped with ROSTER_PSEUDONYM_KEY. Restart the programs that have the old one.",
            "{n:,} keys are wrapped with ROSTER_PSEUDONYM_KEY. Restart the programs that have the old one.",
            rewrap_keys(read_settings()),
        )
    )
