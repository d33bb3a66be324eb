"""Fill an empty product database with one large district and a small one, without any sync."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Engine

from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.product.tables import organizations
from roster_pipeline_tests.benchmarks.page_names import FIRST_NAMES, LAST_NAMES

STUDENTS_A_CLASS, STUDENTS_A_SCHOOL, CLASSES_A_STUDENT = 25, 800, 6
STEPS = (
    # Triggers and foreign keys would take most of the time. The statement for the directory does what its trigger does.
    "set local session_replication_role = replica",
    """
    insert into roster.schools (organization_id, clever_id, name)
    select :own, 's' || :own || '-' || n, 'School ' || n from generate_series(1, :schools) as n
    """,
    """
    insert into roster.accounts (id, first_name, last_name, email, role)
    select :base + n, (string_to_array(:firsts, ' '))[1 + n / 40 % 20], (string_to_array(:lasts, ' '))[1 + n % 40],
        'p' || :own || '-' || n || '@example.org', case when n <= :students then 'student' else 'teacher' end
    from generate_series(1, :students + :teachers) as n
    """,
    """
    insert into roster.org_memberships (organization_id, account_id, role)
    select :own, id, role from roster.accounts where id > :base and id <= :base + :students + :teachers
    """,
    """
    insert into roster.directory (organization_id, account_id, role, sort_name, words)
    with named as materialized (
        select first_name, last_name, roster.sort_name(first_name, last_name) as sort_name,
            roster.directory_words(:own, first_name, last_name, null) as words
        from unnest(string_to_array(:firsts, ' ')) as first_name
        cross join unnest(string_to_array(:lasts, ' ')) as last_name
    )
    select :own, a.id, a.role, named.sort_name, named.words || array_to_tsvector(
        array[:own || '_p' || :own, :own || '_' || a.id - :base, :own || '_example', :own || '_org']
    )
    from named inner join roster.accounts as a on a.first_name = named.first_name and a.last_name = named.last_name
    where a.id > :base and a.id <= :base + :students + :teachers
    """,
    """
    insert into roster.school_memberships (school_id, account_id, role, is_primary)
    select s.id, a.id, a.role, true
    from (select *, row_number() over (order by id) as place from roster.schools where organization_id = :own) as s
    inner join roster.accounts as a on 1 + a.id % :schools = s.place
    where a.id > :base and a.id <= :base + :students + :teachers
    """,
    """
    insert into roster.rosters (organization_id, school_id, name, period)
    select :own, s.id, 'Class ' || n, 'P' || n % 7
    from generate_series(0, :classes - 1) as n
    inner join (select *, row_number() over (order by id) as place from roster.schools where organization_id = :own)
        as s on 1 + n % :schools = s.place
    """,
    """
    insert into roster.roster_students (roster_id, account_id)
    with classes as materialized (
        select id, substring(name from '[0-9]+')::int as number from roster.rosters where organization_id = :own
    )
    select classes.id, :base + n
    from generate_series(1, :students) as n
    cross join lateral (
        select distinct (:base + n) % :schools + :schools * ((n / :schools + k * 31) % (:classes / :schools)) as number
        from generate_series(0, :each - 1) as k
    ) as own
    inner join classes on classes.number = own.number
    order by classes.id, n
    """,
    """
    insert into roster.roster_teachers (roster_id, account_id, is_primary)
    select r.id, :base + :students + 1 + r.id % :teachers, true
    from roster.rosters as r where r.organization_id = :own
    """,
)


def fill_district(engine: Engine, name: str, students: int) -> int:
    """Connect a district and insert its people, schools and classes. Return the organization.

    Args:
        name: the Clever id and the name of the district.
    """
    with transaction(engine) as pg:
        connect_district(pg, name, name=name, tier="secure_sync")
        found = sa.select(organizations.c.id).where(organizations.c.clever_district_id == name)
        own = int(pg.execute(found).scalar_one())
        values = {
            "own": own,
            "base": own * 10_000_000,
            "students": students,
            "teachers": max(1, students // 20),
            "schools": max(1, students // STUDENTS_A_SCHOOL),
            "classes": max(1, students * CLASSES_A_STUDENT // STUDENTS_A_CLASS),
            "each": CLASSES_A_STUDENT,
            "firsts": FIRST_NAMES,
            "lasts": LAST_NAMES,
        }
        for step in STEPS:
            pg.execute(sa.text(step), values)
    return own


def analyze(engine: Engine) -> None:
    """Collect the statistics that the planner needs, as autovacuum does within minutes."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as pg:
        pg.execute(sa.text("vacuum analyze"))
