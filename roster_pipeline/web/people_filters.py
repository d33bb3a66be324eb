"""The filters of the lists of students and teachers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from roster_pipeline.messages import product
from roster_pipeline.product.tables import (
    accounts,
    org_memberships,
    reviews,
    roster_students,
    roster_teachers,
    rosters,
    school_memberships,
)

MEMBERS = {"student": roster_students, "teacher": roster_teachers}
"""The table that holds the classes of a role."""
Condition = sa.ColumnElement[bool]


def is_in_no_class(role: str, person: sa.ColumnElement[int]) -> Condition:
    """Return the condition for people without a live class from Clever."""
    members = MEMBERS[role]
    own = sa.and_(members.c.account_id == person, members.c.ended_at.is_(None))
    from_clever = sa.and_(rosters.c.archived_at.is_(None), rosters.c.source == "clever")
    return ~sa.exists().select_from(members.join(rosters)).where(own, from_clever)


def has_no_email(_role: str, person: sa.ColumnElement[int]) -> Condition:
    """Return the condition for people without email."""
    return sa.exists().where(accounts.c.id == person, accounts.c.email.is_(None))


def has_review(_role: str, person: sa.ColumnElement[int]) -> Condition:
    """Return the condition for people whose account is in review."""
    return sa.exists().where(reviews.c.account_id == person, reviews.c.state == "open")


def has_other_name(_role: str, person: sa.ColumnElement[int]) -> Condition:
    """Return the condition for people with another name in Clever (docs/rules.md R2.17)."""
    return sa.exists().where(
        reviews.c.account_id == person, reviews.c.state == "open", reviews.c.reason == "name_differs"
    )


def is_not_verified(_role: str, person: sa.ColumnElement[int]) -> Condition:
    """Return the condition for teachers whom no admin has verified."""
    return sa.exists().where(
        org_memberships.c.account_id == person,
        org_memberships.c.verified_at.is_(None),
        org_memberships.c.ended_at.is_(None),
    )


Filter = tuple[str, Callable[[str, sa.ColumnElement[int]], Condition]]
FILTERS: dict[str, dict[str, Filter]] = {
    "student": {
        "no_class": (product.mark("In no class"), is_in_no_class),
        "no_email": (product.mark("No email"), has_no_email),
        "in_review": (product.mark("To review"), has_review),
    },
    "teacher": {
        "unverified": (product.mark("Not verified"), is_not_verified),
        "no_class": (product.mark("In no class"), is_in_no_class),
        "name_differs": (product.mark("Another name in Clever"), has_other_name),
    },
}
"""The filters by role and key, each with its name on the screen."""


@dataclass(frozen=True)
class Shape:
    """What decides the form of the statement for a list of people. The values of its parameters come apart.

    Attributes:
        state: the key of a filter.
        has_after: whether the list goes on after a row.
    """

    is_search: bool
    has_school: bool
    state: str
    has_after: bool


def select_conditions(role: str, shape: Shape, person: sa.ColumnElement[int]) -> list[Condition]:
    """Return the conditions that the filters of a list put on a person. The parameter `school` is the school."""
    conditions: list[Condition] = []
    if shape.has_school:
        live = sa.and_(
            school_memberships.c.school_id == sa.bindparam("school"),
            school_memberships.c.ended_at.is_(None),
        )
        members = sa.select(school_memberships.c.account_id).where(live).scalar_subquery()
        # From an array the planner looks each member up. From the table it would read every person of the district.
        conditions.append(person == sa.any_(sa.func.array(members)))
    if shape.state:
        conditions.append(FILTERS[role][shape.state][1](role, person))
    return conditions
