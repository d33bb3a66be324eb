"""`marts.X` against `current.X` gives `changes.X`, for every entity: one statement each, whatever the size.

A row says what is to be done (`op`), to which row (the key), and what it replaces (`was_*`). Rows that are equal leave
no trace; rows that are the product's own (`is_native`) are never in a change; a row whose record is in quarantine is
present in Clever, so it is never removed.
"""

from __future__ import annotations

import duckdb

from roster_pipeline.model.entities import ENTITIES, Entity


def compute_diff(con: duckdb.DuckDBPyConnection) -> None:
    """Fill `changes.*`. Nothing is held yet: `held` is false in every row."""
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
            {_either(entity)},
            {_was(entity)}
            existing.version,
            false as held
        from (select *, true as is_desired from marts.{entity.name}) as desired
        {join} join current.{entity.name} as existing on {on_key}
        where not coalesce(existing.is_native, false)
            and case
                when existing.is_ended is null then true
                when desired.is_desired is null then not existing.is_ended and {_may_go(entity)}
                when existing.is_ended then true
                else {_differs(entity)}
            end
    """


def _either(entity: Entity) -> str:
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


def _was(entity: Entity) -> str:
    return "".join(f"existing.{column} as was_{column}, " for column in entity.content)


def _differs(entity: Entity) -> str:
    return " or ".join(f"desired.{column} is distinct from existing.{column}" for column in entity.content) or "false"


def _may_go(entity: Entity) -> str:
    if entity.removal == "never":
        return "false"
    ids = [f"existing.{column}" for column in ("school_id", "section_id", "clever_id") if column in entity.columns]
    return " and ".join(
        f"coalesce({column} not in (select clever_id from quarantine.records where clever_id is not null), true)"
        for column in ids
    )
