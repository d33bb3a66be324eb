"""The affected set: the ids that a delta sync must decide again.

The tables of schema `affected` hold ids. The models give the same result on the rows
of these ids as on the whole district. A set that is too large costs time. A set that is too small would be wrong.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from roster_pipeline.delta.events import touched
from roster_pipeline.model.resources import RESOURCES, Resource

if TYPE_CHECKING:
    import duckdb

EMAIL = r"nullif(trim(email, e' \t\r\n'), '')"
"""As staging reads an address."""
PEOPLE_OF_EVENTS = "(FROM events.teachers UNION ALL BY NAME FROM events.students)"
ROLES = "[roles.teacher, roles.student]"

CAME_OR_WENT = f"""
    SELECT id FROM affected.changed WHERE resource IN ('teachers', 'students') AND was <> is_now
    UNION
    -- Whoever waits in quarantine counts as absent, and may come out of it.
    SELECT id FROM affected.changed SEMI JOIN warehouse.quarantine.records ON clever_id = id
    UNION
    -- An id that may have passed to another person, or back, opens or closes classes.
    SELECT now.id FROM {PEOPLE_OF_EVENTS} AS now
    JOIN warehouse.intermediate.int_people AS known ON known.clever_id = now.id
    WHERE now.name.first IS DISTINCT FROM known.first_name AND now.name.last IS DISTINCT FROM known.last_name
    UNION
    SELECT changed.id FROM affected.changed AS changed
    JOIN warehouse.intermediate.int_identities AS identity ON identity.clever_id = changed.id
    WHERE identity.is_recycled
"""

SECTIONS = """
    SELECT id FROM affected.changed WHERE resource = 'sections'
    UNION
    SELECT section_id FROM warehouse.intermediate.int_section_members SEMI JOIN affected.came_or_went ON clever_id = id
    UNION
    SELECT section_id FROM warehouse.staging.stg_sections
    SEMI JOIN affected.changed ON id = term_id AND resource = 'terms'
    UNION
    SELECT section_id FROM warehouse.staging.stg_sections
    SEMI JOIN affected.changed ON id = school_id AND resource = 'schools' AND was <> is_now
"""

PEOPLE = """
    SELECT id FROM affected.changed WHERE resource IN ('teachers', 'students')
    UNION
    SELECT clever_id FROM warehouse.intermediate.int_section_members SEMI JOIN affected.sections ON section_id = id
    UNION
    SELECT unnest(list_append(list_concat(coalesce(students, []), coalesce(teachers, [])), teacher))
    FROM events.sections
    UNION
    SELECT clever_id FROM (SELECT clever_id, unnest(school_ids) AS school_id FROM warehouse.intermediate.int_people)
    SEMI JOIN affected.changed ON id = school_id AND resource = 'schools' AND was <> is_now
"""

ADDRESSES = f"""
    SELECT clever_id, email FROM warehouse.intermediate.int_people WHERE email IS NOT NULL
    UNION ALL
    SELECT clever_id, email FROM warehouse.marts.accounts WHERE email IS NOT NULL
    UNION ALL
    -- Of those who left or wait in quarantine: their account keeps its address, and gives it up when they are back.
    SELECT linked_clever_id, email FROM warehouse.current.accounts
    WHERE linked_clever_id IS NOT NULL AND email IS NOT NULL
    UNION ALL
    SELECT id, {EMAIL} FROM {PEOPLE_OF_EVENTS} WHERE {EMAIL} IS NOT NULL
"""
"""Who carries, carried or asks for which address. Whoever shares one with somebody in reach is in reach."""

SCHOOLS = f"""
    SELECT id FROM affected.changed WHERE resource = 'schools'
    UNION
    SELECT unnest(school_ids) FROM warehouse.intermediate.int_people SEMI JOIN affected.people ON clever_id = id
    UNION
    SELECT school_id FROM warehouse.staging.stg_sections SEMI JOIN affected.sections ON section_id = id
    UNION
    SELECT school FROM events.sections
    UNION
    SELECT unnest(list_append(coalesce(role.schools, []), role.school)) FROM (SELECT unnest({ROLES}) AS role
        FROM {PEOPLE_OF_EVENTS})
"""
OF_SECTIONS = """
    SELECT id FROM affected.changed WHERE resource = '{list}'
    UNION
    SELECT {staged} FROM warehouse.staging.stg_sections SEMI JOIN affected.sections ON section_id = id
    UNION
    SELECT {given} FROM events.sections
"""


def find_affected(con: duckdb.DuckDBPyConnection) -> int:
    """Fill `reach.*` from `events.*` and the warehouse; returns how many people are in it."""
    con.execute("CREATE SCHEMA affected")
    con.execute(f"CREATE TABLE affected.changed AS {' UNION ALL '.join(_changed(one) for one in RESOURCES)}")
    _reach(con, "came_or_went", CAME_OR_WENT)
    _reach(con, "sections", SECTIONS)
    _reach(con, "people", PEOPLE)
    _follow_addresses(con)
    _reach(con, "schools", SCHOOLS)
    _reach(con, "terms", OF_SECTIONS.format(list="terms", staged="term_id", given="term_id"))
    _reach(con, "courses", OF_SECTIONS.format(list="courses", staged="course_id", given="course"))
    row = con.execute("SELECT count(*) FROM affected.people").fetchone()
    return int(row[0]) if row else 0


def _changed(resource: Resource) -> str:
    """Records whose content differs from what the warehouse holds, or of which it could not be read in full."""
    name = resource.name
    half_read = f"resource = '{name}' AND NOT whole_record"
    return f"""
        SELECT '{name}' AS resource, touched.id,
            bool_or(known.id IS NOT NULL) AS was, bool_or(new.id IS NOT NULL) AS is_now
        FROM ({touched(resource)}) AS touched
        LEFT JOIN warehouse.raw.{name} AS known ON known.id = touched.id
        LEFT JOIN events.{name} AS new ON new.id = touched.id
        WHERE known.content_hash IS DISTINCT FROM new.content_hash
            OR touched.id IN (SELECT clever_id FROM events.rejected WHERE {half_read})
            OR touched.id IN (SELECT clever_id FROM warehouse.raw.rejected WHERE {half_read})
        GROUP BY touched.id
    """


def _reach(con: duckdb.DuckDBPyConnection, name: str, ids: str) -> None:
    con.execute(f"CREATE TABLE affected.{name} AS SELECT DISTINCT id FROM ({ids}) AS found(id) WHERE id IS NOT NULL")


def _follow_addresses(con: duckdb.DuckDBPyConnection) -> None:
    """Add whoever shares an address with somebody in reach, until nobody comes any more.

    The addresses of the district are looked through and never kept together: few are in reach.
    """
    con.execute(f"CREATE TEMPORARY VIEW addresses AS {ADDRESSES}")
    con.execute("CREATE TEMPORARY TABLE followed (email VARCHAR, step INTEGER)")
    con.execute("CREATE TEMPORARY TABLE newest AS FROM affected.people")
    for step in count():
        followed = con.execute(
            "INSERT INTO followed SELECT DISTINCT email, ? FROM addresses SEMI JOIN newest ON clever_id = id "
            "WHERE email NOT IN (SELECT email FROM followed)",
            [step],
        ).fetchone()
        if followed == (0,):
            return
        came = con.execute(
            "CREATE OR REPLACE TEMPORARY TABLE newest AS SELECT DISTINCT clever_id AS id FROM addresses "
            "WHERE email IN (SELECT email FROM followed WHERE step = ?) AND clever_id NOT IN (FROM affected.people)",
            [step],
        ).fetchone()
        if came == (0,):
            return
        con.execute("INSERT INTO affected.people FROM newest")
