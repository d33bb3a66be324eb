"""What a plan changes, counted as people see it: a student who joins is one change, whatever rows that takes.

Counts only, never who. The words are `summary`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import duckdb

from roster_pipeline.model.scope import DISTRICT, Scope

ChangeSummary = Mapping[str, Mapping[str, int]]
"""How many, by noun (`student`, `class`, `teacher email`), then by what became of them (`joined`, `renamed`)."""
Side = Literal["all", "here", "elsewhere"]
REMOVALS = frozenset({"left", "archived", "removed", "taken out of a class", "taken out of a school"})
GRAINS = {"district": 0, "school": 1, "section": 2}
SIDES: Mapping[Side, str] = {
    "all": "grain = 0 or not follows",
    "here": "here and (below = 0 or below > 0 and not follows)",
    "elsewhere": "not here and (grain = 0 or not follows)",
}
"""Counted are changes of the scope's own grain, and of finer grains those that do not follow from another change: who
joins the district joins a school and classes too. Asked about one class, it is the class that they joined."""
PERSON = "coalesce(account_id::varchar, clever_id)"
HERE = f"""
    here_person as (
        select unnest($members::bigint[])::varchar as person
        union all select {PERSON} from marts.roster_students where $about = 'section' and section_id = $id
        union all select {PERSON} from marts.roster_teachers where $about = 'section' and section_id = $id
        union all select {PERSON} from current.roster_students where $about = 'section' and section_id = $id
        union all select {PERSON} from current.roster_teachers where $about = 'section' and section_id = $id
        union all select {PERSON} from marts.school_memberships where $about = 'school' and school_id = $id
        union all select {PERSON} from current.school_memberships where $about = 'school' and school_id = $id
    ), here_section as (
        select $id as section_id where $about = 'section'
        union all select section_id from marts.rosters where $about = 'school' and school_id = $id
        union all select section_id from current.rosters where $about = 'school' and school_id = $id
    )
"""
CHANGED = f"""
    member as (
        select {PERSON} as person, * from changes.org_memberships where held = $held
    ), account as (
        select {PERSON} as person, *,
            case when account_id in (select account_id from changes.identity_links)
                then ['linked to an account that was there']
                else list_concat(
                    if(first_name is distinct from was_first_name or last_name is distinct from was_last_name,
                        ['name'], []),
                    if(email is distinct from was_email, ['email'], [])
                )
            end as updates
        from changes.accounts where held = $held
    ), class as (
        select * from changes.rosters where held = $held
    ), place as (
        select {PERSON} as person, 'student' as role, section_id, clever_id, op
        from changes.roster_students where held = $held
        union all
        select {PERSON}, 'teacher', section_id, clever_id, op from changes.roster_teachers where held = $held
    ), came as (
        select person from member where op <> 'update'
    ), made as (
        select section_id from class where op <> 'update'
    )
"""
FACTS = f"""
    select 0 as grain, false as follows, role as noun, person as key,
        case op when 'insert' then 'joined' when 'restore' then 'returned' when 'end' then 'left'
            else 'in another role' end as became,
        person in (from here_person) as here
    from member
    union all
    select 3, person in (from came), if(update in ('name', 'email'), role || ' ' || update, role), person,
        if(update in ('name', 'email'), 'changed', update), person in (from here_person)
    from (
        select *, unnest(case op when 'insert' then ['joined'] when 'restore' then ['returned']
            else if(updates = [], ['otherwise changed'], updates) end) as update
        from account
    )
    union all
    select 3, {PERSON} in (select person from member union all select person from account), 'person', {PERSON},
        'linked to an account that was there', {PERSON} in (from here_person)
    from changes.identity_links where held = $held
    union all
    select 1, false, 'school', school_id,
        case op when 'insert' then 'new' when 'restore' then 'back' when 'end' then 'removed'
            else if(name is distinct from was_name, 'renamed', 'changed') end,
        $about = 'school' and school_id = $id
    from changes.schools where held = $held
    union all
    select 1, {PERSON} in (from came), role, {PERSON},
        case op when 'end' then 'taken out of a school' when 'insert' then 'added to a school'
            when 'restore' then 'added to a school'
            else if(is_primary is distinct from was_is_primary, 'with another main school', 'in another role') end,
        $about = 'school' and school_id = $id
    from changes.school_memberships where held = $held
    union all
    select 2, false, 'class', section_id,
        case op when 'insert' then 'new' when 'restore' then 'back' when 'end' then 'archived'
            else case when name is distinct from was_name then 'renamed'
                when school_id is distinct from was_school_id then 'moved to another school' else 'changed' end end,
        section_id in (from here_section)
    from class
    union all
    select 2, person in (from came) or section_id in (from made),
        if(op = 'update', 'class', role), if(op = 'update', section_id, person),
        case op when 'end' then 'taken out of a class' when 'update' then 'with another main teacher'
            else 'added to a class' end,
        section_id in (from here_section)
    from place
    union all
    select 3,
        op = 'end' and (section_id in (from made) or clever_id in (select clever_id from place where op <> 'end')),
        'person', clever_id, if(op = 'end', 'no longer awaited', 'awaited'), section_id in (from here_section)
    from changes.pending_members where held = $held
    union all
    select 3, false, 'review', concat_ws('/', clever_id, reason, account_id), if(op = 'end', 'closed', 'opened'),
        clever_id in (from here_person) or account_id::varchar in (from here_person)
    from changes.reviews where held = $held
"""


def count_changes(
    con: duckdb.DuckDBPyConnection,
    scope: Scope = DISTRICT,
    side: Side = "all",
    *,
    members: Sequence[int] = (),
    held: bool = False,
) -> ChangeSummary:
    """Count `changes.*`.

    Args:
        members: accounts in the class in `scope`: an excerpt need not have a class in which nothing but a name changes.
        side: with a school or class in `scope`: what changes there (`here`), or in the rest of the district.
        held: what waits, instead of what is published.
    """
    rows = con.execute(
        f"with {HERE}, {CHANGED}, fact as ({FACTS}), sided as ("
        "select * replace (coalesce(here, false) as here, coalesce(follows, false) as follows), "
        "grain - $grain as below from fact) "
        "select noun, became, count(distinct key) from sided "
        f"where {SIDES[side]} group by all order by all",
        {
            "held": held,
            "about": scope.about,
            "id": scope.clever_id or "",
            "grain": GRAINS[scope.about],
            "members": list(members),
        },
    ).fetchall()
    told: dict[str, dict[str, int]] = {}
    for noun, became, count in rows:
        told.setdefault(str(noun), {})[str(became)] = int(count)
    return told
