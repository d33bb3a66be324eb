"""Finds the person of a person id, for a user with the database role `roster_identify` alone.

Each answer leaves a row in the audit trail `web_audit`, which nobody can change. The rows that it is read from are read
in that role.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.embedded import product_url
from roster_pipeline.errors import IdentifyRefused, PseudonymKeyUnusable
from roster_pipeline.messages import operator
from roster_pipeline.product.admin_accounts import check_decider
from roster_pipeline.product.database import MAY_BE_WRITER, connect, transaction
from roster_pipeline.product.tables import accounts, identity_links, organizations, web_audit
from roster_pipeline.pseudonyms.key_files import KeyFolder
from roster_pipeline.pseudonyms.key_records import key_folder, list_account_ids, read_fingerprints, read_key
from roster_pipeline.pseudonyms.keys import PERSON_ID_CHARS
from roster_pipeline.settings import Settings

ACT, TARGET_KIND = "identify_person", "person"
REASON_MAX_CHARS = 500
MAY_IDENTIFY = MAY_BE_WRITER.replace("roster_writer", "roster_identify")
"""Whether the role `roster_identify` exists and may be set by this user."""


@dataclass(frozen=True)
class Identity:
    """The person of a person id. A value is None if Clever does not share it."""

    person_id: str
    district_id: str
    account_id: int
    clever_id: str
    role: str
    first_name: str | None
    last_name: str | None
    email: str | None


def identify_person(settings: Settings, person_id: str, *, reason: str, by: str, at: datetime) -> Identity:
    """Return who a person is, and record that in the audit trail.

    Args:
        person_id: a person id of the present key or of an earlier one.
        reason: why the person is identified. The audit trail keeps it.
        by: the name of the operator.

    Raises:
        IdentifyRefused: the user has no such right, the reason is unusable, or nobody has this person id.
        AdminRefused: the name of the operator is unusable.
    """
    check_decider(by)
    _check_reason(reason)
    folder = key_folder(settings)
    # A user who may identify people need not own the tables, so nothing is migrated here.
    with transaction(connect(product_url(settings))) as pg:
        _become_identifier(pg)
        organization_id, account_id = _find_account(pg, folder, person_id)
        pg.execute(
            web_audit.insert()
            .inline()  # The role may not read the trail, so the statement returns no id.
            .values(
                at=at,
                organization_id=organization_id,
                acting=f"operator {by}",
                act=ACT,
                target_kind=TARGET_KIND,
                target_id=person_id,
                after={"reason": reason, "database_user": pg.execute(sa.text("select session_user")).scalar_one()},
            )
        )
        return _read_identity(pg, person_id, organization_id, account_id)


def _check_reason(reason: str) -> None:
    if not (reason.strip() and reason.isprintable() and len(reason) <= REASON_MAX_CHARS):
        raise IdentifyRefused(
            operator.text(
                "Give a reason of 1 to {n} printable characters. The audit trail keeps it.", n=REASON_MAX_CHARS
            )
        )


def _become_identifier(pg: Connection) -> None:
    """Continue the transaction in role `roster_identify`."""
    if not pg.execute(sa.text(MAY_IDENTIFY)).scalar_one():
        raise IdentifyRefused(
            operator.text(
                "The database user may not identify people, so nothing was looked up. An administrator of the database "
                "gives the right: grant roster_identify to USER"
            )
        )
    pg.execute(sa.text("set local role roster_identify"))


def _find_account(pg: Connection, folder: KeyFolder, person_id: str) -> tuple[int, int]:
    """Return the organization and the account of a person id."""
    is_person_id = len(person_id) == PERSON_ID_CHARS and not set(person_id) - set("0123456789abcdef")
    unusable: PseudonymKeyUnusable | None = None
    for organization_id, fingerprint in read_fingerprints(pg).items() if is_person_id else ():
        if fingerprint is None:
            continue
        try:
            key = read_key(folder, organization_id, fingerprint)
        except PseudonymKeyUnusable as error:
            unusable = error
            continue
        present = _follow_mappings(_select_chain(folder.mappings_of(organization_id), fingerprint), person_id)
        for account_id in list_account_ids(pg, organization_id):
            if key.make_person_id(account_id) == present:
                return organization_id, account_id
    raise unusable or IdentifyRefused(
        operator.text(
            "Nobody has this person ID. Give one of the {n} digits 0-9 and a-f from the analysts' database.",
            n=PERSON_ID_CHARS,
        )
    )


def _select_chain(mappings: list[Path], fingerprint: str) -> list[Path]:
    """Return the mappings that lead to the present key. A rotation that was killed left one that leads nowhere."""
    chain: list[Path] = []
    reached = {fingerprint}
    while following := [file for file in mappings if file not in chain and file.stem.split("-")[-1] in reached]:
        chain += following
        reached |= {file.stem.split("-")[-2] for file in following}
    return chain


def _follow_mappings(mappings: list[Path], person_id: str) -> str:
    """Return the present person id of a person who had this one before some rotations."""
    following: dict[str, str] = {}
    for file in mappings:
        with file.open(encoding="ascii", newline="") as rows:
            following.update((row["old_person_id"], row["new_person_id"]) for row in csv.DictReader(rows))
    while person_id in following:
        person_id = following[person_id]
    return person_id


def _read_identity(pg: Connection, person_id: str, organization_id: int, account_id: int) -> Identity:
    """Return the account with the newest Clever id that it had in the organization."""
    account, link = accounts.c, identity_links.c
    values = (organizations.c.clever_district_id, account.id, link.clever_id, account.role)
    query = (
        sa.select(*values, account.first_name, account.last_name, account.email)
        .select_from(accounts.join(identity_links, link.account_id == account.id).join(organizations))
        .where(account.id == account_id, link.organization_id == organization_id)
        .order_by(link.unlinked_at.desc().nulls_first(), link.id.desc())
    )
    return Identity(person_id, *pg.execute(query.limit(1)).one())
