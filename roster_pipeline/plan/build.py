"""Builds the plan of one sync from the tables `changes.<entity>`, stores it in `changes.plan`, and loads it again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from hashlib import sha256

import duckdb

from roster_pipeline.errors import PlanStale
from roster_pipeline.messages import operator
from roster_pipeline.model.entities import COURSES, END, ENTITIES, TERMS, Entity
from roster_pipeline.model.limits import ThresholdContext
from roster_pipeline.model.plan import FEED_INCOMPLETE, Counts, HeldPart, Plan
from roster_pipeline.plan.held_parts import count_parts, describe_largest_part
from roster_pipeline.plan.queries import fetch_rows
from roster_pipeline.plan.thresholds import count_removals, hold_changes
from roster_pipeline.plan.withheld import adjust_published_changes

FULL_BASELINE_SQL = "from current"
"""The start of the SELECT of each baseline view in a full sync. `.<entity>` is appended.

`current.*` holds the whole district.
"""
DELTA_BASELINE_SQL = "select *, false as is_ended, false as is_native from warehouse.marts"
"""The start of the SELECT of each baseline view in a delta sync. `.<entity>` is appended.

`current.*` holds only the affected set. The marts of the district's file hold the whole district as it was last
published.
"""


def build_plan(
    con: duckdb.DuckDBPyConnection,
    *,
    sync_id: int,
    organization_id: int,
    district_id: str,
    emptied: Iterable[str],
    context: ThresholdContext,
    is_delta: bool = False,
    sync_uid: str | None = None,
    account_id: int | None = None,
    only_adds: bool = False,
    missing: Set[str] = frozenset(),
) -> Plan:
    """Apply the thresholds to `changes.*`, and store the counts and digests of the result as one plan.

    Args:
        sync_id: The number of the sync. Another sync may have it after a database was restored.
        sync_uid: The unique id of the sync.
        emptied: The Clever lists that are empty and were not empty in the last good feed.
        context: The limits of the organization, its recent removals, and the digests that people approved.
        is_delta: Whether the sync is a delta. Its events prove the removals, so no list counts as incomplete.
        account_id: The Library teacher whose classes the plan is about. The caller has checked that the feed is
            complete, or that the changes remove nothing, so no list counts as incomplete.
        only_adds: The changes remove nothing, because the feed of the teacher is not proven complete.
        missing: The sections of a Library teacher that are not in Clever any more. A class that ends for this reason
            loses all its students.
    """
    _create_baseline(con, DELTA_BASELINE_SQL if is_delta else FULL_BASELINE_SQL)
    is_proven = is_delta or account_id is not None
    incomplete = set() if is_proven else {*emptied, *_find_incomplete_lists(con)}
    _drop_unproven_ends(con, incomplete)
    held = hold_changes(con, context.limits, incomplete, dict(context.recent_removals), missing=missing)
    # Approved removals do not count for `window_removals`. They stay marked as held in `plan.holdable_changes`.
    removals = count_removals(con)
    approved_digest = _find_approved_digest(con, context, held, account_id)
    if approved_digest:
        _release_held_changes(con)
        held = ()
    adjust_published_changes(con, has_held=bool(held))
    digests, counts = _digest_changes(con), _count_rows(con)
    parts = count_parts(con) if held else {}
    plan = Plan(
        sync_id=sync_id,
        organization_id=organization_id,
        district_id=district_id,
        digest=digests[False],
        held_digest=_name_plan(digests[True], account_id),
        counts=counts[False],
        held_counts=counts[True],
        held=held,
        removed=removals,
        approved=approved_digest,
        parts=parts,
        sentence=describe_largest_part(con, held, parts),
        sync_uid=sync_uid,
        account_id=account_id,
        only_adds=only_adds,
    )
    con.execute("create or replace table changes.plan (plan varchar)")
    con.execute("insert into changes.plan values (?)", [json.dumps(plan.as_json())])
    return plan


def _create_baseline(con: duckdb.DuckDBPyConnection, select_prefix: str) -> None:
    """Create the views `baseline.<entity>`. They show the rows of the whole district before this sync.

    A threshold compares the number of removals with the number of these rows.
    """
    con.execute("create schema if not exists baseline")
    for entity in ENTITIES:
        con.execute(f"create or replace view baseline.{entity.name} as {select_prefix}.{entity.name}")


def _find_incomplete_lists(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the Clever lists that do not pass the completeness check (docs/rules.md R5.3)."""
    return {row["resource"] for row in fetch_rows(con, "incomplete_lists")}


def _drop_unproven_ends(con: duckdb.DuckDBPyConnection, incomplete: Set[str]) -> None:
    """Keep the terms and courses whose list does not prove that they are gone (docs/rules.md R5.4)."""
    for name in sorted(incomplete & {TERMS.name, COURSES.name}):
        con.execute(f"delete from changes.{name} where op = '{END}'")


def _find_approved_digest(
    con: duckdb.DuckDBPyConnection, context: ThresholdContext, held: Iterable[HeldPart], account_id: int | None
) -> str | None:
    """Return the digest of the held changes if a person approved exactly these, else None.

    Changes that are held because a list is incomplete cannot be approved (docs/rules.md R5.4).
    """
    reasons = {part.reason for part in held}
    if not context.approved or not reasons or FEED_INCOMPLETE in reasons:
        return None
    digest = _name_plan(_digest_changes(con)[True], account_id)
    return digest if digest in context.approved else None


def _name_plan(digest: str, account_id: int | None) -> str:
    """Return the digest that names a held plan.

    Two co-teachers can hold the same changes. The account id makes their plans distinct.
    """
    return digest if account_id is None else sha256(f"{account_id}:{digest}".encode()).hexdigest()


def _release_held_changes(con: duckdb.DuckDBPyConnection) -> None:
    """Clear `held` in `changes.*`, because a person approved the held changes."""
    for entity in ENTITIES:
        con.execute(f"update changes.{entity.name} set held = false where held")


def load_plan(con: duckdb.DuckDBPyConnection) -> Plan:
    """Return the plan that is stored in the DuckDB file.

    Raises:
        PlanStale: The file holds no plan.
    """
    try:
        row = con.execute("select plan from changes.plan").fetchone()
    except duckdb.CatalogException:
        row = None
    if row is None:
        raise PlanStale(operator.text("There is no plan for this district yet. Materialize sync/plan first."))
    return Plan.from_json(json.loads(row[0]))


def has_sync_data(con: duckdb.DuckDBPyConnection, uid: str, *, with_plan: bool) -> bool:
    """Return whether the DuckDB file still holds the data that a sync read from Clever.

    Args:
        uid: The unique id of the sync. Its number may belong to another sync after a database was restored.
        with_plan: Whether the plan of the sync must be there too.
    """
    try:
        row = con.execute("select sync_uid from raw.district").fetchone()
        return row == (uid,) and (not with_plan or load_plan(con).sync_uid == uid)
    except (duckdb.CatalogException, duckdb.BinderException, PlanStale):
        return False


def load_verified_plan(con: duckdb.DuckDBPyConnection) -> Plan:
    """Return the stored plan. Check first that the changes in `changes.*` still have its digest.

    Raises:
        PlanStale: The file holds no plan, or the changes differ from it.
    """
    plan = load_plan(con)
    if _digest_changes(con)[False] != plan.digest:
        raise PlanStale(
            operator.text(
                "The changes of sync {sync} are not those of its plan. Make the plan again.", sync=plan.sync_id
            )
        )
    return plan


def _count_rows(con: duckdb.DuckDBPyConnection) -> Mapping[bool, Counts]:
    """Count the changes by entity and op. Key True holds the counts of held changes, key False all others."""
    counts: dict[bool, dict[str, dict[str, int]]] = {False: {}, True: {}}
    for entity in _find_changed_entities(con):
        rows = con.execute(
            f"select held, op, count(*) from changes.{entity.name} group by held, op order by op"
        ).fetchall()
        for held, op, count in rows:
            counts[held].setdefault(entity.name, {})[str(op)] = int(count)
    return counts


def _find_changed_entities(con: duckdb.DuckDBPyConnection) -> list[Entity]:
    """Return the entities that have a change, in their order.

    One query with EXISTS for each entity takes a fifth of the time of a query for each.
    """
    tables = [f"select {place}, exists(from changes.{entity.name})" for place, entity in enumerate(ENTITIES)]
    is_changed = dict(con.execute(" union all ".join(tables)).fetchall())
    return [entity for place, entity in enumerate(ENTITIES) if is_changed[place]]


def _digest_changes(con: duckdb.DuckDBPyConnection) -> dict[bool, str]:
    """Return a digest of the changes. Key True holds the digest of held changes, key False of all others.

    The hashes of the rows are added up, so the order of the rows does not matter.
    """
    sums: dict[bool, list[str]] = {False: [], True: []}
    for entity in _find_changed_entities(con):
        rows = con.execute(
            f"select held, count(*), sum(md5_number_lower({_row_text(entity)})::hugeint) from changes.{entity.name} "
            "group by held"
        ).fetchall()
        for held, count, total in rows:
            sums[held].append(f"{entity.name}:{count}:{total}")
    return {held: sha256("\n".join(lines).encode()).hexdigest() for held, lines in sums.items()}


def _row_text(entity: Entity) -> str:
    """Return the SQL that turns a change into one JSON text, in which columns and NULL stay distinct."""
    columns = ("op", *entity.columns, *(f"was_{column}" for column in entity.content))
    return f"to_json(row({', '.join(columns)}))::varchar"
