"""The brakes of the rule book (*Safety*): which changes wait for a person, and why. What is new never does.

Each part of a roster is watched by itself, over the whole district; a tripped brake holds the changes of that part, and
what hangs on them. Not here yet: the finer grains (school, class) and the window of seven days.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import duckdb

from roster_pipeline.model.entities import END, ROSTER_TEACHERS, SCHOOL_MEMBERSHIPS, UPDATE
from roster_pipeline.model.plan import Held

DISTRICT_REMOVALS = "district_removals"
DISTRICT_UPDATES = "district_updates"
FEED_INCOMPLETE = "feed_incomplete"


@dataclass(frozen=True)
class Limits:
    """Shares of a district's live rows of one kind; more than this is held. Defaults: rule book, *Brakes*."""

    district_removals: float = 0.10
    district_updates: float = 0.75


@dataclass(frozen=True)
class Part:
    """What one brake watches.

    Attributes:
        resource: the Clever list that proves its absences.
        entity, where: the live rows that are counted.
        held: the changes that wait with it: entity, and a condition on its changes (true for all).
        op: what is counted and held: rows that would `end`, or names and emails that would `update`.
    """

    name: str
    resource: str
    entity: str
    where: str
    held: Mapping[str, str]
    op: str = END


KNOWN = "account_id in (select account_id from current.accounts where is_linked_here)"
ENDING_ROSTER = "section_id in (select section_id from changes.rosters where op = 'end')"
ENDING_SCHOOL = "school_id in (select school_id from changes.schools where op = 'end')"
OF_ROSTERS = ("roster_teachers", "roster_students", "parked_members")
ROSTER_OF_ENDING_SCHOOL = f"section_id in (select section_id from changes.rosters where op = 'end' and {ENDING_SCHOOL})"


def _people(name: str, role: str) -> Part:
    gone = f"account_id in (select account_id from changes.org_memberships where op = 'end' and role = '{role}')"
    held = {"org_memberships": f"role = '{role}'", "school_memberships": gone, f"roster_{role}s": gone}
    return Part(name, name, "org_memberships", f"role = '{role}'", held)


def _school_members(name: str, role: str) -> Part:
    return Part(
        f"{name}_in_schools", name, "school_memberships", f"role = '{role}'", {"school_memberships": f"role = '{role}'"}
    )


def _in_class(name: str, entity: str, role: str) -> Part:
    return Part(name, "sections", entity, "true", {entity: "true", "parked_members": f"role = '{role}'"})


PARTS: tuple[Part, ...] = (
    Part(
        "schools",
        "schools",
        "schools",
        "true",
        {
            "schools": "true",
            "school_memberships": ENDING_SCHOOL,
            "rosters": ENDING_SCHOOL,
            "roster_teachers": ROSTER_OF_ENDING_SCHOOL,
            "roster_students": ROSTER_OF_ENDING_SCHOOL,
            "parked_members": ROSTER_OF_ENDING_SCHOOL,
        },
    ),
    Part(
        "rosters",
        "sections",
        "rosters",
        "true",
        {"rosters": "true"} | dict.fromkeys(OF_ROSTERS, ENDING_ROSTER),
    ),
    _people("students", "student"),
    _people("teachers", "teacher"),
    _school_members("students", "student"),
    _school_members("teachers", "teacher"),
    _in_class("enrollments", "roster_students", "student"),
    _in_class("class_teachers", "roster_teachers", "teacher"),
    Part("names_and_emails", "students", "accounts", "true", {"accounts": KNOWN}, UPDATE),
)
"""In this order: what one part holds is no longer counted by the next, so that each removal has one reason."""
COUNTED = {
    END: ("true", "not is_ended and not is_native"),
    UPDATE: (
        f"(first_name, last_name, email) is distinct from (was_first_name, was_last_name, was_email) and {KNOWN}",
        "is_linked_here",
    ),
}
"""By op: which changes count, and which live rows they are a share of. A first link is no update of somebody known."""


def hold_removals(con: duckdb.DuckDBPyConnection, limits: Limits, unproven: Set[str]) -> tuple[Held, ...]:
    """Mark in `changes.*` the removals that wait, and say why.

    Args:
        unproven: resources whose feed does not prove that what is absent is gone: none of their removals.
    """
    held = []
    for part in PARTS:
        changing, live = _count(con, part)
        limit, reason = _limit(part, limits, unproven)
        if changing and changing > live * limit:
            held.append(Held(part.name, reason, changing, live, limit))
            for entity, where in part.held.items():
                con.execute(f"update changes.{entity} set held = true where op = '{part.op}' and ({where})")
    return tuple(held)


def _limit(part: Part, limits: Limits, unproven: Set[str]) -> tuple[float, str]:
    if part.op == UPDATE:
        return limits.district_updates, DISTRICT_UPDATES
    if part.resource in unproven:
        return 0.0, FEED_INCOMPLETE
    return limits.district_removals, DISTRICT_REMOVALS


def keep_primary(con: duckdb.DuckDBPyConnection) -> None:
    """Whoever waits to leave stays the primary one until then: there are never two."""
    for entity, of in ((ROSTER_TEACHERS, "section_id"), (SCHOOL_MEMBERSHIPS, "account_id")):
        waiting = f"select {of} from changes.{entity.name} where op = 'end' and held and was_is_primary"
        con.execute(
            f"update changes.{entity.name} set is_primary = false "
            f"where op <> 'end' and not held and is_primary and {of} in ({waiting})"
        )
        unchanged = " and ".join(f"{column} is not distinct from was_{column}" for column in entity.content)
        con.execute(f"delete from changes.{entity.name} where op = 'update' and {unchanged}")


def leave_in_class(con: duckdb.DuckDBPyConnection) -> None:
    """Take out the parking of everyone who stays in class: nobody is awaited where they are."""
    for role in ("teacher", "student"):
        con.execute(f"""
            delete from changes.parked_members as parked
            where op = 'insert' and role = '{role}' and exists (
                from current.roster_{role}s as member
                where member.section_id = parked.section_id
                    and member.clever_id = parked.clever_id
                    and not member.is_ended
                    and not exists (
                        from changes.roster_{role}s as change
                        where change.op = 'end' and not change.held
                            and change.section_id = member.section_id and change.account_id = member.account_id
                    )
            )
        """)


def _count(con: duckdb.DuckDBPyConnection, part: Part) -> tuple[int, int]:
    """Rows that would end or change, and rows that live now."""
    counts, lives = COUNTED[part.op]
    row = con.execute(
        f"select (select count(*) from changes.{part.entity} where op = '{part.op}' "
        f"and not held and ({part.where}) and {counts}), "
        f"(select count(*) from current.{part.entity} where {lives} and ({part.where}))"
    ).fetchone()
    assert row is not None  # a SELECT of two counts always answers with one row
    return int(row[0]), int(row[1])
