"""Reads the rows of the product about a person or a class in one organization, ended rows included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from roster_pipeline.explain.facts import Row, hide_other_organizations, read_product


@dataclass(frozen=True)
class ProductFacts:
    """Rows of the SELECTs of the same names in `dbt_like_sql/explain/product/`.

    Account, membership, schools and classes are those of the account that is linked now. A person has no roster and no
    members, and a class has nothing else.
    """

    links: Sequence[Row] = ()
    reviews: Sequence[Row] = ()
    account: Row | None = None
    membership: Row | None = None
    schools: Sequence[Row] = ()
    classes: Sequence[Row] = ()
    roster: Row | None = None
    members: Sequence[Row] = ()

    @property
    def link(self) -> Row | None:
        """The link that has not ended."""
        return _live_link(self.links)

    @property
    def open_reviews(self) -> Sequence[Row]:
        return tuple(review for review in self.reviews if review.state == "open")

    @property
    def is_known(self) -> bool:
        return bool(self.links or self.reviews or self.classes or self.roster)


def read_product_facts(pg: Connection, organization_id: int, kind: str, clever_id: str) -> ProductFacts:
    """Return what an organization has under a Clever id.

    Args:
        kind: `person` or `section`.
    """
    ids = {"organization_id": organization_id, "clever_id": clever_id}
    return _section_facts(pg, ids) if kind == "section" else _person_facts(pg, ids)


def find_organizations(pg: Connection, kind: str, clever_id: str) -> frozenset[int]:
    """Return the organizations that know a person or a class by this Clever id."""
    return frozenset(row.organization_id for row in read_product(pg, f"organizations_of_{kind}", clever_id=clever_id))


def _person_facts(pg: Connection, ids: dict[str, Any]) -> ProductFacts:
    links, reviews = read_product(pg, "identity_links", **ids), read_product(pg, "reviews_of_person", **ids)
    for row in (*links, *reviews):
        row.evidence = hide_other_organizations(pg, ids["organization_id"], row.evidence)
    link = _live_link(links)
    account = {"account_id": link.account_id if link else None}
    of_organization = {"organization_id": ids["organization_id"], **account}
    return ProductFacts(
        links,
        reviews,
        _first(read_product(pg, "account", **account)),
        _first(read_product(pg, "membership", **of_organization)),
        read_product(pg, "schools_of_person", **of_organization),
        read_product(pg, "classes_of_person", **ids, **account),
    )


def _section_facts(pg: Connection, ids: dict[str, Any]) -> ProductFacts:
    roster = _first(read_product(pg, "roster", **ids))
    if roster is None:
        return ProductFacts()
    members = read_product(pg, "members_of_roster", organization_id=ids["organization_id"], roster_id=roster.id)
    return ProductFacts(roster=roster, members=members)


def _live_link(links: Sequence[Row]) -> Row | None:
    return next((link for link in links if link.unlinked_at is None), None)


def _first(rows: Sequence[Row]) -> Row | None:
    return next(iter(rows), None)
