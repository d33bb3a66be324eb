"""Tenant isolation looks at whom a row refers to: the writer of one organization adds no row about another's.

A roster may stand in a school of its own organization. A link, a membership or a member of a roster may be of an
account that is linked in the organization, or that is linked nowhere and a member of no other organization (R2.14,
R2.26). A row that has ended may refer to any account: it gives nobody anything, and an undo must be able to end it.
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

OWN = "(select roster.own_organization())"
OF_ORGANIZATION = f"organization_id = {OWN}"
OF_SCHOOL = "exists (select from roster.schools where id = school_id)"
OF_ROSTER = "exists (select from roster.rosters where id = roster_id)"


def _is_own_account(table: str) -> str:
    """Whether the account of a row is of the organization. The first look-up answers for nearly every row."""
    return (
        f"exists (select from roster.identity_links as l where l.account_id = {table}.account_id "
        f"and l.organization_id = {OWN} and l.unlinked_at is null) "
        f"or roster.is_within_reach({table}.account_id, {OWN})"
    )


CHECKS = {
    "identity_links": f"{OF_ORGANIZATION} and (unlinked_at is not null or roster.is_within_reach(account_id, {OWN}))",
    "rosters": f"{OF_ORGANIZATION} and (school_id is null or {OF_SCHOOL})",
    **{
        table: f"{inside} and (ended_at is not null or {_is_own_account(table)})"
        for table, inside in (
            ("org_memberships", OF_ORGANIZATION),
            ("school_memberships", OF_SCHOOL),
            ("roster_teachers", OF_ROSTER),
            ("roster_students", OF_ROSTER),
        )
    },
}
"""Table, and the rows that may be written. A pending member is a Clever id and refers to no row but its roster."""

REPLACED = """
alter procedure roster.raise_walls() rename to raise_walls_around_rows;

create procedure roster.raise_walls() language plpgsql as $$
begin
    call roster.raise_walls_around_rows();
    {checks}
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
    checks = "\n    ".join(
        f"alter policy one_organization on roster.{table} with check ({check});" for table, check in CHECKS.items()
    )
    op.execute(REPLACED.format(checks=checks))
