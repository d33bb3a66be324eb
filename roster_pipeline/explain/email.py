"""Who has an address: accounts of the product, and people in what was last read of every connected district."""

from __future__ import annotations

from dataclasses import dataclass, replace

from roster_pipeline.explain.answer import Evidence, nobody_knows, person_chain
from roster_pipeline.explain.district_file import Unread, open_file
from roster_pipeline.explain.report import Chain, Item
from roster_pipeline.explain.rows import read
from roster_pipeline.explain.source_facts import Carrier, carriers
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import Organization, all_organizations

BLANKS = " \t\r\n"
"""What is no part of an address (docs/rules.md R2.4)."""
HOLDERS = """
    select account.id as account_id, link.clever_id, coalesce(link.unlinked_at is null, false) as is_linked,
        coalesce(link.organization_id, m.organization_id) as organization_id,
        coalesce(lower(account.email) = lower(:email), false) as has_it,
        coalesce(account.email = :email, false) or coalesce(account.clever_email = :email, false) as is_exact
    from roster.accounts as account
    left join roster.identity_links as link on link.account_id = account.id
    left join roster.org_memberships as m on m.account_id = account.id and link.id is null
    where lower(account.email) = lower(:email) or lower(account.clever_email) = lower(:email)
    order by is_exact desc, account.id, organization_id, link.id
"""


@dataclass(frozen=True)
class Holder:
    """An account of this address; `has_it` is false where only Clever says that it should be."""

    account_id: int
    clever_id: str | None
    is_linked: bool
    organization_id: int | None
    has_it: bool
    is_exact: bool


@dataclass(frozen=True)
class EmailAnswer:
    """`found`: one line for each who has it, about one district at a time; `chains`: of each Clever id among them."""

    found: tuple[Item, ...]
    chains: tuple[Chain, ...]


def why_email(evidence: Evidence, email: str) -> EmailAnswer:
    """Who has an address in the product and in Clever, and the chain of each.

    Raises:
        CannotStart: nobody has it.
    """
    email = email.strip(BLANKS)
    with transaction(evidence.product) as pg:
        organizations = {one.id: one for one in all_organizations(pg)}
        holders = read(pg, Holder, HOLDERS, email=email)
    found = [_holder_item(holder, organizations) for holder in holders]
    asked = dict.fromkeys(
        (one.organization_id, one.clever_id) for one in holders if one.organization_id and one.clever_id
    )
    carrying = {one: _carriers(evidence, one, email) for one in organizations.values()}
    if not holders and not any(map(_is_carried, carrying.values())):
        # A record that is new in Clever may have been read by a preview alone.
        evidence = replace(evidence, is_preview=True)
        previews = {one: _carriers(evidence, one, email) for one in carrying}
        carrying |= {one: answer for one, answer in previews.items() if _is_carried(answer)}
    for organization, answer in carrying.items():
        found += _carrier_items(answer, organization)
        if not isinstance(answer, Unread):
            asked |= dict.fromkeys((organization.id, one.clever_id) for one in answer)
    if all(item.state == "unknown" for item in found):
        raise nobody_knows("account and no person with this email", len(found))
    answers = [person_chain(evidence, organizations[key], clever_id) for key, clever_id in asked]
    return EmailAnswer(tuple(found), tuple(answer for answer in answers if isinstance(answer, Chain)))


def _is_carried(answer: tuple[Carrier, ...] | Unread) -> bool:
    return bool(answer) and not isinstance(answer, Unread)


def _carriers(evidence: Evidence, organization: Organization, email: str) -> tuple[Carrier, ...] | Unread:
    with (
        transaction(evidence.product) as pg,
        open_file(pg, evidence.districts_folder, organization.district_id, is_preview=evidence.is_preview) as con,
    ):
        return con if isinstance(con, Unread) else carriers(con, email)


def _carrier_items(carrying: tuple[Carrier, ...] | Unread, organization: Organization) -> list[Item]:
    district_id = organization.district_id
    if isinstance(carrying, Unread):
        return [Item("unknown", f"who carries it in district {district_id}: {carrying.because}")]
    return [
        Item(
            _match(is_exact=one.is_exact),
            f"{one.clever_id} carries it in Clever, in district {district_id}",
            {"clever_id": one.clever_id, "district_id": district_id},
        )
        for one in carrying
    ]


def _holder_item(holder: Holder, organizations: dict[int, Organization]) -> Item:
    organization = organizations.get(holder.organization_id or 0)
    district_id = organization.district_id if organization else None
    if holder.clever_id:
        whose = f"{'linked' if holder.is_linked else 'once linked'} to {holder.clever_id} of district {district_id}"
    elif organization:
        whose = f"of district {district_id}, linked to nobody in Clever"
    else:
        whose = "of no organization"
    has = "has it" if holder.has_it else "does not have it, though Clever says so"
    return Item(
        _match(is_exact=holder.is_exact),
        f"account {holder.account_id} {has}: {whose}",
        {"account_id": holder.account_id, "clever_id": holder.clever_id, "district_id": district_id},
    )


def _match(*, is_exact: bool) -> str:
    return "exact" if is_exact else "case differs"
