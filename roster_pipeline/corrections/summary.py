"""What a correction did, counted as people see it: students, teachers, schools, classes and places in class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

Turn = Literal["back", "gone", "changed"]
CORRECTED = """
    with rows as (
        select case entity when 'parked_members' then 'pending_members' else entity end as entity,
            coalesce(after, before) as row,
            before is not null and coalesce(before ->> 'ended_at', before ->> 'archived_at', before ->> 'unlinked_at',
                before ->> 'decided_at') is null as was,
            after is not null and coalesce(after ->> 'ended_at', after ->> 'archived_at', after ->> 'unlinked_at',
                after ->> 'decided_at') is null as is_now
        from roster.changes where sync_id = :sync_id
    ), turned as (
        select entity, row, row ->> 'account_id' as account,
            case when is_now and not was then 'back' when was and not is_now then 'gone' else 'changed' end as turn
        from rows
    ), moved as (
        -- Who has another account than before: one link ends, another begins.
        select row ->> 'clever_id' as clever_id from turned where entity = 'identity_links'
        group by 1 having count(distinct turn) filter (where turn in ('back', 'gone')) = 2
    ), mover as (
        select account from turned where entity = 'identity_links'
            and row ->> 'clever_id' in (select clever_id from moved)
    ), member as (
        select account from turned where entity = 'org_memberships' and turn <> 'changed'
    )
    select case entity when 'org_memberships' then row ->> 'role' || 's' else entity end as what, turn, count(*) as rows
    from turned
    where (entity = 'reviews' or coalesce(account not in (select account from mover), true))
        and entity not in ('accounts', 'identity_links')
        -- Who is back in the district is back in its schools too.
        and not (entity = 'school_memberships' and account in (select account from member))
    group by 1, 2
    union all
    select 'accounts', 'changed', count(*) from turned
    where entity = 'accounts' and turn = 'changed' and row ->> 'id' not in (select account from mover)
    union all
    select 'people', 'changed', count(*) from moved
    union all
    select 'places_moved', 'changed', count(*) from turned
    where entity in ('roster_teachers', 'roster_students') and turn = 'back' and account in (select account from mover)
"""


@dataclass(frozen=True)
class Corrected:
    """So many of one kind.

    Attributes:
        what: `students`, `teachers` or `admins` of the district; an entity; `people` who have another account, and
            `places_moved` with them.
        turn: whether they live again, live no more, or have other content.
    """

    what: str
    turn: Turn
    rows: int


def count_corrected(pg: Connection, sync_id: int) -> tuple[Corrected, ...]:
    """Count what sync `sync_id`, a decision or an undo, wrote, from its journal."""
    rows = pg.execute(sa.text(CORRECTED), {"sync_id": sync_id}).all()
    return tuple(Corrected(*row) for row in rows if row.rows)
