"""What would leave if what is held were approved: names of schools and classes, counts of people; never who."""

from __future__ import annotations

from typing import Any

import duckdb

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
    order by 2 + 3 desc, school.school_id
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
    order by 3 desc, roster.section_id
"""
PEOPLE = "select role, count(*) from changes.org_memberships where op = 'end' and held group by role order by role"


def consequences(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Of the held removals in `changes.*`: schools and classes by name, the largest first, and counts of people."""
    schools, classes = con.execute(SCHOOLS).fetchall(), con.execute(CLASSES).fetchall()
    if not schools and not classes:
        return {}
    return {
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
