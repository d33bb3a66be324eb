"""Finds who has an email: accounts of the product, and people in the last read of every connected district."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from roster_pipeline.explain.district_file import Unread, open_file
from roster_pipeline.explain.facts import Row, read_product
from roster_pipeline.explain.report import Evidence, explain_in, refuse_unknown
from roster_pipeline.explain.source_facts import read_people_with_email
from roster_pipeline.explain.steps import Explanation, Item
from roster_pipeline.messages import Catalogue, operator, product
from roster_pipeline.product.organizations import Organization, list_organizations

UNKNOWN_EMAIL = operator.mark("No account has this email, and no person in Clever's data at the last read.")
BLANKS = " \t\r\n"
"""Characters around an email that do not count (docs/rules.md, email)."""
LINKED = product.mark("account {account}, linked to Clever ID {clever_id} of district {district}")
ONCE_LINKED = product.mark("account {account}, once linked to Clever ID {clever_id} of district {district}")
MEMBER = product.mark("account {account} of district {district}, linked to no Clever ID")
STRANGER = product.mark("account {account}, of no organization")
WITHOUT_EMAIL = product.mark("{holder}; this is its email in Clever, but the account does not have it")


@dataclass(frozen=True)
class EmailAnswer:
    """Who has an email.

    Attributes:
        holders: a line for each account, and for each person in Clever.
        explanations: of each Clever id among them.
    """

    holders: tuple[Item, ...]
    explanations: tuple[Explanation, ...]


def explain_email(evidence: Evidence, email: str) -> EmailAnswer:
    """Find who has an email in the product and in Clever, and explain each person.

    Raises:
        CannotStart: nobody has it.
    """
    email, words = email.strip(BLANKS), evidence.words
    with evidence.product() as pg:
        organizations = {organization.id: organization for organization in list_organizations(pg)}
        accounts = read_product(pg, "accounts_with_email", email=email)
    people = {one.id: _find_people(evidence, one, email) for one in organizations.values()}
    if not accounts and not any(isinstance(rows, Sequence) and rows for rows in people.values()):
        # Only a preview may have read a record that is new in Clever.
        evidence = replace(evidence, is_preview=True)
        previews = {one.id: _find_people(evidence, one, email) for one in organizations.values()}
        people |= {key: rows for key, rows in previews.items() if isinstance(rows, Sequence) and rows}
    holders = [_account_item(row, organizations, words) for row in accounts]
    keys = dict.fromkeys(
        (row.organization_id, row.clever_id)
        for row in accounts
        if row.organization_id in organizations and row.clever_id
    )
    for key, rows in people.items():
        holders += _people_items(rows, organizations[key], words)
        keys |= dict.fromkeys((key, row.clever_id) for row in (() if isinstance(rows, Unread) else rows))
    if all(item.state == "unknown" for item in holders):
        raise refuse_unknown(UNKNOWN_EMAIL, len(holders))
    answers = [explain_in(evidence, organizations[key], "person", clever_id) for key, clever_id in keys]
    return EmailAnswer(tuple(holders), tuple(answer for answer in answers if isinstance(answer, Explanation)))


def _find_people(evidence: Evidence, organization: Organization, email: str) -> Sequence[Row] | Unread:
    with (
        evidence.product() as pg,
        open_file(pg, evidence.districts_folder, organization.district_id, is_preview=evidence.is_preview) as con,
    ):
        return con if isinstance(con, Unread) else read_people_with_email(con, email)


def _people_items(rows: Sequence[Row] | Unread, organization: Organization, words: Catalogue) -> list[Item]:
    district_id = organization.district_id
    if isinstance(rows, Unread):
        reason = words.text(rows.reason)
        return [Item("unknown", words.text("district {district}: {reason}", district=district_id, reason=reason))]
    return [
        Item(
            _match_state(row),
            words.text(
                "Clever ID {clever_id} of district {district}, in Clever", clever_id=row.clever_id, district=district_id
            ),
            {"clever_id": row.clever_id, "district_id": district_id},
        )
        for row in rows
    ]


def _account_item(row: Row, organizations: Mapping[int, Organization], words: Catalogue) -> Item:
    organization = organizations.get(row.organization_id or 0)
    district_id = organization.district_id if organization else None
    sentence = MEMBER if organization else STRANGER
    if row.clever_id:
        sentence = LINKED if row.is_linked else ONCE_LINKED
    says = words.text(sentence, account=row.account_id, clever_id=row.clever_id, district=district_id)
    if not row.has_email:
        says = words.text(WITHOUT_EMAIL, holder=says)
    facts = {"account_id": row.account_id, "clever_id": row.clever_id, "district_id": district_id}
    return Item(_match_state(row), says, facts)


def _match_state(row: Row) -> str:
    return "exact" if row.is_exact else "case differs"
