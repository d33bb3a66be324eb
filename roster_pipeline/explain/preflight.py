"""The people whom an administrator should look at before a sync, read from the preview of a district."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import duckdb

from roster_pipeline.errors import PlanStale
from roster_pipeline.explain.district_file import Unread, open_file
from roster_pipeline.explain.facts import Row, read_district
from roster_pipeline.explain.finding_words import NEAR_MATCH, describe_advice
from roster_pipeline.messages import Catalogue, operator, product
from roster_pipeline.model.plan import PREVIEW_SYNC_ID
from roster_pipeline.plan.build import load_plan
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import Settings

PersonRow = dict[str, Any]
COUNT_NAMES = {
    "unusable_addresses": "unusable_address",
    "shared_addresses": "shared_address",
    "teachers_who_are_students": "teacher_is_student",
    "students_who_are_teachers": "student_is_teacher",
}
"""Findings that are no review, by the key of their count."""


@dataclass(frozen=True)
class Findings:
    """What a sync would do with the people of a district.

    Attributes:
        counts: people by what a sync would do with them and by finding; reviews by reason.
        near_matches: one row for each person and account whose email is nearly the person's.
        people: one row for each person with a finding, near matches first. The account is that of the first finding.
    """

    counts: Mapping[str, Any]
    near_matches: Sequence[PersonRow]
    people: Sequence[PersonRow]


@contextmanager
def open_preview(settings: Settings, district_id: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the district file that the last preview worked on. No sync of the district begins while it is open.

    Raises:
        PlanStale: a sync of the district has begun since the preview.
    """
    with (
        transaction(open_product(settings)) as pg,
        open_file(pg, settings.districts_folder, district_id, is_preview=True) as con,
    ):
        if isinstance(con, Unread) or load_plan(con).sync_id != PREVIEW_SYNC_ID:
            raise PlanStale(
                operator.text(
                    "A sync of district {district_id} began before its plan could be shown. Run the command again when "
                    "the sync has ended.",
                    district_id=district_id,
                )
            )
        yield con


def read_findings(con: duckdb.DuckDBPyConnection, words: Catalogue | None = None) -> Findings:
    """Return the findings of the plan that a district file holds.

    Args:
        words: the language of the advice.
    """
    words = words or product()
    (counts,) = read_district(con, "preflight_counts")
    rows = read_district(con, "preflight_findings")
    groups = groupby(rows, key=lambda row: row.clever_id)
    people = [_merge_findings(list(group), words) for _, group in groups]
    number = Counter(finding for person in people for finding in person["findings"])
    return Findings(
        {
            **vars(counts),
            "near_matches": number.pop(NEAR_MATCH, 0),
            **{name: number.pop(finding, 0) for name, finding in COUNT_NAMES.items()},
            "reviews": dict(sorted(number.items())),
        },
        [_person_row(row) for row in rows if row.finding == NEAR_MATCH],
        sorted(people, key=lambda row: (row["findings"][0] != NEAR_MATCH, row["findings"][0], row["clever_id"])),
    )


def _person_row(row: Row) -> PersonRow:
    """Return a row of the query without the column that only the advice needs."""
    return {name: value for name, value in vars(row).items() if name != "account_has_invisible"}


def _merge_findings(rows: Sequence[Row], words: Catalogue) -> PersonRow:
    """Return the findings about one person as one row."""
    first = _person_row(rows[0])
    del first["finding"]
    return {
        **first,
        "findings": list(dict.fromkeys(row.finding for row in rows)),
        "what_to_do": " ".join(dict.fromkeys(describe_advice(row, words) for row in rows)),
    }
