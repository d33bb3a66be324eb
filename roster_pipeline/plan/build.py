"""Turns the differences in `changes.*` into one frozen `Plan`, and keeps it beside them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256

import duckdb

from roster_pipeline.errors import PlanStale
from roster_pipeline.model.entities import ENTITIES, Entity
from roster_pipeline.model.limits import Standing
from roster_pipeline.model.plan import FEED_INCOMPLETE, Counts, Held, Plan
from roster_pipeline.plan.held_parts import first_sentence, held_parts
from roster_pipeline.plan.thresholds import count_removals, hold_removals, keep_addresses, keep_primary, leave_in_class

OF_RESOURCE = {
    "schools": ("schools", "true"),
    "teachers": ("org_memberships", "role = 'teacher'"),
    "students": ("org_memberships", "role = 'student'"),
    "sections": ("rosters", "true"),
}
"""The rows that the feed's lists become."""
AS_PUBLISHED = "select *, false as is_ended, false as is_native from warehouse.marts"
"""The rows around an excerpt: as they were last published, with nothing held."""


def build_plan(
    con: duckdb.DuckDBPyConnection,
    *,
    sync_id: int,
    organization_id: int,
    district_id: str,
    emptied: Iterable[str],
    standing: Standing,
    is_delta: bool = False,
    sync_uid: str | None = None,
) -> Plan:
    """Hold what the brakes hold, count and digest the rest, and keep the plan in `changes.plan`.

    Args:
        sync_uid: of the sync.
        emptied: resources that are empty now while the last good feed had some.
        is_delta: the tables are a delta sync's: events prove its removals, which are shares of what `warehouse` has.
        standing: the limits, and what people decided: what they approved, and exactly that, does not wait.
    """
    _create_baseline(con, AS_PUBLISHED if is_delta else "from current")
    unproven = set() if is_delta else {*emptied, *_emptied(con), *_unidentified(con)}
    held = hold_removals(con, standing.limits, unproven, dict(standing.lately))
    removed = count_removals(con)  # what a person approves is of no week
    approved = _approved(con, standing, held)
    if approved:
        _release(con)
        held = ()
    leave_in_class(con)
    keep_primary(con)
    keep_addresses(con)
    digests, counts = _digests(con), _counts(con)
    parts = held_parts(con) if held else {}
    plan = Plan(
        sync_id=sync_id,
        organization_id=organization_id,
        district_id=district_id,
        digest=digests[False],
        held_digest=digests[True],
        counts=counts[False],
        held_counts=counts[True],
        held=held,
        removed=removed,
        approved=approved,
        parts=parts,
        sentence=first_sentence(con, held, parts),
        sync_uid=sync_uid,
    )
    con.execute("create or replace table changes.plan (plan varchar)")
    con.execute("insert into changes.plan values (?)", [json.dumps(plan.as_json())])
    return plan


def _create_baseline(con: duckdb.DuckDBPyConnection, rows: str) -> None:
    """`baseline.X`: the rows of the whole district, which the brakes count their shares of."""
    con.execute("create schema if not exists baseline")
    for entity in ENTITIES:
        con.execute(f"create or replace view baseline.{entity.name} as {rows}.{entity.name}")


def _approved(con: duckdb.DuckDBPyConnection, standing: Standing, held: Iterable[Held]) -> str | None:
    """The digest of what is held, if that is exactly what a person approved, and no proof is wanting by now."""
    reasons = {one.reason for one in held}
    would_wait = _digests(con)[True] if standing.approved and reasons and FEED_INCOMPLETE not in reasons else None
    return would_wait if would_wait in standing.approved else None


def _release(con: duckdb.DuckDBPyConnection) -> None:
    for entity in ENTITIES:
        con.execute(f"update changes.{entity.name} set held = false where held")


def _emptied(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Resources of which nothing is left while the product has some: it knows the last good feed, whoever forgot it."""
    return {
        resource
        for resource, (entity, where) in OF_RESOURCE.items()
        if con.execute(
            f"select exists (from current.{entity} where not is_ended and not is_native and {where}) "
            f"and not exists (from marts.{entity} where {where})"
        ).fetchall()
        == [(True,)]
    }


def _unidentified(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Resources with a record in quarantine whose id nobody can read: whoever seems absent may be that record."""
    return {
        name for (name,) in con.execute("from quarantine.records select resource where clever_id is null").fetchall()
    }


def load_plan(con: duckdb.DuckDBPyConnection) -> Plan:
    """The plan that was made last.

    Raises:
        PlanStale: there is none.
    """
    try:
        row = con.execute("select plan from changes.plan").fetchone()
    except duckdb.CatalogException:
        row = None
    if row is None:
        raise PlanStale("There is no plan for this district yet. Materialize sync/plan first.")
    return Plan.from_json(json.loads(row[0]))


def has_sync_data(con: duckdb.DuckDBPyConnection, uid: str, *, with_plan: bool) -> bool:
    """Whether the file still holds what a sync has read of the district.

    Args:
        uid: of the sync; its number may have been another one's in a database that was restored since.
        with_plan: its plan too.
    """
    try:
        landed = con.execute("select sync_uid from raw.district").fetchone()
        return landed == (uid,) and (not with_plan or load_plan(con).sync_uid == uid)
    except (duckdb.CatalogException, duckdb.BinderException, PlanStale):
        return False


def load_verified_plan(con: duckdb.DuckDBPyConnection) -> Plan:
    """The plan that was made last, once it is certain that `changes.*` still are its changes.

    Raises:
        PlanStale: they are not, or there is no plan.
    """
    plan = load_plan(con)
    if _digests(con)[False] != plan.digest:
        raise PlanStale(f"The changes of sync {plan.sync_id} are not those of its plan. Make the plan again.")
    return plan


def _counts(con: duckdb.DuckDBPyConnection) -> Mapping[bool, Counts]:
    """How many changes of which kind wait (true), and of every other (false)."""
    found: dict[bool, dict[str, dict[str, int]]] = {False: {}, True: {}}
    for entity in ENTITIES:
        rows = con.execute(
            f"select held, op, count(*) from changes.{entity.name} group by held, op order by op"
        ).fetchall()
        for held, op, count in rows:
            found[held].setdefault(entity.name, {})[str(op)] = int(count)
    return found


def _digests(con: duckdb.DuckDBPyConnection) -> dict[bool, str]:
    """A digest of every change that waits (true), and of every other (false).

    Rows are combined by addition, so that their order does not matter.
    """
    found: dict[bool, list[str]] = {False: [], True: []}
    for entity in ENTITIES:
        rows = con.execute(
            f"select held, count(*), sum(md5_number_lower({_row_text(entity)})::hugeint) from changes.{entity.name} "
            "group by held"
        ).fetchall()
        for held, count, total in rows:
            found[held].append(f"{entity.name}:{count}:{total}")
    return {held: sha256("\n".join(parts).encode()).hexdigest() for held, parts in found.items()}


def _row_text(entity: Entity) -> str:
    """A change as one text: JSON tells columns apart, and NULL from empty."""
    columns = ("op", *entity.columns, *(f"was_{column}" for column in entity.content))
    return f"to_json(row({', '.join(columns)}))::varchar"
