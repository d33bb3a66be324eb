"""Computes the diff of `marts.<entity>` and `current.<entity>` into `changes.<entity>`, one statement for each entity.

A change has the operation (`op`), the key of the row, the new values and the values that they replace (`was_*`). Equal
rows give no change. Native rows (`is_native`) are never changed. A row whose record is in quarantine is still in
Clever, so it is never removed.
"""

from __future__ import annotations

import duckdb

from roster_pipeline.model.entities import ENTITIES, Entity


def compute_diff(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `changes.*`. The plan marks the rows on hold later, so `held` is false in every row."""
    con.execute("create schema if not exists changes")
    for entity in ENTITIES:
        con.execute(f"create or replace table changes.{entity.name} as {_difference(entity)}")


def _difference(entity: Entity) -> str:
    on_key = " and ".join(f"desired.{column} is not distinct from existing.{column}" for column in entity.key)
    join = "full" if entity.removal != "never" else "left"
    return f"""
        select
            case
                when existing.is_ended is null then 'insert'
                when desired.is_desired is null then 'end'
                when existing.is_ended then 'restore'
                else 'update'
            end as op,
            {_changed_columns(entity)},
            {_old_columns(entity)}
            existing.version,
            false as held
        from (select *, true as is_desired from marts.{entity.name}) as desired
        {join} join current.{entity.name} as existing on {on_key}
        where not coalesce(existing.is_native, false)
            and case
                when existing.is_ended is null then true
                when desired.is_desired is null then not existing.is_ended and {_is_removable(entity)}
                when existing.is_ended then true
                else {_differs(entity)}
            end
    """


def _changed_columns(entity: Entity) -> str:
    kept = {*entity.key, *entity.content}
    from_current = kept | ({"clever_id"} if entity.removal != "never" else set())
    return ", ".join(
        f"coalesce(desired.{column}, existing.{column}) as {column}"
        if column in entity.key
        else f"if(desired.is_desired is null, existing.{column}, desired.{column}) as {column}"
        if column in from_current
        else f"desired.{column}"
        for column in entity.columns
    )


def _old_columns(entity: Entity) -> str:
    return "".join(f"existing.{column} as was_{column}, " for column in entity.content)


def _differs(entity: Entity) -> str:
    return " or ".join(f"desired.{column} is distinct from existing.{column}" for column in entity.content) or "false"


def _is_removable(entity: Entity) -> str:
    if entity.removal == "never":
        return "false"
    ids = [f"existing.{column}" for column in ("school_id", "section_id", "clever_id") if column in entity.columns]
    ids += [f"existing.{column}" for column in ("term_id", "course_id") if column in entity.key]
    return " and ".join(
        f"coalesce({column} not in (select clever_id from quarantine.records where clever_id is not null), true)"
        for column in ids
    )
