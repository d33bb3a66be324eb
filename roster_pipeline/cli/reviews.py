"""reviews: people that wait for a person."""

from __future__ import annotations

import sqlalchemy as sa
import typer

from roster_pipeline.cli.screen import AsJson, say, show_json, show_table
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import read_settings

REVIEWS = """
    select review.id as review, organization.clever_district_id as district_id, review.clever_id, review.reason,
        case when review.clever_says is null then concat_ws(' ', own.first_name, own.last_name)
            else concat_ws(' ', review.clever_says ->> 'first_name', review.clever_says ->> 'last_name') end as person,
        -- Districts are walls: whose account of another organization it is stays there.
        case when not exists (
            select from roster.org_memberships as m where m.account_id = about.id and m.ended_at is null
                and m.organization_id <> review.organization_id
        ) and not exists (
            select from roster.identity_links as l where l.account_id = about.id and l.unlinked_at is null
                and l.organization_id <> review.organization_id
        ) then concat_ws(' ', about.first_name, about.last_name) || ' (' || about.id || ')' end as account,
        review.evidence ->> 'suggestion' as suggestion, review.evidence
    from roster.reviews as review
    join roster.organizations as organization on organization.id = review.organization_id
    left join roster.identity_links as link on link.clever_id = review.clever_id and link.unlinked_at is null
    left join roster.accounts as own on own.id = link.account_id
    left join roster.accounts as about on about.id = review.account_id
    where review.state = 'open'
    order by review.id
"""
SHOWN = ("review", "clever_id", "reason", "person", "account", "suggestion")


def register(app: typer.Typer) -> None:
    app.command("reviews")(reviews)


def reviews(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag of the command line
    """People that wait: whose identity somebody has to look at, why, and what is suggested. Decide with resolve."""
    with transaction(open_product(read_settings())) as pg:
        rows = [dict(row) for row in pg.execute(sa.text(REVIEWS)).mappings()]
    if as_json:
        show_json(rows)
    elif rows:
        show_table("People that wait", SHOWN, [tuple(row[column] for column in SHOWN) for row in rows])
        say("To decide one: roster-pipeline resolve REVIEW --as link, create, relink, same or different")
    else:
        say("People that wait: none.")
