"""The thresholds of docs/rules.md R5.5 to R5.9: which removals wait for a person, and why. What is new never does.

Finer grains first: one class, one school, then the whole district, then the district over the last seven days. What a
finer brake holds is not counted by the next. A tripped brake holds the removals of the part that it tripped for;
somebody who would leave the district and has anything held waits as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

import duckdb

from roster_pipeline.model.entities import ACCOUNTS, END, ROSTER_TEACHERS, SCHOOL_MEMBERSHIPS, UPDATE, Entity
from roster_pipeline.model.limits import Limits
from roster_pipeline.model.plan import FEED_INCOMPLETE, Held
from roster_pipeline.plan.threshold_rules import (
    CLASS_REMOVALS,
    GONE,
    KNOWN,
    OF_PEOPLE,
    OF_ROSTERS,
    PARTS,
    SCHOOL_REMOVALS,
    UNITS,
    UNPROVEN_TOO,
    Part,
    Unit,
)

DISTRICT_REMOVALS = "district_removals"
WINDOW_REMOVALS = "window_removals"
DISTRICT_UPDATES = "district_updates"


ROUNDING = 1e-9
"""29 of 50 is 58 %, though a computer would say it is a little more."""
DIFFERS = " or ".join(
    f"nullif(trim({column}), '') <> nullif(trim(was_{column}), '')" for column in ("first_name", "last_name", "email")
)
"""A name or email that is missing before or after is not a different one (R6.7): masking names waits for nobody."""
COUNTED = {
    END: ("true", "baseline.{entity} where not is_ended and not is_native and ({where})"),
    UPDATE: (
        f"({DIFFERS}) and {KNOWN} "
        "and account_id in (select account_id from current.org_memberships where not is_ended)",
        "baseline.org_memberships where not is_ended and clever_id is not null",
    ),
}
"""By op: which changes count, and which live rows they are a share of. Updates are of those who are known and there:
neither a first link nor a return is one, and who has left is not among them."""


def hold_removals(
    con: duckdb.DuckDBPyConnection, limits: Limits, unproven: Set[str], lately: Mapping[str, int]
) -> tuple[Held, ...]:
    """Mark in `changes.*` the removals that wait, and say why.

    Args:
        unproven: resources whose feed does not prove that what is absent is gone: none of their removals.
        lately: rows removed in the last seven days, by part.
    """
    return (
        *_hold_unproven(con, unproven),
        *_hold_units(con, limits),
        *_hold_parts(con, limits),
        *_hold_window(con, limits, lately),
    )


def count_removals(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows that the plan removes, by part: what the brake over seven days will remember."""
    found = {part.name: _count_changing(con, part) for part in PARTS if part.op == END}
    return {name: count for name, count in found.items() if count}


def _hold_unproven(con: duckdb.DuckDBPyConnection, unproven: Set[str]) -> Iterator[Held]:
    for part in (*PARTS, *UNPROVEN_TOO):
        if part.op == END and part.resource in unproven:
            yield from _hold(con, part, FEED_INCOMPLETE, 0.0)


def _hold_parts(con: duckdb.DuckDBPyConnection, limits: Limits) -> Iterator[Held]:
    for part in PARTS:
        if part.op == END:
            yield from _hold(con, part, DISTRICT_REMOVALS, limits.district_removals)
        else:
            yield from _hold(con, part, DISTRICT_UPDATES, limits.district_updates)


def _hold_window(con: duckdb.DuckDBPyConnection, limits: Limits, lately: Mapping[str, int]) -> Iterator[Held]:
    for part in PARTS:
        if part.op == END and lately.get(part.name):
            yield from _hold(con, part, WINDOW_REMOVALS, limits.window_removals, lately[part.name])


def _hold(con: duckdb.DuckDBPyConnection, part: Part, reason: str, limit: float, before: int = 0) -> Iterator[Held]:
    """Hold a part whose changes, with those of before, are more than their share of the rows there were."""
    changing = _count_changing(con, part)
    if not changing:  # in most syncs of most parts nothing does: what lives need not be counted then
        return
    live = _count_live(con, part)
    if changing + before > (live + before) * limit + ROUNDING:
        for entity, where in part.held.items():
            con.execute(f"update changes.{entity} set held = true where op = '{part.op}' and ({where})")
        _hold_whole(con)
        yield Held(part.name, reason, changing + before, live + before, limit)


def _hold_units(con: duckdb.DuckDBPyConnection, limits: Limits) -> Iterator[Held]:
    bounds = {
        CLASS_REMOVALS: (limits.class_removals, limits.class_at_least),
        SCHOOL_REMOVALS: (limits.school_removals, limits.school_at_least),
    }
    for unit in UNITS:
        limit, at_least = bounds[unit.reason]
        if _ending(con, unit) < at_least:
            continue
        tripped = con.execute(_tripped(unit), {"limit": limit, "at_least": at_least}).fetchall()
        if not tripped:
            continue
        ids = [str(key) for key, _, _ in tripped]
        for entity, where in unit.held.items():
            units = where.replace("in units", "in (select unnest($units))")
            con.execute(f"update changes.{entity} set held = true where op = 'end' and ({units})", {"units": ids})
        _hold_whole(con)
        removals, live = (sum(counts) for counts in zip(*((n, of) for _, n, of in tripped), strict=True))
        yield Held(unit.part, unit.reason, removals, live, limit, tuple(ids))


def _ending(con: duckdb.DuckDBPyConnection, unit: Unit) -> int:
    """Rows that would end, in all units: where they are few, nobody need count the district."""
    return _count(con, f"changes.{unit.entity} as it where op = 'end' and ({unit.where})")


def _tripped(unit: Unit) -> str:
    """The classes or schools that lose more than their share: id, rows that would end, rows that live."""
    return f"""
        with ending as (
            select {unit.of} as unit, count(*) as n from changes.{unit.entity} as it
            where op = 'end' and not held and ({unit.where}) group by all having count(*) >= $at_least
        ), live as (
            select {unit.of} as unit, count(*) as n from baseline.{unit.entity} as it
            where not is_ended and not is_native and ({unit.where}) and {unit.of} in (select unit from ending)
            group by all
        )
        select unit, ending.n, live.n from ending inner join live using (unit)
        where ending.n > live.n * $limit + {ROUNDING}
        order by unit
    """


def _hold_whole(con: duckdb.DuckDBPyConnection) -> None:
    """A school that would go and has anything held waits as a whole, and so does whoever would leave the district."""
    con.execute(
        "update changes.schools set held = true where op = 'end' and school_id in ("
        "select school_id from changes.school_memberships where op = 'end' and held union "
        "select school_id from changes.rosters where op = 'end' and held)"
    )
    waiting_school = "school_id in (select school_id from changes.schools where op = 'end' and held)"
    waiting_roster = f"section_id in (select section_id from changes.rosters where op = 'end' and {waiting_school})"
    for entity in ("school_memberships", "rosters"):
        con.execute(f"update changes.{entity} set held = true where op = 'end' and {waiting_school}")
    for entity in OF_ROSTERS:
        con.execute(f"update changes.{entity} set held = true where op = 'end' and {waiting_roster}")
    waiting = " union ".join(
        f"select account_id from changes.{entity} where op = 'end' and held and {GONE}" for entity in OF_PEOPLE
    )
    con.execute(f"create or replace temporary table waiting as {waiting}")
    whoever_waits = "account_id in (select account_id from waiting)"
    for entity in OF_PEOPLE:
        con.execute(f"update changes.{entity} set held = true where op = 'end' and {whoever_waits}")


def keep_primary(con: duckdb.DuckDBPyConnection) -> None:
    """Whoever waits to leave stays the primary one until then: there are never two."""
    for entity, of in ((ROSTER_TEACHERS, "section_id"), (SCHOOL_MEMBERSHIPS, "account_id")):
        waiting = f"select {of} from changes.{entity.name} where op = 'end' and held and was_is_primary"
        con.execute(
            f"update changes.{entity.name} set is_primary = false "
            f"where op <> 'end' and not held and is_primary and {of} in ({waiting})"
        )
        _forget_unchanged(con, entity)


def keep_addresses(con: duckdb.DuckDBPyConnection) -> None:
    """Whose change waits keeps the address until then: whoever would take it goes without."""
    con.execute(
        "update changes.accounts set email = if(op = 'update', was_email, null) "
        "where not held and email in (select was_email from changes.accounts where op = 'update' and held)"
    )
    _forget_unchanged(con, ACCOUNTS)


def _forget_unchanged(con: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    unchanged = " and ".join(f"{column} is not distinct from was_{column}" for column in entity.content)
    con.execute(f"delete from changes.{entity.name} where op = 'update' and {unchanged}")


def leave_in_class(con: duckdb.DuckDBPyConnection) -> None:
    """Take out the parking of everyone who stays in class: nobody is awaited where they are."""
    for role in ("teacher", "student"):
        con.execute(f"""
            delete from changes.pending_members as pending
            where op = 'insert' and role = '{role}' and exists (
                from current.roster_{role}s as member
                where member.section_id = pending.section_id
                    and member.clever_id = pending.clever_id
                    and not member.is_ended
                    and not exists (
                        from changes.roster_{role}s as change
                        where change.op = 'end' and not change.held
                            and change.section_id = member.section_id and change.account_id = member.account_id
                    )
            )
        """)


def _count_changing(con: duckdb.DuckDBPyConnection, part: Part) -> int:
    """Rows that would end or change."""
    counts, _ = COUNTED[part.op]
    return _count(con, f"changes.{part.entity} where op = '{part.op}' and not held and ({part.where}) and {counts}")


def _count_live(con: duckdb.DuckDBPyConnection, part: Part) -> int:
    """Rows that live now, of which they are a share."""
    _, lives = COUNTED[part.op]
    return _count(con, lives.format(entity=part.entity, where=part.where))


def _count(con: duckdb.DuckDBPyConnection, rows: str) -> int:
    row = con.execute(f"select count(*) from {rows}").fetchone()
    assert row is not None  # a count always answers with one row
    return int(row[0])
