"""Compare the links of a sync with the true identities of a generated district.

`mistakes` generates the district. The stages of the product decide, from a landed feed to the marts.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from time import perf_counter

import duckdb
from sqlalchemy import Connection, Engine

from roster_pipeline.current.load import load_current
from roster_pipeline.land import open_warehouse
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.product.tables import accounts, org_memberships
from roster_pipeline.settings import read_settings
from roster_pipeline.stage import load_models, run_models
from roster_pipeline.syncs.lifecycle import find_organization_id
from roster_pipeline_tests.benchmarks.identity import DISTRICT, clever_user, land_people
from roster_pipeline_tests.benchmarks.measure import report
from roster_pipeline_tests.benchmarks.mistakes import KINDS, USUAL, Kind, draw_people
from roster_pipeline_tests.benchmarks.truth import BLANKS, Record, Someone

ELSEWHERE = "e" * 24
DECIDED = """
    select clever_id, link.rule, link.account_id,
        clever_id in (select clever_id from marts.reviews),
        clever_id in (select clever_id from intermediate.int_near_matches)
    from intermediate.int_people left join marts.identity_links as link using (clever_id)
"""
COUNTED = (
    "people",
    "with_account",
    "in_reach",
    "right",
    "right_flagged",
    "wrong",
    "wrong_flagged",
    "created",
    "created_told",
)

Decision = tuple[str, int | None, bool, bool]
"""Rule, account, whether a review is open, whether a near match is told."""


def links_of(con: duckdb.DuckDBPyConnection, product: Engine, people: int, seed: int) -> list[dict]:
    """One row a kind of mistake: its people, and what a first sync decides about them.

    `right` and `wrong` count links by email, flagged ones (with a review) among them; `created` are new accounts, and
    `created_told` those of whom a review or a near match tells. `in_reach` are people whose own account carries their
    address, which nobody else in the feed carries, and whom nothing contradicts.
    """
    drawn = draw_people(people, seed)
    with transaction(product) as pg:
        owners = _fill(pg, (someone for _, someone in drawn))
    land_people(con, (clever_user(number, *_said(someone)) for number, (_, someone) in enumerate(drawn)))
    with transaction(product, one_view=True) as pg:
        load_current(con, pg, find_organization_id(pg, DISTRICT.id))
    list(run_models(con, [model for model in load_models() if model.layer != "staging"]))
    decided = {int(key, 16): decision for key, *decision in con.execute(DECIDED).fetchall()}
    return _tally(drawn, decided, owners)


def _said(someone: Someone) -> tuple[str, str, str, str | None]:
    clever = someone.clever
    return clever.role, clever.first, clever.last, clever.email


def _fill(pg: Connection, people: Iterable[Someone]) -> dict[int, int | None]:
    """Create every account. Return the owner of each account by the number of the person."""
    for district_id in (DISTRICT.id, ELSEWHERE):
        connect_district(pg, district_id, name=district_id, tier="secure_sync")
    made = [
        (record, owner)
        for number, someone in enumerate(people)
        for record, owner in ((someone.own, number), (someone.strangers, None))
        if record
    ]
    pg.execute(accounts.insert(), [_row(key, record) for key, (record, _) in enumerate(made, 1)])
    other = find_organization_id(pg, ELSEWHERE)
    members = [
        {"organization_id": other, "account_id": key, "role": record.role}
        for key, (record, _) in enumerate(made, 1)
        if record.is_elsewhere
    ]
    pg.execute(org_memberships.insert(), members)
    return {key: owner for key, (_, owner) in enumerate(made, 1)}


def _row(key: int, record: Record) -> dict[str, object]:
    return {
        "id": key,
        "email": record.email,
        "first_name": record.first,
        "last_name": record.last,
        "role": record.role,
        "archived_at": "2026-01-01" if record.is_closed else None,
    }


def _tally(
    drawn: list[tuple[Kind, Someone]], decided: dict[int, Decision], owners: dict[int, int | None]
) -> list[dict]:
    carriers = Counter((someone.clever.email or "").strip(BLANKS) for _, someone in drawn)
    tallies: dict[Kind, Counter] = {}
    for number, (kind, someone) in enumerate(drawn):
        rule, account, is_reviewed, is_near = decided[number]
        tally = tallies.setdefault(kind, Counter())
        tally["people"] += 1
        tally["with_account"] += someone.own is not None
        tally["in_reach"] += someone.is_in_reach and carriers[someone.clever.email.strip(BLANKS)] == 1
        if rule == "email":
            outcome = "right" if owners[account] == number else "wrong"
            tally[outcome] += 1
            tally[f"{outcome}_flagged"] += is_reviewed
        else:
            tally["created"] += 1
            tally["created_told"] += is_reviewed or is_near
    return [
        {"kind": kind.name, "goes_unseen": kind.goes_unseen, **{name: tallies[kind][name] for name in COUNTED}}
        for kind in (USUAL, *KINDS)
    ]


def main(people: int, seed: int) -> None:
    settings = read_settings()
    product = open_product(settings)
    with open_warehouse(settings.districts_folder, DISTRICT.id) as con:
        started = perf_counter()
        kinds = links_of(con, product, people, seed)
        report(perf_counter() - started, seed=seed, kinds=kinds)
    product.dispose()


if __name__ == "__main__":
    main(**json.loads(sys.argv[2]))
