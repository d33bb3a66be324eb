"""What analysts find in the file: each table, the PostgreSQL that reads it, and how the journal tells what to read.

Tables only, no statements. Nothing is erased from the product, so a key that was touched is still found there.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """One table for analysts.

    Attributes:
        name: of the view; its rows stand in `{name}_history`.
        key: the columns that tell rows of a district apart.
        columns: name to DuckDB type, in the order of `query`.
        query: PostgreSQL; `%(organization_id)s` is the district's organization, `{within}` where `within` narrows it.
        within: the condition that keeps the rows with a key in temporary table `touched_{name}`.
        touched: PostgreSQL; the keys of which a row may differ, told by temporary table `journal`: what the syncs that
            the file has not seen wrote (content: the row as it became; `is_moved`: it was archived, or came back).
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, str]
    query: str
    within: str
    touched: str

    def read(self, *, whole: bool) -> str:
        """The query for all rows, or for those that were touched."""
        return self.query.replace("{within}", "" if whole else f"and {self.within}")


def _published(name: str, key: str, columns: str, query: str, *, within: str, touched: str) -> Published:
    typed = dict(column.rpartition(" ")[::2] for column in columns.split(", "))
    return Published(name, tuple(key.split(", ")), typed, query, within, touched)


def _ids(column: str, *entities: str, where: str = "true") -> str:
    """The ids in one column of the journal's rows of these entities."""
    listed = ", ".join(f"'{entity}'" for entity in entities)
    return f"select (content ->> '{column}')::bigint as {column} from journal where entity in ({listed}) and {where}"


SINCE = "(id > %(last)s or finished_at > (select finished_at from roster.syncs where id = %(last)s))"
"""Which syncs the file has not seen, if `last` is the newest that it has; one that was killed may be closed late."""
JOURNAL = f"""
    select entity, coalesce(after, before) as content,
        before ->> 'archived_at' is distinct from after ->> 'archived_at' as is_moved
    from roster.changes where sync_id in (
        select id from roster.syncs where organization_id = %(organization_id)s and {SINCE}
    )
"""
LINKED = """
    join roster.identity_links as link
        on link.account_id = m.account_id and link.organization_id = %(organization_id)s and link.unlinked_at is null
"""
MEMBERS = """
    select roster_id, account_id, 'teacher' as role, is_primary, ended_at from roster.roster_teachers
    union all
    select roster_id, account_id, 'student', null, ended_at from roster.roster_students
"""
PUBLISHED: tuple[Published, ...] = (
    _published(
        "schools",
        "school_id",
        "school_id VARCHAR, name VARCHAR, sis_id VARCHAR, nces_id VARCHAR, low_grade VARCHAR, high_grade VARCHAR",
        """
        select clever_id, name, sis_id, nces_id, low_grade, high_grade from roster.schools
        where organization_id = %(organization_id)s and archived_at is null {within}
        """,
        within="clever_id in (select school_id from touched_schools)",
        touched="select distinct content ->> 'clever_id' as school_id from journal where entity = 'schools'",
    ),
    _published(
        "people",
        "account_id",
        "account_id BIGINT, clever_id VARCHAR, role VARCHAR, first_name VARCHAR, last_name VARCHAR, email VARCHAR",
        f"""
        select account.id, link.clever_id, m.role, account.first_name, account.last_name, account.email
        from roster.org_memberships as m
        join roster.accounts as account on account.id = m.account_id
        {LINKED}
        where m.organization_id = %(organization_id)s and m.ended_at is null {{within}}
        """,
        within="m.account_id in (select account_id from touched_people)",
        # What the product does to memberships of its own is in no journal: each full read of Clever looks them through.
        touched=f"""
        {_ids("account_id", "identity_links", "org_memberships")} union {_ids("id", "accounts")}
        union
        select account_id from roster.org_memberships
        where organization_id = %(organization_id)s and (source = 'native' or is_admin) and exists (
            select from roster.syncs where organization_id = %(organization_id)s and mode = 'full' and {SINCE}
        )
        """,
    ),
    _published(
        "rosters",
        "roster_id",
        "roster_id BIGINT, section_id VARCHAR, school_id VARCHAR, name VARCHAR, subject VARCHAR, grade VARCHAR, "
        "period VARCHAR, term_name VARCHAR",
        # Of the school only the id is shown, which stays, so a change of the school touches no roster.
        """
        select roster.id, roster.clever_id, school.clever_id, roster.name, roster.subject, roster.grade,
            roster.period, roster.term_name
        from roster.rosters as roster left join roster.schools as school on school.id = roster.school_id
        where roster.organization_id = %(organization_id)s and roster.source = 'clever'
            and roster.archived_at is null {within}
        """,
        within="roster.id in (select roster_id from touched_rosters)",
        touched=f"select distinct id as roster_id from ({_ids('id', 'rosters')}) as changed",
    ),
    _published(
        "enrollments",
        "roster_id, account_id, role",
        "roster_id BIGINT, section_id VARCHAR, account_id BIGINT, clever_id VARCHAR, role VARCHAR, is_primary BOOLEAN",
        f"""
        select m.roster_id, roster.clever_id, m.account_id, link.clever_id, m.role, m.is_primary
        from ({MEMBERS}) as m join roster.rosters as roster on roster.id = m.roster_id
        {LINKED}
        where roster.organization_id = %(organization_id)s and roster.source = 'clever'
            and roster.archived_at is null and m.ended_at is null {{within}}
        """,
        within="(m.roster_id, m.account_id, m.role) in (select roster_id, account_id, role from touched_enrollments)",
        touched=f"""
        select (content ->> 'roster_id')::bigint as roster_id, (content ->> 'account_id')::bigint as account_id,
            case entity when 'roster_teachers' then 'teacher' else 'student' end as role
        from journal where entity in ('roster_teachers', 'roster_students')
        union
        select m.roster_id, m.account_id, m.role from ({MEMBERS}) as m
        where m.roster_id in ({_ids("id", "rosters", where="is_moved")})
        union
        select m.roster_id, m.account_id, m.role from ({MEMBERS}) as m
        where m.account_id in ({_ids("account_id", "identity_links")})
        """,
    ),
)
SYNCS = _published(
    "syncs",
    "id",
    "id BIGINT, mode VARCHAR, trigger VARCHAR, state VARCHAR, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ, "
    "counts JSON, uid VARCHAR",
    """
    select id, mode, trigger, state, started_at, finished_at, counts, uid::text as uid from roster.syncs
    where organization_id = %(organization_id)s and state <> 'running' {within}
    """,
    within="id in (select id from touched_syncs)",
    # An undo marks the sync that it undoes; if that is an undo, the one before it too, and so on.
    touched=f"""
    with recursive touched as (
        select id, mode, counts from roster.syncs where organization_id = %(organization_id)s
            and {SINCE}
        union all
        select undone.id, undone.mode, undone.counts from touched
        join roster.syncs as undone on touched.mode = 'undo' and undone.id = (touched.counts ->> 'undoes')::bigint
    )
    select distinct id from touched
    """,
)
TABLES = (*PUBLISHED, SYNCS)
