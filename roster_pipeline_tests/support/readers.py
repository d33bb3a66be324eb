"""Read the tables of the product, either in terms of Clever or as raw rows."""

import sqlalchemy as sa

from roster_pipeline_tests.support.rule_book import Expected
from roster_pipeline_tests.support.rule_book_identity import Account, Known, Membership

STAMPS = {"syncs", "organizations", "changes", "holds", "refresh_requests"}
"""Tables that keep the book of syncs and hold nothing of a roster."""
PERSON = """
    join roster.identity_links as link on link.account_id = m.account_id and link.unlinked_at is null
    join roster.organizations as o on o.id = link.organization_id
"""
OF_ROSTERS = "join roster.rosters as r on r.id = m.roster_id and r.source = 'clever' and r.archived_at is null"
ROSTERS = (
    "from roster.rosters as r join roster.organizations as o on o.id = r.organization_id "
    "left join roster.schools as s on s.id = r.school_id left join roster.terms as t on t.id = r.term_id "
    "left join roster.courses as c on c.id = r.course_id where r.source = 'clever' and r.archived_at is null"
)
QUERIES = {
    "people": "select link.clever_id, m.role, m.first_name, m.last_name, m.email, m.clever_email, "
    "m.imported_from_clever from (select *, id as account_id from roster.accounts) as m "
    f"{PERSON} where m.archived_at is null",
    "members": f"select link.clever_id, m.role from roster.org_memberships as m {PERSON} "
    "where m.ended_at is null and m.organization_id = o.id",
    "schools": "select m.clever_id, m.name, m.sis_id, m.nces_id, m.low_grade, m.high_grade from roster.schools as m "
    "join roster.organizations as o on o.id = m.organization_id where m.archived_at is null",
    **{
        table: f"select m.clever_id, {columns} from roster.{table} as m "
        "join roster.organizations as o on o.id = m.organization_id where m.archived_at is null"
        for table, columns in (("terms", "m.name, m.start_date, m.end_date"), ("courses", "m.number, m.name"))
    },
    "school_members": "select s.clever_id, link.clever_id, m.role, m.is_primary from roster.school_memberships as m "
    f"join roster.schools as s on s.id = m.school_id {PERSON} where m.ended_at is null and s.archived_at is null",
    "rosters": "select r.clever_id, s.clever_id, r.name, r.subject, r.grade, r.period, r.term_name, t.clever_id, "
    f"c.clever_id {ROSTERS}",
    "teachers": f"select r.clever_id, link.clever_id, m.is_primary from roster.roster_teachers as m {OF_ROSTERS} "
    f"{PERSON} where m.ended_at is null",
    "students": f"select r.clever_id, link.clever_id from roster.roster_students as m {OF_ROSTERS} {PERSON} "
    "where m.ended_at is null",
    "pending": f"select r.clever_id, m.clever_id, m.role from roster.pending_members as m {OF_ROSTERS} "
    "join roster.organizations as o on o.id = r.organization_id where true",
    "reviews": "select m.clever_id, m.reason from roster.reviews as m "
    "join roster.organizations as o on o.id = m.organization_id where m.state = 'open'",
    "known_schools": "select m.clever_id from roster.schools as m "
    "join roster.organizations as o on o.id = m.organization_id where true",
}
LIVE_ROWS = {
    "schools": ("id, clever_id, name, sis_id, nces_id, low_grade, high_grade", "archived_at is null"),
    "terms": ("id, organization_id, clever_id, name, start_date, end_date", "archived_at is null"),
    "courses": ("id, organization_id, clever_id, number, name", "archived_at is null"),
    "accounts": (
        "id, email, first_name, last_name, role, imported_from_clever, clever_email, grade",
        "archived_at is null",
    ),
    "identity_links": ("clever_id, account_id", "unlinked_at is null"),
    "org_memberships": ("organization_id, account_id, role, is_admin, source, verified_at", "ended_at is null"),
    "school_memberships": ("school_id, account_id, role, is_primary, source", "ended_at is null"),
    "rosters": (
        "id, clever_id, name, school_id, subject, grade, period, term_name, hidden_at, term_id, course_id",
        "archived_at is null",
    ),
    "roster_teachers": ("roster_id, account_id, is_primary", "ended_at is null"),
    "roster_students": ("roster_id, account_id", "ended_at is null"),
    "pending_members": ("roster_id, clever_id, role", "true"),
    "reviews": ("id, clever_id, reason, account_id", "state = 'open'"),
}
KEY_COLUMNS = {
    "people": 1,
    "members": 1,
    "schools": 1,
    "terms": 1,
    "courses": 1,
    "school_members": 2,
    "rosters": 1,
    "teachers": 2,
}


def query(engine, statement, **values):
    with engine.connect() as pg:
        return [tuple(row) for row in pg.execute(sa.text(statement), values)]


def execute(engine, statement, *, as_sync=False, as_role="", as_program=True, **values):
    """Run a statement as the product would. Return the first column of the first row, if there is one.

    Args:
        as_sync: what Clever owns may be written.
        as_role: a role of the database.
        as_program: records of syncs may be written; otherwise as an application does.
    """
    writer = "sync" if as_sync else "program" if as_program else ""
    with engine.begin() as pg:
        if as_role:
            pg.execute(sa.text(f"set local role {as_role}"))
        pg.execute(sa.text("select set_config('roster.writer', :writer, true)"), {"writer": writer})
        result = pg.execute(sa.text(statement), values)
        return result.scalar() if result.returns_rows else None


def empty(engine):
    """Empty all tables of an installation. Write protection, which forbids that, is switched off meanwhile."""
    names = ", ".join(f"roster.{name}" for name in tables(engine))
    with engine.begin() as pg:
        pg.execute(sa.text("set local session_replication_role = replica"))
        pg.execute(sa.text(f"truncate {names} restart identity"))


def published(engine, district_id):
    """Return the live rows of one district in terms of Clever."""
    return as_expected(
        {
            name: query(engine, f"{statement} and o.clever_district_id = :district", district=district_id)
            for name, statement in QUERIES.items()
        }
    )


def as_expected(tables):
    """Return rows by table in the form of what the rules expect. No table may have a row twice."""
    for name, rows in tables.items():
        assert len(set(rows)) == len(rows), f"{name} has a row twice"
    return Expected(
        **{
            name: _keyed(rows, KEY_COLUMNS[name]) if name in KEY_COLUMNS else {_one(row) for row in rows}
            for name, rows in tables.items()
        }
    )


def _keyed(rows, columns):
    """Return the rows by their key columns. A key of one column is the value itself."""
    return {_one(row[:columns]): _one(row[columns:]) for row in rows}


def _one(values):
    return values[0] if len(values) == 1 else values


def difference(expected, actual):
    """Return by table the rows that are only expected and those that only exist. The result is empty if both agree."""
    unlike = {}
    for name in vars(expected):
        wanted, found = (_items(getattr(side, name)) for side in (expected, actual))
        if wanted != found:
            unlike[name] = {
                "expected": sorted(wanted - found, key=repr)[:5],
                "found": sorted(found - wanted, key=repr)[:5],
            }
    return unlike


def _items(table):
    return set(table.items()) if isinstance(table, dict) else table


def tables(engine):
    statement = "select table_name from information_schema.tables where table_schema = 'roster' order by 1"
    return [name for (name,) in query(engine, statement) if name != "alembic_version"]


def row_versions(engine, *, without=STAMPS):
    """Return every row with the number of the transaction that wrote it, so that a rewritten row differs."""
    return {
        name: sorted(query(engine, f"select t.xmin::text, to_jsonb(t)::text from roster.{name} as t"))
        for name in tables(engine)
        if name not in without
    }


def contents(engine, *, without=STAMPS):
    """Return every row, those that no sync wrote too."""
    return {
        name: sorted(text for (text,) in query(engine, f"select to_jsonb(t)::text from roster.{name} as t"))
        for name in tables(engine)
        if name not in without
    }


def live_rows(engine):
    """Return the content of the rows that have not ended, with the ids of the product."""
    return {
        name: sorted(query(engine, f"select {columns} from roster.{name} where {live}"), key=repr)
        for name, (columns, live) in LIVE_ROWS.items()
    }


def last_sync(engine):
    """Return the state and the counts of the newest sync."""
    return query(engine, "select state, counts from roster.syncs order by id desc limit 1")[0]


ACCOUNTS = """
    select a.id, a.role, a.first_name, a.last_name, a.email, a.clever_email, a.imported_from_clever,
        a.archived_at is not null, case when link.organization_id = here.id then link.clever_id end,
        link.organization_id is distinct from here.id and link.id is not null,
        elsewhere.account_id is not null, coalesce(elsewhere.is_admin, false),
        m.role, m.is_admin, m.source = 'native', m.ended_at is null
    from roster.accounts as a
    join roster.organizations as here on here.clever_district_id = :district
    left join roster.identity_links as link on link.account_id = a.id and link.unlinked_at is null
    left join roster.org_memberships as m on m.account_id = a.id and m.organization_id = here.id
    left join lateral (
        select account_id, bool_or(is_admin) as is_admin from roster.org_memberships
        where account_id = a.id and organization_id <> here.id and ended_at is null group by account_id
    ) as elsewhere on true
"""
REVIEWS = (
    "select m.clever_id, m.reason, m.account_id from roster.reviews as m join roster.organizations as o "
    "on o.id = m.organization_id where o.clever_district_id = :district and"
)


def known(engine, district_id):
    """Return every account as one district sees it, with the open reviews and the decisions about people."""
    accounts = {}
    for key, *account, role, is_admin, is_native, is_live in query(engine, ACCOUNTS, district=district_id):
        here = Membership(role, is_admin, is_native, is_live) if role else None
        accounts[key] = Account(*account, here=here)
    asked = query(engine, f"{REVIEWS} m.state = 'open'", district=district_id)
    decided = query(
        engine,
        f"{REVIEWS} m.decision in ('create', 'different') and m.reason <> 'recycled_id'",
        district=district_id,
    )
    return Known(accounts, {(key, reason): about for key, reason, about in asked}, set(decided))
