"""Read what people can see of a district in the product and in the snapshot, and what a killed sync may leave over."""

import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import NamedTuple, Self

import duckdb
import sqlalchemy as sa
from sqlalchemy import Engine

from roster_pipeline_tests.chaos.places import OWN, Place
from roster_pipeline_tests.support.readers import KEY_COLUMNS, LIVE_ROWS, QUERIES, query, row_versions, tables
from roster_pipeline_tests.support.rule_book import Expected

Rows = Mapping[str, Mapping[tuple[object, ...], int]]
"""By table, each row in Clever's terms, and how often it is there. Equal where the same is to be seen."""

JOURNAL = (
    "select count(*) from roster.changes as c join roster.syncs as s on s.id = c.sync_id "
    "join roster.organizations as o on o.id = s.organization_id where o.clever_district_id = :district"
)
FOR_ANALYSTS = {
    "schools": "select school_id, name, sis_id, nces_id, low_grade, high_grade from schools",
    "people": "select clever_id, role, first_name, last_name, email from people",
    "rosters": "select section_id, school_id, name, subject, grade, period, term_name, term_id, course_id from rosters",
    "teachers": "select section_id, clever_id, is_primary from enrollments where role = 'teacher'",
    "students": "select section_id, clever_id from enrollments where role = 'student'",
}
LEFT_BEHIND = {
    "syncs that say running": "select count(*) from roster.syncs where state = 'running'",
    "temporary tables": "select count(*) from pg_class where relpersistence = 't'",
    "locks of districts": "select count(*) from pg_locks where locktype = 'advisory' and database = "
    "(select oid from pg_database where datname = current_database())",
    "rows of the journal without a sync that wrote them": "select count(*) from roster.changes where sync_id not in "
    "(select id from roster.syncs where state in ('published', 'held', 'undone'))",
    "holds without a sync": "select count(*) from roster.holds as h join roster.syncs as s on s.id = h.sync_id "
    "where s.state not in ('published', 'held', 'undone')",
    "accounts of Clever that nobody was linked to": "select count(*) from roster.accounts as a "
    "where imported_from_clever and not exists (select from roster.identity_links where account_id = a.id)",
}
OTHERS = (
    "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
    "and application_name <> :own"
)
PATIENCE, BETWEEN_LOOKS = 60, 0.2
"""Seconds."""


class Seen(NamedTuple):
    """The state of the product at one moment: its live rows, and the number of rows in the journal of the district."""

    rows: Rows
    journal: int


def read_visible(engine: Engine, district_id: str) -> Seen:
    """Read the state of one district in one consistent view."""
    about = {"district": district_id}
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as pg:
        journal = pg.execute(sa.text(JOURNAL), about).scalar_one()
        rows = {
            name: Counter(
                tuple(row) for row in pg.execute(sa.text(f"{statement} and o.clever_district_id = :district"), about)
            )
            for name, statement in QUERIES.items()
        }
    return Seen(rows, journal)


def expected_rows(expected: Expected) -> Rows:
    """Return the rows that docs/rules.md expects, in the form of `read_visible`."""
    return {
        name: Counter(
            (*_tuple(key), *_tuple(value)) if isinstance(table, dict) else _tuple(key)
            for key, value in (table.items() if isinstance(table, dict) else ((one, None) for one in table))
        )
        for name, table in vars(expected).items()
    }


def as_expected(rows: Rows) -> Expected:
    """Return the rows of the product in the form of the rules. Of duplicate rows one is returned."""
    return Expected(
        **{
            name: {_one(row[: KEY_COLUMNS[name]]): _one(row[KEY_COLUMNS[name] :]) for row in found}
            if name in KEY_COLUMNS
            else {_one(row) for row in found}
            for name, found in rows.items()
        }
    )


def archived_rosters(engine: Engine, district_id: str) -> dict[object, object]:
    """Return the archived rosters. One that comes back keeps the name of a term that is not shared."""
    statement = QUERIES["rosters"].replace("r.archived_at is null", "r.archived_at is not null")
    rows = query(engine, f"{statement} and o.clever_district_id = :district", district=district_id)
    return {key: row for key, *row in rows}


def _tuple(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _one(values: tuple[object, ...]) -> object:
    return values[0] if len(values) == 1 else values


def versions(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return every row with the number of the transaction that wrote it, so that a rewritten row differs."""
    return row_versions(engine, without={*tables(engine)} - {*LIVE_ROWS, "changes"})


def for_analysts(rows: Rows) -> Rows:
    """Return what the snapshot must show if the product shows `rows`."""
    members = dict(rows["members"].keys())
    people = {row[0]: row[2:5] for row in rows["people"]}
    shown = {name: rows[name] for name in ("schools", "rosters", "teachers", "students")}
    return shown | {"people": Counter((key, role, *people.get(key, ())) for key, role in members.items())}


def analysts_see(path: Path, district_id: str) -> Rows:
    """Return what the snapshot shows of the district.

    Raises:
        duckdb.Error: it does not open, or is not whole.
    """
    with duckdb.connect(path, read_only=True) as con:
        return {
            name: Counter(
                con.execute(
                    f"{query} {'and' if 'where' in query else 'where'} district_id = ?", [district_id]
                ).fetchall()
            )
            for name, query in FOR_ANALYSTS.items()
        }


def left_behind(place: Place) -> list[str]:
    """Return what no sync may leave after a good one: files, tables, locks, and rows without a parent."""
    counted = {what: query(place.engine, statement)[0][0] for what, statement in LEFT_BEHIND.items()}
    connected = query(place.engine, "select clever_district_id from roster.organizations")
    files_of_districts = {place.home / "districts" / f"{one}.duckdb" for (one,) in connected}
    snapshots = place.home / "snapshots"
    allowed = files_of_districts | {place.latest, snapshots / "latest.duckdb", snapshots / ".lock"}
    allowed |= {*(snapshots / "parquet").glob("*.parquet"), snapshots / "parquet" / "manifest.json"}
    kept = [place.home / name for name in ("districts", "snapshots", "landing")]
    files = {path for folder in kept for path in folder.rglob("*") if path.is_file()} - allowed
    files -= {path for path in files if ".damaged-" in str(path)}  # moved aside, and kept on purpose
    found = [f"{count} {what}" for what, count in counted.items() if count]
    return found + [f"a file {path.relative_to(place.home)}" for path in sorted(files)]


def wait_for_the_dead(place: Place) -> None:
    """Wait until PostgreSQL has noticed that the killed process is gone."""
    end = time.monotonic() + PATIENCE
    while query(place.engine, OTHERS, own=OWN)[0][0]:
        assert time.monotonic() < end, "PostgreSQL still works for a process that was killed"
        time.sleep(0.01)


class Watch:
    """Look at the product and at the snapshot of a district repeatedly.

    Attributes:
        seen, shown: each state that was met, once.
        complaints: what the file said when it did not open.
        looks: how often it was looked.
    """

    def __init__(self, place: Place, district_id: str) -> None:
        self.seen: list[Seen] = []
        self.shown: list[Rows] = []
        self.complaints: list[str] = []
        self.looks = 0
        self._place, self._district_id = place, district_id
        self._must_open = place.latest.exists()
        self._over, self._eyes = Event(), ThreadPoolExecutor(1)

    def __enter__(self) -> Self:
        self._watching = self._eyes.submit(self._watch)
        return self

    def __exit__(self, *_fault: object) -> None:
        self._over.set()
        self._watching.result()
        self._eyes.shutdown()

    def _watch(self) -> None:
        while not self._over.wait(BETWEEN_LOOKS):
            self.looks += 1
            _keep(self.seen, read_visible(self._place.engine, self._district_id))
            self._must_open = self._must_open or self._place.latest.exists()
            if self._must_open:
                try:
                    _keep(self.shown, analysts_see(self._place.latest, self._district_id))
                except duckdb.Error as error:
                    _keep(self.complaints, type(error).__name__)


def _keep(kept: list, one: object) -> None:
    if one not in kept:
        kept.append(one)
