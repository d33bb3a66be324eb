"""The classes that a person may see, with what the list of classes shows of each."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from roster_pipeline.messages import product
from roster_pipeline.product.tables import accounts, changes, roster_students, roster_teachers, rosters, schools, syncs
from roster_pipeline.web.lists import PAGE_ROWS, ListPart, ListRequest, after_row, make_part, select_count

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page

Statement = tuple[sa.Select[Any], dict[str, object]]
OWN = sa.bindparam("own", type_=sa.BigInteger)
VISIBLE = sa.select(sa.func.roster.visible_rosters().column_valued("visible"))
FILTERS = {
    "no_teacher": product.mark("Without a teacher"),
    "no_students": product.mark("Without students"),
    "hidden": product.mark("Hidden"),
    "new": product.mark("New since last week"),
    "gone": product.mark("Gone since last week"),
}
"""The filters by key, each with its name on the screen."""
MEMBER_FILTERS = {"no_teacher": roster_teachers, "no_students": roster_students}
"""The filters for classes without a member, with the table of the members."""
WEEK = timedelta(weeks=1)
SINCE = sa.bindparam("since", type_=sa.DateTime(timezone=True))
LATE_SYNCS = sa.select(syncs.c.id).where(syncs.c.organization_id == OWN, syncs.c.finished_at >= SINCE)
NEW_CLASSES = sa.select(sa.cast(changes.c.after["id"].astext, sa.BigInteger)).where(
    changes.c.sync_id == sa.any_(sa.func.array(LATE_SYNCS.scalar_subquery())),
    changes.c.entity == "rosters",
    changes.c.before.is_(None),
)
"""The ids of the classes that the syncs since a time made, from their journals."""


def sort_name(classes: sa.FromClause) -> sa.ColumnElement[str]:
    """Return the part of a name by which classes are sorted. It is that of the index `rosters_by_name`.

    `left` would do the same. It is not leakproof, so that row-level security would keep the index from being used.
    """
    return sa.func.name(classes.c.name, type_=sa.Text).collate("default")


FIND_NAME = sa.select(sort_name(rosters)).where(rosters.c.id == sa.bindparam("id"))


def read_classes(page: Page, request: ListRequest) -> ListPart:
    """Return one page of the classes, by name."""
    rows = page.pg.execute(*select_classes(page, request, PAGE_ROWS + 1)).all()
    return make_part(request, rows, lambda: _count_classes(page, request))


def _count_classes(page: Page, request: ListRequest) -> int | None:
    """Return the number of classes of a list, or None if the filter looks at the members of every class."""
    if request.state in MEMBER_FILTERS:
        return None
    values = {"own": page.own.id, "school": request.school, "since": page.now - WEEK}
    count = _build_count(request.state, has_school=bool(request.school), sees_all=page.sees_all)
    return page.pg.execute(count, values).scalar_one()


def count_hidden_classes(page: Page) -> int:
    """Return the number of hidden classes that the person sees."""
    is_hidden = rosters.c.hidden_at.is_not(None)
    own = sa.and_(rosters.c.organization_id == page.own.id, rosters.c.archived_at.is_(None), is_hidden)
    return page.pg.execute(sa.select(sa.func.count()).where(own)).scalar_one()


def select_classes(page: Page, request: ListRequest, limit: int | None = None) -> Statement:
    """Return the statement for the live classes, by name, with its values.

    Hidden ones are left out unless the filter asks for them. The filter `gone` asks for those that ended.

    Args:
        limit: the most rows. None is for all of them.
    """
    values: dict[str, object] = {"own": page.own.id, "school": request.school, "after": request.after}
    values["since"] = page.now - WEEK
    values["after_name"] = page.pg.execute(FIND_NAME, {"id": request.after}).scalar() if request.after else None
    has_after = values["after_name"] is not None
    build = partial(_build, request.state, has_school=bool(request.school), sees_all=page.sees_all)
    return build(has_after=has_after, limit=limit), values


@cache
def _build(state: str, *, has_school: bool, sees_all: bool, has_after: bool, limit: int | None) -> sa.Select[Any]:
    """Build a statement. To build one takes longer than PostgreSQL needs for its rows, so each is built once."""
    conditions = _select_conditions(state, has_school=has_school, sees_all=sees_all)
    if has_after:
        after = (sa.bindparam("after_name", type_=sa.Text), sa.bindparam("after", type_=sa.BigInteger))
        conditions.append(after_row(sort_name(rosters), rosters.c.id, after))
    listed = sa.select(rosters).where(*conditions).order_by(sort_name(rosters), rosters.c.id).limit(limit)
    classes = listed.subquery("rosters")
    return select_details(classes).order_by(sort_name(classes), classes.c.id)


@cache
def _build_count(state: str, *, has_school: bool, sees_all: bool) -> sa.Select[tuple[int]]:
    """Build the statement that counts the classes of a list."""
    conditions = _select_conditions(state, has_school=has_school, sees_all=sees_all)
    return select_count(sa.select(rosters.c.id).where(*conditions))


def _select_conditions(state: str, *, has_school: bool, sees_all: bool) -> list[sa.ColumnElement[bool]]:
    """Return the conditions that the filters of the list put on a class. The parameter `school` is the school.

    Args:
        sees_all: the person sees all classes of the organization.
    """
    conditions = [rosters.c.organization_id == OWN]
    if state == "gone":
        conditions += [rosters.c.source == "clever", rosters.c.archived_at >= SINCE]
    else:
        is_hidden = rosters.c.hidden_at.is_not(None) if state == "hidden" else rosters.c.hidden_at.is_(None)
        conditions += [rosters.c.archived_at.is_(None), is_hidden]
    if state == "new":
        conditions.append(rosters.c.id == sa.any_(sa.func.array(NEW_CLASSES.scalar_subquery())))
    if not sees_all:
        # The policy says the same. From an array the planner looks the few classes up, in place of reading all by name.
        conditions.append(rosters.c.id == sa.any_(sa.func.array(VISIBLE.scalar_subquery())))
    if has_school:
        conditions.append(rosters.c.school_id == sa.bindparam("school"))
    if state in MEMBER_FILTERS:
        # A native class is a teacher's own, so nobody has to put it right.
        conditions += [rosters.c.source == "clever", ~sa.exists().where(*_live(MEMBER_FILTERS[state]))]
    return conditions


def select_details(classes: sa.FromClause) -> sa.Select[Any]:
    """Return the statement for what a list shows of classes.

    Args:
        classes: rows of `roster.rosters`.
    """
    return sa.select(
        classes.c.id,
        classes.c.name,
        (classes.c.source == "clever").label("is_from_clever"),
        *(
            classes.c[name]
            for name in ("subject", "grade", "period", "term_name", "hidden_at", "archived_at", "school_id")
        ),
        sa.select(schools.c.name).where(schools.c.id == classes.c.school_id).scalar_subquery().label("school"),
        _teacher_names(classes).label("teachers"),
        sa.select(sa.func.count()).where(*_live(roster_students, classes)).scalar_subquery().label("students"),
    )


def _live(members: sa.Table, classes: sa.FromClause = rosters) -> tuple[sa.ColumnElement[bool], ...]:
    return members.c.roster_id == classes.c.id, members.c.ended_at.is_(None)


def _teacher_names(classes: sa.FromClause) -> sa.ColumnElement[list[str]]:
    """Return the names of the teachers of a class, the primary one first."""
    name = sa.func.concat_ws(" ", accounts.c.first_name, accounts.c.last_name)
    names = sa.select(name).select_from(roster_teachers.join(accounts)).where(*_live(roster_teachers, classes))
    return sa.func.array(names.order_by(roster_teachers.c.is_primary.desc(), accounts.c.id).scalar_subquery())
