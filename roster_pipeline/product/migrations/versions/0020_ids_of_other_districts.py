"""Which Clever ids belong to another district: a record that claims one is rejected alone and stops no sync.

Row-level security hides the rows of other districts. The function runs as its owner, who sees them, and answers with
the claimed ids alone: neither which district has one nor anything else of it. Ids of tier `library` are no other
district's (R3.13).
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

FUNCTION = """
create function roster.ids_of_other_districts(own bigint, people text[], schools text[], sections text[])
returns table (resource text, clever_id text)
stable security definer set search_path = pg_catalog, pg_temp language sql
begin atomic
    with other as (select o.id from roster.organizations as o where o.id <> own and o.tier <> 'library')
    select 'people', l.clever_id from unnest(people) as wanted (id)
    join roster.identity_links as l on l.clever_id = wanted.id and l.unlinked_at is null
    where l.organization_id in (select other.id from other)
    union all
    select 'schools', s.clever_id from unnest(schools) as wanted (id)
    join roster.schools as s on s.clever_id = wanted.id
    where s.organization_id in (select other.id from other)
    union all
    select 'sections', r.clever_id from unnest(sections) as wanted (id)
    join roster.rosters as r on r.clever_id = wanted.id
    where r.organization_id in (select other.id from other);
end;
revoke execute on function roster.ids_of_other_districts from public;
"""

GRANTS = """
alter procedure roster.raise_walls() rename to raise_walls_without_ids;

create procedure roster.raise_walls() language plpgsql as $$
begin
    call roster.raise_walls_without_ids();
    grant execute on function roster.ids_of_other_districts to roster_writer;
end
$$;

do $$
begin
    if exists (select from pg_roles where rolname = 'roster_writer') then
        grant execute on function roster.ids_of_other_districts to roster_writer;
    end if;
end
$$;
"""


def upgrade() -> None:
    op.execute(FUNCTION)
    op.execute(GRANTS)
