"""A membership that a sync restores is Clever's from then on and ends when the person leaves; the writer may say so."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

GRANT = """
alter procedure roster.raise_walls() rename to raise_first_walls;

create procedure roster.raise_walls() language plpgsql as $$
begin
    call roster.raise_first_walls();
    grant update (source) on roster.org_memberships, roster.school_memberships to roster_writer;
end
$$;

do $$
begin
    if (select count(*) = 2 from pg_roles where rolname in ('roster_writer', 'roster_reader')) then
        call roster.raise_walls();
    end if;
end
$$;
"""


def upgrade() -> None:
    op.execute(GRANT)
