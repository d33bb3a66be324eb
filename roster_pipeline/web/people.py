"""The students and the teachers that a person may see, from the directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from roster_pipeline.product.tables import accounts, directory, org_memberships, rosters, school_memberships, schools
from roster_pipeline.web.lists import PAGE_ROWS, ListPart, ListRequest, after_row, make_part, select_count
from roster_pipeline.web.people_filters import MEMBERS, Shape, select_conditions

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page

Ids = sa.ColumnElement[int]
Statement = tuple[sa.Select[Any], dict[str, object]]
OWN, AFTER = sa.bindparam("own", type_=sa.BigInteger), sa.bindparam("after", type_=sa.BigInteger)
FIND_NAME = sa.select(directory.c.sort_name).where(
    directory.c.organization_id == OWN, directory.c.account_id == sa.bindparam("id")
)
UNCOUNTED = frozenset({"no_class"})
"""The filters that look at the classes of everybody, so that a large district is not counted."""


def read_people(page: Page, role: str, request: ListRequest) -> ListPart:
    """Return one page of the people of a role, with their schools, their classes and when they were verified."""
    rows = page.pg.execute(*select_people(page, role, request, PAGE_ROWS + 1)).all()
    return make_part(request, rows, lambda: _count_people(page, role, replace(request, after=None)))


def _count_people(page: Page, role: str, request: ListRequest) -> int | None:
    """Return the number of people of a list, or None if a search or a filter makes that slow."""
    if request.search or request.state in UNCOUNTED:
        return None
    values = _read_values(page, request)
    return page.pg.execute(_build_count(role, _shape_of(page, request, values)), values).scalar_one()


@cache
def _build_count(role: str, shape: Shape) -> sa.Select[tuple[int]]:
    """Build the statement that counts the people of a list."""
    return select_count(_select_ids(role, shape, None))


def select_people(page: Page, role: str, request: ListRequest, limit: int | None = None) -> Statement:
    """Return the statement for the people of a role, in the order of their names, with its values.

    Args:
        limit: the most rows. None is for all of them.
    """
    values = _read_values(page, request)
    return _build(role, _shape_of(page, request, values), limit), values


def _read_values(page: Page, request: ListRequest) -> dict[str, object]:
    """Return the values of the parameters of the statements here."""
    values = {"own": page.own.id, "search": request.search or None, "school": request.school}
    key = page.pg.execute(FIND_NAME, {"own": page.own.id, "id": request.after}).scalar() if request.after else None
    return {**values, "after": request.after, "after_name": key}


def _shape_of(page: Page, request: ListRequest, values: Mapping[str, object]) -> Shape:
    """Return what decides the form of a statement. A page after a row that is not there is the first one.

    The search finds the whole list too. For a person who sees a part of the organization it begins with that part.
    Row-level security alone would test everybody in the order of the names.
    """
    is_search = bool(request.search) or not page.sees_all
    return Shape(is_search, bool(request.school), request.state, values["after_name"] is not None)


@cache
def _build(role: str, shape: Shape, limit: int | None) -> sa.Select[Any]:
    """Build a statement. To build one takes longer than PostgreSQL needs for its rows, so each is built once."""
    people = _select_ids(role, shape, limit).subquery("people")
    # The limit keeps the planner from reading every account, which row-level security makes slow.
    account = sa.select(accounts).where(accounts.c.id == people.c.account_id).limit(1).lateral("account")
    return (
        sa.select(
            account.c.id,
            sa.func.concat_ws(" ", account.c.first_name, account.c.last_name).label("name"),
            account.c.email,
            account.c.imported_from_clever.label("is_from_clever"),
            account.c.grade,
            _verified_at(people.c.account_id) if role == "teacher" else sa.null().label("verified_at"),
            _school_names(people.c.account_id).label("schools"),
            _class_names(role, people.c.account_id).label("classes"),
        )
        .select_from(people.join(account, sa.true()))
        .order_by(people.c.is_first_choice.desc(), people.c.sort_name, people.c.account_id)
    )


def _select_ids(role: str, shape: Shape, limit: int | None) -> sa.Select[Any]:
    """Return the statement for the ids of the people of a list, in its order."""
    return (_search if shape.is_search else _list)(role, shape, limit)


def _list(role: str, shape: Shape, limit: int | None) -> sa.Select[Any]:
    """Return the statement for the ids of all people of a role, by name."""
    name, identifier = directory.c.sort_name, directory.c.account_id
    conditions = [directory.c.organization_id == OWN, directory.c.role == role]
    if shape.has_after:
        conditions.append(after_row(name, identifier, (sa.bindparam("after_name", type_=sa.Text), AFTER)))
    return (
        sa.select(identifier, name, sa.false().label("is_first_choice"))
        .where(*conditions, *select_conditions(role, shape, identifier))
        .order_by(name, identifier)
        .limit(limit)
    )


def _search(role: str, shape: Shape, limit: int | None) -> sa.Select[Any]:
    """Return the statement for the ids of the people that a search finds, the best ones first."""
    # The filters are applied to what the search finds, so the search itself has no limit beside them.
    most = sa.cast(None if shape.has_school or shape.state else limit, sa.BigInteger)
    call = sa.func.roster.find_people(role, sa.bindparam("search", type_=sa.Text), sa.cast(AFTER, sa.BigInteger), most)
    people = call.table_valued("account_id", "is_first_choice", "sort_name").alias("matches")
    return (
        sa.select(people.c.account_id, people.c.sort_name, people.c.is_first_choice)
        .where(*select_conditions(role, shape, people.c.account_id))
        .order_by(people.c.is_first_choice.desc(), people.c.sort_name, people.c.account_id)
        .limit(limit)
    )


def _verified_at(person: Ids) -> sa.ColumnElement[datetime]:
    """Return when the membership of a person was verified."""
    own = sa.and_(org_memberships.c.organization_id == OWN, org_memberships.c.account_id == person)
    return sa.select(org_memberships.c.verified_at).where(own).scalar_subquery().label("verified_at")


def _school_names(person: Ids) -> sa.ColumnElement[list[str]]:
    """Return the names of the schools of a person, the primary one first."""
    live = sa.and_(
        school_memberships.c.account_id == person,
        school_memberships.c.ended_at.is_(None),
        schools.c.archived_at.is_(None),
    )
    names = sa.select(schools.c.name).select_from(school_memberships.join(schools)).where(live)
    return sa.func.array(names.order_by(school_memberships.c.is_primary.desc(), schools.c.name).scalar_subquery())


def _class_names(role: str, person: Ids) -> sa.ColumnElement[list[str]]:
    """Return the names of the live classes of a person."""
    members = MEMBERS[role]
    live = sa.and_(members.c.account_id == person, members.c.ended_at.is_(None))
    own = sa.and_(rosters.c.id == members.c.roster_id, rosters.c.archived_at.is_(None))
    # As with the accounts, the limit keeps the planner from reading every class.
    roster = sa.select(rosters.c.id, rosters.c.name).where(own).limit(1).lateral("roster")
    names = sa.select(roster.c.name).select_from(members.join(roster, sa.true())).where(live)
    return sa.func.array(names.order_by(roster.c.name, roster.c.id).scalar_subquery())
