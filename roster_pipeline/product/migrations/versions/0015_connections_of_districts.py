"""How each district's connection stands, and what Clever says of it, beside `state`, which is the operator's and ours.

Tier `library` is for one organization of all free teachers, which the program makes itself. Districts that have this
tier become `sso_only`: nothing is removed, and requests that wait for them are answered.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NO_LIBRARY = """
do $$
declare
    moved text[];
begin
    update roster.refresh_requests set state = 'failed', finished_at = now(),
        summary = 'No changes were made. Tier library is no tier of a district any more, and tier sso_only, which the '
            'district has now, has no roster sync.'
    where state = 'queued' and organization_id in (select id from roster.organizations where tier = 'library');
    with districts as (
        update roster.organizations set tier = 'sso_only' where tier = 'library' returning clever_district_id
    )
    select array_agg(clever_district_id order by clever_district_id) into moved from districts;
    if moved is not null then
        raise notice '% now of tier sso_only, which has no roster sync: %. Everything stays as it is. '
            'To sync one again: roster-pipeline connect DISTRICT_ID --tier secure_sync',
            case cardinality(moved) when 1 then '1 district of tier library is'
                else cardinality(moved) || ' districts of tier library are' end,
            array_to_string(moved, ', ')
            using errcode = 'RS100';
    end if;
end
$$
"""


def upgrade() -> None:
    for name in ("clever_state", "clever_error", "portal_url"):
        op.add_column("organizations", sa.Column(name, sa.Text()), schema="roster")
    for name in ("clever_pause_end", "missing_since", "operator_disconnected_at"):
        op.add_column("organizations", sa.Column(name, sa.DateTime(timezone=True)), schema="roster")
    op.execute(NO_LIBRARY)
