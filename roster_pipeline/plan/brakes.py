"""The brakes of the rule book (*Safety*): which removals wait for a person, and why. Adds and updates never do.

Each part of a roster is watched by itself; a tripped brake holds the removals of that part, and what hangs on them.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

import duckdb

from roster_pipeline.model.plan import Held

DISTRICT_REMOVALS = "district_removals"
FEED_INCOMPLETE = "feed_incomplete"


@dataclass(frozen=True)
class Limits:
    """Shares of a district's live rows of one kind; more than this is held. Defaults: rule book, *Brakes*."""

    district_removals: float = 0.10


@dataclass(frozen=True)
class Part:
    """What one brake watches.

    Attributes:
        resource: the Clever list that proves its absences.
        entity, where: the rows that are counted.
        held: the removals that wait with it: entity, and a condition on its rows (true for all).
    """

    name: str
    resource: str
    entity: str
    where: str
    held: Mapping[str, str]


ENDING_ROSTER = "section_id in (select section_id from changes.rosters where op = 'end')"
ENDING_SCHOOL = "school_id in (select school_id from changes.schools where op = 'end')"


def _people(name: str, role: str) -> Part:
    gone = f"account_id in (select account_id from changes.org_memberships where op = 'end' and role = '{role}')"
    held = {"org_memberships": f"role = '{role}'", "school_memberships": gone, f"roster_{role}s": gone}
    return Part(name, name, "org_memberships", f"role = '{role}'", held)


PARTS: tuple[Part, ...] = (
    Part(
        "enrollments",
        "sections",
        "roster_students",
        "true",
        {"roster_students": "true", "parked_members": "true"},
    ),
    Part(
        "rosters",
        "sections",
        "rosters",
        "true",
        {"rosters": "true", "roster_teachers": ENDING_ROSTER, "roster_students": ENDING_ROSTER},
    ),
    _people("students", "student"),
    _people("teachers", "teacher"),
    Part(
        "schools",
        "schools",
        "schools",
        "true",
        {"schools": "true", "school_memberships": ENDING_SCHOOL, "rosters": ENDING_SCHOOL},
    ),
)


def hold_removals(con: duckdb.DuckDBPyConnection, limits: Limits, unproven: Set[str]) -> tuple[Held, ...]:
    """Mark in `changes.*` the removals that wait, and say why.

    Args:
        unproven: resources whose feed does not prove that what is absent is gone: none of their removals.
    """
    counted = [(part, *_count(con, part)) for part in PARTS]
    held = tuple(
        Held(
            part.name,
            FEED_INCOMPLETE if part.resource in unproven else DISTRICT_REMOVALS,
            removals,
            live,
            limit,
        )
        for part, removals, live in counted
        if removals and removals > live * (limit := 0.0 if part.resource in unproven else limits.district_removals)
    )
    tripped = {one.part for one in held}
    for part in PARTS:
        if part.name in tripped:
            for entity, where in part.held.items():
                con.execute(f"update changes.{entity} set held = true where op = 'end' and ({where})")
    return held


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
    """Rows that would end, and rows that live now."""
    row = con.execute(
        f"select (select count(*) from changes.{part.entity} where op = 'end' and ({part.where})), "
        f"(select count(*) from current.{part.entity} where not is_ended and not is_native and ({part.where}))"
    ).fetchone()
    assert row is not None  # a SELECT of two counts always answers with one row
    return int(row[0]), int(row[1])
