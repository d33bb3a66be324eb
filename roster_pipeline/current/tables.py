"""The tables of `current.*`: what each holds, and the query that fills it. Tables only; `current` reads them.

Of an account that lives in another organization nothing is copied that names a person.
"""

from __future__ import annotations

from dataclasses import dataclass

STATE = {"is_ended": "BOOLEAN", "is_native": "BOOLEAN", "version": "VARCHAR"}
"""Every table ends with these. `version` is PostgreSQL's own (xmin): it tells a row that was written since."""


@dataclass(frozen=True)
class CurrentTable:
    """One table of `current.*`.

    Attributes:
        description: what it holds, for people.
        columns: name to DuckDB type, in the order of `query`.
        query: PostgreSQL; `%(organization_id)s` is this organization, `feed_people` the feed's addresses, `feed_names`
            its names by address, `asked` the accounts that are asked for, `{within}` where `within` narrows it.
        within: the condition that keeps what a delta sync can reach (tables `within_X` hold ids).
    """

    name: str
    description: str
    columns: dict[str, str]
    query: str
    within: str = ""


def _table(name: str, description: str, columns: str, query: str, within: str = "") -> CurrentTable:
    typed = dict(column.rpartition(" ")[::2] for column in columns.split(", "))
    return CurrentTable(name, description, {**typed, **STATE}, query, within)


ASKED = """
    with reopened as (
        -- Accounts that a sync made and an undo closed: the person gets the same one again.
        select distinct on (link.clever_id) link.clever_id, link.account_id
        from roster.identity_links as link
        join roster.syncs as undone on undone.id = link.unlinked_sync_id and undone.mode = 'undo'
        where link.organization_id = %(organization_id)s and link.rule = 'created' {within} and not exists (
            select from roster.identity_links as live where live.unlinked_at is null
                and (live.clever_id = link.clever_id or live.account_id = link.account_id)
        )
        order by link.clever_id, link.id desc
    ), found as (
        select link.account_id, null as reopens_for from roster.identity_links as link
        where link.organization_id = %(organization_id)s and link.unlinked_at is null {within}
        union all
        select account_id, clever_id from reopened
        union all
        select account.id, null from feed_people join roster.accounts as account on account.email = feed_people.email
    )
    select account_id, max(reopens_for) as reopens_for from found group by account_id
"""
"""Accounts of the organization's people, those that are theirs again, and those with an address of the feed."""
ASKED_WITHIN = "and link.clever_id in (select id from within_people)"
OF_ASKED = """and m.account_id in (select account_id from asked)
            and (link.clever_id is null or link.clever_id in (select id from within_people))"""
"""Whoever is asked for only because of an address stands as they are: their record is not looked at."""
OF_SECTIONS = "and roster.clever_id in (select id from within_sections)"

OTHERS = """
    select organization_id from roster.identity_links where account_id = a.id and unlinked_at is null
    union select organization_id from roster.org_memberships where account_id = a.id and ended_at is null
"""
OTHER_IS_DISCONNECTED = f"""
    coalesce((
        select bool_and(other.state = 'disconnected') from ({OTHERS}) as its
        join roster.organizations as other on other.id = its.organization_id
        where other.id <> %(organization_id)s
    ), false)
"""
"""Whether account `a` is of other organizations, and all of them are disconnected."""
FOLDED = r"regexp_replace(normalize(lower(btrim({})), nfd), '[\u0300-\u036f]', '', 'g')"
"""A name as `feed_names` has it: without case, accents and blanks around it."""

FOREIGN_IDS = _table(
    "foreign_ids",
    "Clever ids of the feed that belong to another district, and nothing else of it.",
    "resource VARCHAR, clever_id VARCHAR",
    """
    select resource, clever_id, false, false, null::text from roster.ids_of_other_districts(
        %(organization_id)s,
        array(select clever_id from new_ids where resource = 'people'),
        array(select clever_id from new_ids where resource = 'schools'),
        array(select clever_id from new_ids where resource = 'sections')
    )
    """,
)
CURRENT_TABLES: tuple[CurrentTable, ...] = (
    _table(
        "accounts",
        "Accounts linked to the district's people, and accounts that carry an address of the feed.",
        "account_id BIGINT, role VARCHAR, first_name VARCHAR, last_name VARCHAR, email VARCHAR, clever_email VARCHAR, "
        "imported_from_clever BOOLEAN, linked_clever_id VARCHAR, linked_sis_id VARCHAR, reopens_for VARCHAR, "
        "is_linked_here BOOLEAN, is_linked_elsewhere BOOLEAN, "
        "is_member_elsewhere BOOLEAN, is_admin_elsewhere BOOLEAN, is_admin_here BOOLEAN, "
        "is_other_disconnected BOOLEAN, is_other_name_different BOOLEAN",
        f"""
        with membership as (
            select m.account_id,
                bool_or(m.organization_id <> %(organization_id)s) as elsewhere,
                bool_or(m.organization_id <> %(organization_id)s and m.is_admin) as admin_elsewhere,
                bool_or(m.organization_id = %(organization_id)s and m.is_admin) as admin_here
            from roster.org_memberships as m join asked on asked.account_id = m.account_id
            where m.ended_at is null
            group by m.account_id
        ), known as (
            select a.*, a.xmin::text as version, link.clever_id as linked_clever_id,
                link.evidence ->> 'sis_id' as linked_sis_id, asked.reopens_for,
                coalesce(link.organization_id = %(organization_id)s, false) as linked_here,
                coalesce(link.organization_id <> %(organization_id)s, false) as linked_elsewhere,
                coalesce(m.elsewhere, false) as member_elsewhere,
                coalesce(m.admin_elsewhere, false) as admin_elsewhere,
                coalesce(m.admin_here, false) as admin_here,
                {OTHER_IS_DISCONNECTED} as other_disconnected
            from asked join roster.accounts as a on a.id = asked.account_id
            left join roster.identity_links as link on link.account_id = a.id and link.unlinked_at is null
            left join membership as m on m.account_id = a.id
        )
        select id, role,
            case when linked_here or not (linked_elsewhere or member_elsewhere) then first_name end,
            case when linked_here or not (linked_elsewhere or member_elsewhere) then last_name end,
            email,
            case when linked_here then clever_email end,
            imported_from_clever,
            case when not linked_elsewhere then linked_clever_id end,
            case when linked_here then linked_sis_id end,
            reopens_for,
            linked_here, linked_elsewhere, member_elsewhere, admin_elsewhere, admin_here,
            other_disconnected,
            other_disconnected and coalesce(nullif(first_name, ''), nullif(last_name, '')) is not null
                and email in (select email from feed_names where first_name <> '' or last_name <> '')
                and coalesce((email, {FOLDED.format("first_name")}) not in (
                    select email, normalize(first_name, nfd) from feed_names where first_name <> ''
                ), true)
                and coalesce((email, {FOLDED.format("last_name")}) not in (
                    select email, normalize(last_name, nfd) from feed_names where last_name <> ''
                ), true),
            archived_at is not null, false, version
        from known
        """,
    ),
    _table(
        "near_accounts",
        "Accounts that are not from Clever and carry nearly an address of the feed; none of another organization.",
        "email VARCHAR, nfkc_email VARCHAR, linked_by VARCHAR, account_id BIGINT, account_email VARCHAR, "
        "nfkc_account_email VARCHAR, first_name VARCHAR, last_name VARCHAR, role VARCHAR",
        """
        select feed_people.email, normalize(feed_people.email, nfkc),
            (
                select link.rule from roster.accounts as own join roster.identity_links as link
                    on link.account_id = own.id and link.unlinked_at is null
                where own.email = feed_people.email and link.organization_id = %(organization_id)s
            ),
            near.id, near.email, normalize(near.email, nfkc), near.first_name, near.last_name, near.role,
            false, false, near.version
        from feed_people
        cross join lateral (
            select *, xmin::text as version from roster.accounts
            where roster.near_email(email) = roster.near_email(feed_people.email)
                and not imported_from_clever and email is not null
            -- Each address is looked up by index, and what is found looked at row by row: PostgreSQL, which takes every
            -- address to be near thousands, would read whole tables.
            offset 0
        ) as near
        where near.email <> feed_people.email and near.archived_at is null
            and (
                select link.id from roster.identity_links as link
                where link.account_id = near.id and link.unlinked_at is null
            ) is null
            and coalesce(
                (
                    select bool_and(m.organization_id = %(organization_id)s and (near.role <> 'admin' or m.is_admin))
                    from roster.org_memberships as m where m.account_id = near.id and m.ended_at is null
                ),
                near.role <> 'admin'
            )
        """,
    ),
    _table(
        "identity_links",
        "Live links between the district's people and accounts.",
        "clever_id VARCHAR, account_id BIGINT",
        """
        select clever_id, account_id, false, false, xmin::text from roster.identity_links
        where organization_id = %(organization_id)s and unlinked_at is null {within}
        """,
        "and clever_id in (select id from within_people)",
    ),
    _table(
        "schools",
        "Schools of the organization.",
        "school_id VARCHAR, name VARCHAR, sis_id VARCHAR, nces_id VARCHAR, low_grade VARCHAR, high_grade VARCHAR",
        """
        select clever_id, name, sis_id, nces_id, low_grade, high_grade, archived_at is not null, false, xmin::text
        from roster.schools where organization_id = %(organization_id)s {within}
        """,
        "and clever_id in (select id from within_schools)",
    ),
    _table(
        "org_memberships",
        "Memberships of the organization; its own (native) ones and its admins' are never changed.",
        "account_id BIGINT, clever_id VARCHAR, role VARCHAR",
        """
        select m.account_id, link.clever_id, m.role, m.ended_at is not null,
            (m.source = 'native' or m.is_admin) and m.ended_at is null,
            m.xmin::text
        from roster.org_memberships as m
        left join roster.identity_links as link
            on link.account_id = m.account_id and link.organization_id = m.organization_id and link.unlinked_at is null
        where m.organization_id = %(organization_id)s {within}
        """,
        OF_ASKED,
    ),
    _table(
        "school_memberships",
        "School memberships; the product's own (native) ones are never changed.",
        "school_id VARCHAR, account_id BIGINT, clever_id VARCHAR, role VARCHAR, is_primary BOOLEAN",
        """
        select school.clever_id, m.account_id, link.clever_id, m.role, m.is_primary, m.ended_at is not null,
            m.source = 'native' and m.ended_at is null, m.xmin::text
        from roster.school_memberships as m
        join roster.schools as school on school.id = m.school_id
        left join roster.identity_links as link
            on link.account_id = m.account_id and link.organization_id = school.organization_id
            and link.unlinked_at is null
        where school.organization_id = %(organization_id)s {within}
        """,
        OF_ASKED,
    ),
    _table(
        "rosters",
        "Clever rosters; those that teachers made themselves are not even read.",
        "section_id VARCHAR, school_id VARCHAR, name VARCHAR, subject VARCHAR, grade VARCHAR, period VARCHAR, "
        "term_name VARCHAR",
        """
        select roster.clever_id, school.clever_id, roster.name, roster.subject, roster.grade, roster.period,
            roster.term_name, roster.archived_at is not null, false, roster.xmin::text
        from roster.rosters as roster left join roster.schools as school on school.id = roster.school_id
        where roster.organization_id = %(organization_id)s and roster.source = 'clever' {within}
        """,
        OF_SECTIONS,
    ),
    *(
        _table(
            f"roster_{role}s",
            f"{role.capitalize()}s of Clever rosters.",
            f"section_id VARCHAR, account_id BIGINT, clever_id VARCHAR{', is_primary BOOLEAN' if extra else ''}",
            f"""
            select roster.clever_id, m.account_id, link.clever_id,{extra} m.ended_at is not null, false, m.xmin::text
            from roster.roster_{role}s as m
            join roster.rosters as roster on roster.id = m.roster_id
            left join roster.identity_links as link
                on link.account_id = m.account_id and link.organization_id = roster.organization_id
                and link.unlinked_at is null
            where roster.organization_id = %(organization_id)s and roster.source = 'clever' {{within}}
            """,
            OF_SECTIONS,
        )
        for role, extra in (("teacher", " m.is_primary,"), ("student", ""))
    ),
    _table(
        "pending_members",
        "Members whom a section names and nobody has met yet.",
        "section_id VARCHAR, clever_id VARCHAR, role VARCHAR",
        """
        select roster.clever_id, pending.clever_id, pending.role, false, false, pending.xmin::text
        from roster.pending_members as pending join roster.rosters as roster on roster.id = pending.roster_id
        where roster.organization_id = %(organization_id)s and roster.source = 'clever' {within}
        """,
        OF_SECTIONS,
    ),
    _table(
        "reviews",
        "Contradictions that a person is asked about, and those that a person has decided (native: for good).",
        "clever_id VARCHAR, reason VARCHAR, account_id BIGINT",
        """
        select distinct on (clever_id, reason, account_id) clever_id, reason, account_id, false, state = 'resolved',
            xmin::text
        from roster.reviews as review
        where organization_id = %(organization_id)s
            -- What ended by itself may come again, and so may a decision about a link or a name that is over.
            and (state = 'open' or decision in ('create', 'different') and reason <> 'recycled_id' or exists (
                select from roster.identity_links as link where link.clever_id = review.clever_id
                    and link.unlinked_at is null and link.account_id = review.account_id
                    and review.decision in ('link', 'relink', 'same') and review.reason <> 'recycled_id'
            ))
            {within}
        order by clever_id, reason, account_id, state, id desc
        """,
        "and clever_id in (select id from within_people)",
    ),
    FOREIGN_IDS,
)
