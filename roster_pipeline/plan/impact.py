"""What would happen if what is held were approved: what is kept with a sync and shown, and who it is about.

Kept are names of schools and classes, and counts of people. Who they are is for the answer of a command alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import duckdb

from roster_pipeline.model.plan import FEED_INCOMPLETE, Held
from roster_pipeline.plan.build import load_plan

LISTED = 50
"""Schools and classes that are named; the rest are counted."""
SCHOOLS = """
    select school.name, count(distinct member.account_id) filter (member.role = 'student'),
        count(distinct member.account_id) filter (member.role = 'teacher'),
        (select count(*) from changes.rosters as roster where roster.op = 'end' and roster.held
            and roster.school_id = school.school_id)
    from current.schools as school
    left join changes.school_memberships as member
        on member.school_id = school.school_id and member.op = 'end' and member.held
    where school.school_id in (select school_id from changes.schools where op = 'end' and held)
        or member.account_id is not null
    group by school.school_id, school.name
    order by count(distinct member.account_id) desc, school.school_id
"""
CLASSES = """
    select roster.name, school.name, count(distinct member.account_id),
        roster.section_id in (select section_id from changes.rosters where op = 'end' and held)
    from current.rosters as roster
    left join current.schools as school on school.school_id = roster.school_id
    left join changes.roster_students as member
        on member.section_id = roster.section_id and member.op = 'end' and member.held
    where roster.section_id in (select section_id from changes.rosters where op = 'end' and held)
        or member.account_id is not null
    group by roster.section_id, roster.name, school.name
    order by count(distinct member.account_id) desc, roster.section_id
"""
PEOPLE = "select role, count(*) from changes.org_memberships where op = 'end' and held group by role order by role"
WHO = """
    with waiting as (
        select account_id, 'district' as place from changes.org_memberships where op = 'end' and held
        union all
        select account_id, 'schools' from changes.school_memberships where op = 'end' and held
        union all
        select account_id, 'classes' from changes.roster_teachers where op = 'end' and held
        union all
        select account_id, 'classes' from changes.roster_students where op = 'end' and held
    )
    select any_value(account.linked_clever_id) as clever_id, any_value(account.role) as role,
        any_value(account.first_name) as first_name, any_value(account.last_name) as last_name,
        bool_or(waiting.place = 'district') as leaves_the_district,
        count(*) filter (waiting.place = 'schools') as schools, count(*) filter (waiting.place = 'classes') as classes
    from waiting inner join current.accounts as account using (account_id)
    group by account_id
    order by leaves_the_district desc, role, last_name, first_name, clever_id
"""
RENAMED = """
    select linked_clever_id as clever_id, role, was_first_name, was_last_name, was_email,
        change.first_name, change.last_name, change.email
    from changes.accounts as change inner join (select account_id, linked_clever_id from current.accounts)
        using (account_id)
    where op = 'update' and held
    order by role, was_last_name, was_first_name, clever_id
"""


def describe_impact(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Of what is held in `changes.*`, by the plan that is kept beside it.

    Returns:
        `sentence`, `total` and `parts` that sum to it; schools and classes by name, the largest first, and counts of
        people. Nothing where nothing is held.
    """
    plan = load_plan(con)
    schools, classes = con.execute(SCHOOLS).fetchall(), con.execute(CLASSES).fetchall()
    first = {"sentence": plan.sentence, "total": sum(plan.parts.values()), "parts": dict(plan.parts)}
    if not schools and not classes:
        return first if plan.held else {}
    return {
        **first,
        "people_who_leave_the_district": {f"{role}s": count for role, count in con.execute(PEOPLE).fetchall()},
        "schools": len(schools),
        "classes": len(classes),
        "schools_named": [
            {"name": name, "students": students, "teachers": teachers, "classes_archived": archived}
            for name, students, teachers, archived in schools[:LISTED]
        ],
        "classes_named": [
            {"name": name, "school": school, "students": students, "archived": archived}
            for name, school, students, archived in classes[:LISTED]
        ],
    }


def list_affected_people(con: duckdb.DuckDBPyConnection) -> dict[str, list[dict[str, Any]]]:
    """Of what is held in `changes.*`: who would leave what, and whose name or email would change, person by person."""
    return {"people": _rows(con, WHO), "renamed": _rows(con, RENAMED)}


def describe_reasons(held: Iterable[Held]) -> str:
    """Every threshold that was crossed, such as `district_removals (students, over 10 %)`."""
    return ", ".join(f"{one.reason} ({one.part}{_over(one)})" for one in held)


def _over(held: Held) -> str:
    return "" if held.reason == FEED_INCOMPLETE else f", over {held.limit:.0%}".replace("%", " %")


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = con.execute(query)
    columns = [column for column, *_ in found.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
