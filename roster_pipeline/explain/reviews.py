"""The open reviews, as people decide them. The reviews of people who share an email are one entry."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from roster_pipeline.errors import CannotStart
from roster_pipeline.explain.facts import Row, read_product
from roster_pipeline.explain.review_reasons import describe_effect, describe_reason
from roster_pipeline.messages import Catalogue, operator, product
from roster_pipeline.model.decisions import DECISIONS, decisions_for
from roster_pipeline.product.organizations import find_organization

ENTRY_KEYS = ("review", "district_id", "clever_id", "reason", "person", "account", "suggestion", "evidence")
Entry = dict[str, Any]


def read_open_reviews(
    pg: Connection, district: str | None, reason: str | None, words: Catalogue | None = None
) -> list[Entry]:
    """Return the open reviews by district and reason.

    Each entry has the keys of `ENTRY_KEYS` of its first review, `reviews` and `clever_ids` of all of them, `people`
    (names), the `meaning` of the reason, and `decisions`: what each possible decision does.

    Args:
        district: Clever's id of one district; None for all.
        reason: one reason; None for all.
        words: the language of meanings and decisions.

    Raises:
        CannotStart: the reason does not exist.
        DistrictUnknown: the district is not connected.
    """
    if reason is not None and reason not in DECISIONS:
        raise CannotStart(
            operator.text(
                "There is no reason {reason}. Reasons: {reasons}.", reason=reason, reasons=", ".join(DECISIONS)
            )
        )
    if district is not None:
        find_organization(pg, district)
    rows = read_product(pg, "open_reviews", district_id=district, reason=reason)
    groups = groupby(rows, key=lambda row: (row.district_id, row.reason, row.sharing or row.review))
    return [_entry(list(group), words or product()) for _, group in groups]


def count_reviews(entries: Sequence[Entry]) -> int:
    """Return the number of reviews of some entries."""
    return sum(len(entry["reviews"]) for entry in entries)


def _entry(rows: Sequence[Row], words: Catalogue) -> Entry:
    first = rows[0]
    decisions = decisions_for(first.reason, is_released=first.is_released)
    facts = {"is_linked": bool(first.is_linked), "evidence": first.evidence}
    return {
        **{key: getattr(first, key) for key in ENTRY_KEYS},
        "district": first.district,
        "reviews": [row.review for row in rows],
        "clever_ids": first.sharing or [first.clever_id],
        "people": [row.person for row in rows],
        "meaning": describe_reason(first.reason, words),
        "decisions": {decision: describe_effect(first.reason, decision, words, **facts) for decision in decisions},
    }
