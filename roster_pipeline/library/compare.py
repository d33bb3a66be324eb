"""Compares the feed of one Library teacher with the product, within the classes of this teacher.

The tables of schema `affected` bound what the stages compare, as in a delta sync (docs/architecture.md#the-delta-sync).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import duckdb
from sqlalchemy import Connection

from roster_pipeline.current.load import load_current
from roster_pipeline.library.feed import TeacherFeed
from roster_pipeline.library.own_classes import (
    OwnClasses,
    list_accounts_elsewhere,
    list_teachers,
    load_own_classes,
)
from roster_pipeline.model.entities import END, ENTITIES
from roster_pipeline.model.limits import Limits
from roster_pipeline.reconcile.diff import compute_diff
from roster_pipeline.validate.quarantine import reject_foreign_ids

TEACHERS_SQL = """
    insert into staging.stg_teachers by name
    select clever_id, sis_id, first_name, last_name, email, school_id, school_ids
    from staging.stg_students
    where clever_id in (select id from affected.teachers)
        and clever_id not in (select clever_id from staging.stg_teachers)
"""
"""A person among the students who is a teacher is a teacher for the stages that follow."""
ENROLLED_SQL = """
    delete from marts.pending_members where (section_id, clever_id) in (
        select (section_id, clever_id) from current.roster_students where not is_ended and clever_id is not null
    )
"""
"""A student whom a district has taken over stays enrolled, and is no pending member beside that."""
LIMITS = Limits(school_removals=1.0, district_removals=1.0, window_removals=1.0, district_updates=1.0)
"""Of the thresholds only the one of a class applies to a teacher (docs/rules.md R5.5)."""


def load_teacher(
    con: duckdb.DuckDBPyConnection,
    pg: Connection,
    organization_id: int,
    account_id: int,
    teacher_id: str,
    feed: TeacherFeed,
) -> OwnClasses:
    """Fill schema `current` with the rows that the feed of a teacher decides. Return the classes of the teacher.

    A class that the teacher left and that another teacher keeps is not decided, except for the place of this teacher.
    The places of other teachers are never decided. A teacher among the students of a section is not enrolled
    (docs/rules.md R4.14), and neither the account nor the membership of this person is decided.
    """
    own = load_own_classes(pg, organization_id, account_id)
    teachers = (feed.teachers | list_teachers(pg, organization_id, feed.students)) - {teacher_id}
    leaving = own.find_leaving(feed.sections, feed.students) if feed.is_complete else set()
    _set_ids(con, "affected.people", {teacher_id} | feed.students - teachers | leaving)
    _set_ids(con, "affected.teachers", teachers)
    con.execute(TEACHERS_SQL)
    _set_ids(con, "affected.sections", feed.sections | own.known)
    for table in ("schools", "terms", "courses"):
        _set_ids(con, f"affected.{table}", ())
    load_current(con, pg, organization_id, is_delta=True)
    _name_students_elsewhere(con, list_accounts_elsewhere(pg, organization_id, feed.students))
    reject_foreign_ids(con)
    _set_ids(con, "affected.left_to_others", own.find_left_to_others(feed.sections))
    for table in ("rosters", "roster_students", "pending_members"):
        con.execute(f"delete from current.{table} where section_id in (select id from affected.left_to_others)")
    con.execute("delete from current.roster_teachers where account_id <> ?", [account_id])
    return own


def compare_teacher(con: duckdb.DuckDBPyConnection, own: OwnClasses, feed: TeacherFeed) -> None:
    """Fill `changes.*`. If the feed is not proven complete, only the removed classes of the teacher end.

    Teachers whom a section lists beside this one take their places by their own updates.
    """
    con.execute("delete from marts.pending_members where role = 'teacher'")
    con.execute(ENROLLED_SQL)
    for entity in ENTITIES:
        if "clever_id" in entity.columns:
            con.execute(f"delete from marts.{entity.name} where clever_id in (select id from affected.teachers)")
    compute_diff(con)
    if feed.is_complete:
        return
    _set_ids(con, "affected.removed", own.removed)
    for entity in ENTITIES:
        if "section_id" in entity.columns:
            of_removed = "section_id in (select id from affected.removed)"
            con.execute(f"delete from changes.{entity.name} where op = '{END}' and not {of_removed}")


def _name_students_elsewhere(con: duckdb.DuckDBPyConnection, accounts: Mapping[int, str]) -> None:
    """Set the Clever ids of enrolled students whom a district has taken over.

    Their records go to quarantine as those of another organization, and a record in quarantine proves that the student
    is still in the class.
    """
    for account_id, clever_id in accounts.items():
        con.execute("update current.roster_students set clever_id = ? where account_id = ?", [clever_id, account_id])


def _set_ids(con: duckdb.DuckDBPyConnection, table: str, ids: Collection[str]) -> None:
    con.execute("create schema if not exists affected")
    con.execute(f"create or replace table {table} as select unnest(?::varchar[]) as id", [sorted(ids)])
