"""Moves people and classes of the Library organization to a district that has connected (docs/rules.md R3.13).

The sync of the district calls this before it compares. The move is a correction of its own: it has a journal, and undo
moves everything back. The accounts and rosters stay the same rows, so work, native classes and hidden marks stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, Connection, FromClause, Text
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.model.entities import END, INSERT, RESTORE, UPDATE
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.native_classes import follow_teachers
from roster_pipeline.product.tables import identity_links, library_tokens, org_memberships, organizations, rosters
from roster_pipeline.product.transfer import copy_to_postgres
from roster_pipeline.publish.statements import CreateTemporaryTable, next_id
from roster_pipeline.publish.table_mappings import TARGETS
from roster_pipeline.publish.target import NO_TIME
from roster_pipeline.publish.writer import write_rows
from roster_pipeline.syncs.correction_records import begin_correction, finish_correction
from roster_pipeline.syncs.holds import close_teacher_holds

FEED_PEOPLE, FEED_SECTIONS = sa.table("feed_people", sa.column("id")), sa.table("feed_sections", sa.column("id"))
MOVING_LINKS = sa.table("moving_links", sa.column("id", BigInteger), sa.column("account_id", BigInteger))
MOVING_ROSTERS = sa.table("moving_rosters", sa.column("id", BigInteger))
PEOPLE = "select clever_id from staging.stg_teachers union select clever_id from staging.stg_students"
SECTIONS = "select section_id from staging.stg_sections"
Values = Mapping[str, ColumnElement[Any]]


def move_from_library(
    con: duckdb.DuckDBPyConnection, pg: Connection, *, district_id: str, sync_id: int, at: datetime
) -> int | None:
    """Move the links and rosters of the Clever ids that the feed of a district holds from Library to the district.

    The tokens of the teachers who move are deleted.

    Args:
        con: the file or workspace of the district, with the staging tables.
        pg: a transaction, which is committed together with the move.
        district_id: the Clever id of the district.
        sync_id: the running sync of the district.
        at: the time of the move.

    Returns:
        The sync that records the move, or None if there was nothing to move.
    """
    library = pg.execute(sa.select(organizations.c.id).where(organizations.c.tier == "library")).scalar()
    if library is None:
        return None
    own = sa.select(organizations.c.id).where(organizations.c.clever_district_id == district_id)
    organization_id = pg.execute(own).scalar_one()
    copy_to_postgres(con, PEOPLE, pg, FEED_PEOPLE.name, "id text")
    copy_to_postgres(con, SECTIONS, pg, FEED_SECTIONS.name, "id text")
    # The rows to move are chosen before the first one is written.
    pg.execute(CreateTemporaryTable(MOVING_LINKS.name, _select_links(library)))
    pg.execute(CreateTemporaryTable(MOVING_ROSTERS.name, _select_rosters(library)))
    links, classes = sa.select(MOVING_LINKS.c.id), sa.select(MOVING_ROSTERS.c.id)
    if not pg.execute(sa.select(sa.exists(links) | sa.exists(classes))).scalar():
        return None
    move = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    accounts = sa.select(MOVING_LINKS.c.account_id)
    pg.execute(library_tokens.delete().where(library_tokens.c.account_id.in_(accounts)))
    close_teacher_holds(pg, accounts)
    rows = {
        "identity_links": _move_links(links, organization_id, move, at),
        "org_memberships": _move_memberships(accounts, library, organization_id, at),
        "rosters": [_move_rosters(classes, organization_id)],
    }
    counts = write_rows(pg, rows, move, as_owner=True)
    follow_teachers(pg, (library, organization_id))
    record = {"decision": "library", "moved_for": sync_id, "from_organizations": [library], "changes": counts}
    finish_correction(pg, move, record, at)
    return move


def _select_links(library: int) -> sa.Select[tuple[int, int]]:
    """Select the live links of the Library organization whose Clever ids the feed holds, with their accounts."""
    link = identity_links.c
    is_live = sa.and_(link.organization_id == library, link.unlinked_at.is_(None))
    return sa.select(link.id, link.account_id).where(is_live, link.clever_id.in_(sa.select(FEED_PEOPLE.c.id)))


def _select_rosters(library: int) -> sa.Select[tuple[int]]:
    """Select the rosters of the Library organization whose Clever ids the feed holds, archived ones too."""
    is_shared = rosters.c.clever_id.in_(sa.select(FEED_SECTIONS.c.id))
    return sa.select(rosters.c.id).where(rosters.c.organization_id == library, is_shared)


def _move_links(links: sa.Select[tuple[int]], organization_id: int, move: int, at: datetime) -> list[sa.Select[Any]]:
    """Return the queries that end the links, and link the same Clever ids to the same accounts in the district."""
    row = identity_links.alias("row")
    values: Values = {
        "id": next_id(identity_links),
        "organization_id": sa.literal(organization_id, BigInteger),
        "rule": sa.literal("library", Text),
        "evidence": sa.func.jsonb_build_object("was_link_id", row.c.id, type_=JSONB),
        "sync_id": sa.literal(move, BigInteger),
        "decided_by": sa.literal("sync", Text),
        "linked_at": sa.literal(at, sa.DateTime(timezone=True)),
        "unlinked_sync_id": sa.cast(sa.null(), BigInteger),
        "unlinked_at": NO_TIME,
    }
    ended = _select("identity_links", END, row, TARGETS["identity_links"].ending).params(at=at, sync_id=move)
    return [query.where(row.c.id.in_(links)) for query in (ended, _select("identity_links", INSERT, row, values))]


def _move_memberships(
    accounts: sa.Select[tuple[int]], library: int, organization_id: int, at: datetime
) -> list[sa.Select[Any]]:
    """Return the queries that end the memberships in the Library organization, and begin those in the district."""
    row, there = org_memberships.alias("row"), org_memberships.alias("there")
    own = sa.literal(organization_id, BigInteger)
    is_same = sa.and_(there.c.account_id == row.c.account_id, there.c.organization_id == own)
    moving = sa.and_(row.c.organization_id == library, row.c.ended_at.is_(None), row.c.account_id.in_(accounts))
    op = sa.case((there.c.account_id.is_(None), INSERT), else_=RESTORE)
    values: Values = {"organization_id": own, "verified_at": there.c.verified_at, "ended_at": NO_TIME}
    began = _select("org_memberships", op, row, values, row.outerjoin(there, is_same))
    ended = _select("org_memberships", END, row, TARGETS["org_memberships"].ending).params(at=at)
    is_new = sa.or_(there.c.account_id.is_(None), there.c.ended_at.is_not(None))
    return [ended.where(moving), began.where(moving, is_new)]


def _move_rosters(classes: sa.Select[tuple[int]], organization_id: int) -> sa.Select[Any]:
    row = rosters.alias("row")
    values: Values = {"organization_id": sa.literal(organization_id, BigInteger)}
    return _select("rosters", UPDATE, row, values).where(row.c.id.in_(classes))


def _select(
    entity: str, op: str | ColumnElement[str], row: FromClause, values: Values, source: FromClause | None = None
) -> sa.Select[Any]:
    """Build the query that selects an op and the new state of rows. Other columns keep their values."""
    columns = [(values[name] if name in values else row.c[name]).label(name) for name in TARGETS[entity].columns]
    label = sa.literal(op) if isinstance(op, str) else op
    return sa.select(label.label("op"), *columns).select_from(row if source is None else source)
