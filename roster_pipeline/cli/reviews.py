"""reviews: whose identity a person has to decide, why, and what each decision does."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any

import sqlalchemy as sa
import typer
from sqlalchemy import Connection

from roster_pipeline.cli.review_words import effect_of, meaning_of
from roster_pipeline.cli.screen import AsJson, say, show_json, show_table
from roster_pipeline.errors import CannotStart
from roster_pipeline.explain.report import count
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.publish.refusals import DECISIONS, decisions_for
from roster_pipeline.settings import read_settings

REVIEWS = """
    with wanted as (
        select review.*, organization.clever_district_id as district_id, organization.name as district,
            own.id as own_id, own.role as own_role, own.first_name, own.last_name, own.clever_email
        from roster.reviews as review
        join roster.organizations as organization on organization.id = review.organization_id
        left join roster.identity_links as link on link.clever_id = review.clever_id and link.unlinked_at is null
        left join roster.accounts as own on own.id = link.account_id
        where review.state = 'open' and (cast(:district as text) is null or clever_district_id = :district)
            and (cast(:reason as text) is null or reason = :reason)
    ), sharing as (
        select link.organization_id, carrier.clever_email, array_agg(link.clever_id order by link.clever_id) as ids
        from roster.identity_links as link join roster.accounts as carrier on carrier.id = link.account_id
        where link.unlinked_at is null and carrier.archived_at is null
            and (link.organization_id, carrier.clever_email) in (
                select organization_id, clever_email from wanted where reason = 'email_shared'
            )
        group by 1, 2
    )
    select review.id as review, review.district_id, review.clever_id, review.reason,
        case when review.clever_says is null then concat_ws(' ', review.first_name, review.last_name)
            else concat_ws(' ', review.clever_says ->> 'first_name', review.clever_says ->> 'last_name') end as person,
        -- Districts are walls: whose account of another organization it is stays there.
        case when not elsewhere.is_elsewhere
            then concat_ws(' ', about.first_name, about.last_name) || ' (' || about.id || ')' end as account,
        case when review.reason <> 'other_organization' then review.evidence ->> 'suggestion'
            -- The other district may have been disconnected, or connected again, since the review was opened.
            when elsewhere.is_released and about.role = review.own_role and (
                lower(about.first_name) = lower(review.first_name) or lower(about.last_name) = lower(review.last_name)
                or coalesce(about.first_name, about.last_name, '') = ''
            ) then 'relink'
            else 'create' end as suggestion,
        review.evidence, review.district, elsewhere.is_released, review.own_id = review.account_id as is_linked,
        case when review.reason = 'email_shared' then sharing.ids end as sharing
    from wanted as review
    left join roster.accounts as about on about.id = review.account_id
    left join sharing on sharing.organization_id = review.organization_id
        and sharing.clever_email = review.clever_email
    left join lateral (
        select count(*) > 0 as is_elsewhere, coalesce(bool_and(other.state = 'disconnected'), true) as is_released
        from (
            select organization_id from roster.identity_links where account_id = about.id and unlinked_at is null
            union
            select organization_id from roster.org_memberships where account_id = about.id and ended_at is null
        ) as its join roster.organizations as other on other.id = its.organization_id
        where other.id <> review.organization_id
    ) as elsewhere on true
    order by review.district, review.organization_id, review.reason, sharing.ids, review.id
"""
ENTRY_KEYS = ("review", "district_id", "clever_id", "reason", "person", "account", "suggestion", "evidence")
SHOWN = ("review", "Clever id", "person", "account", "suggestion")
Entry = dict[str, Any]
ReviewDistrict = Annotated[str | None, typer.Option("--district", help="Clever's id of one district.")]
Reason = Annotated[str | None, typer.Option(help=f"One reason: {', '.join(DECISIONS)}.")]


def register(app: typer.Typer) -> None:
    app.command("reviews")(reviews)


def reviews(
    district: ReviewDistrict = None,
    reason: Reason = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """People whose identity a person has to decide: why, what is suggested, and what each decision does."""
    with transaction(open_product(read_settings())) as pg:
        entries = open_reviews(pg, district, reason)
    if as_json:
        show_json(entries)
    elif entries:
        show_reviews(entries)
    else:
        say("People that wait: none.")


def open_reviews(pg: Connection, district: str | None, reason: str | None) -> list[Entry]:
    """The open reviews by district and reason, as people decide them: those who share an email are one entry.

    Each entry has the keys of `ENTRY_KEYS` of its first review, `reviews` and `clever_ids` of all, `people` (names),
    `meaning` of the reason, and `decisions`: what each possible one does.

    Raises:
        CannotStart: there is no such reason or district.
    """
    if reason is not None and reason not in DECISIONS:
        raise CannotStart(f"There is no reason {reason}. Reasons: {', '.join(DECISIONS)}.")
    if district is not None:
        find_organization(pg, district)
    rows = pg.execute(sa.text(REVIEWS), {"district": district, "reason": reason}).mappings().all()
    together = groupby(rows, key=lambda row: (row["district_id"], row["reason"], row["sharing"] or row["review"]))
    return [_entry(list(group)) for _, group in together]


def show_reviews(entries: Sequence[Entry]) -> None:
    """A paragraph a district and reason: what it means, what each decision does, and who they are."""
    for (district_id, reason), group in groupby(entries, key=lambda entry: (entry["district_id"], entry["reason"])):
        shown = list(group)
        number = review_count(shown)
        say("", f"{reason}: {count(number, 'review', 'reviews')} of {shown[0]['district']} ({district_id})")
        say(shown[0]["meaning"])
        effects = {(decision, effect) for entry in shown for decision, effect in entry["decisions"].items()}
        for decision, effect in sorted(effects):
            say(f"  {decision}: {effect}")
        show_table(None, SHOWN, [_cells(entry) for entry in shown])
        if number > 1:
            say(
                f"To decide all {number} alike: "
                f"roster-pipeline resolve --all --district {district_id} --reason {reason} --as DECISION"
            )
    say("To decide one: roster-pipeline resolve REVIEW --as DECISION")


def review_count(entries: Sequence[Entry]) -> int:
    """How many reviews these entries are."""
    return sum(len(entry["reviews"]) for entry in entries)


def _entry(rows: Sequence[sa.RowMapping]) -> Entry:
    first = rows[0]
    offered = decisions_for(first["reason"], is_released=first["is_released"])
    return {
        **{key: first[key] for key in ENTRY_KEYS},
        "district": first["district"],
        "reviews": [row["review"] for row in rows],
        "clever_ids": first["sharing"] or [first["clever_id"]],
        "people": [row["person"] for row in rows],
        "meaning": meaning_of(first["reason"]),
        "decisions": {
            decision: effect_of(first["reason"], decision, is_linked=bool(first["is_linked"])) for decision in offered
        },
    }


def _cells(entry: Entry) -> tuple[object, ...]:
    """An entry as a row of the table; what there are several of stands in lines."""
    return (entry["reviews"], entry["clever_ids"], entry["people"], entry["account"], entry["suggestion"])
