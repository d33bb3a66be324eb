"""Measure a pass over the analysts' database, beside one copy of the file for each sync.

The product is filled by statements and not by syncs. In the measured pass every district has a sync, and every person
has changed. A pass with one changed district costs what each sync cost when it copied the file itself.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import sqlalchemy as sa
from sqlalchemy import Engine

from roster_pipeline.snapshot import LATEST
from roster_pipeline.snapshot.parquet import renew_parquet
from roster_pipeline_tests.benchmarks.figures import Bench, Figure
from roster_pipeline_tests.benchmarks.measure import MEGABYTE, report, run_case
from roster_pipeline_tests.support.parquet import read_school_names, write_latest

MOST_SECONDS, MOST_FILES = 60.0, 2.0
STATES = 5
FILL = (
    """
    insert into roster.organizations (id, clever_district_id, name, tier)
    select n, 'd' || n, 'District ' || n, 'secure_sync' from generate_series(1, :districts) as n
    """,
    """
    insert into roster.schools (id, organization_id, clever_id, name)
    select n * 10 + s, n, 's' || n || '-' || s, 'School ' || s
    from generate_series(1, :districts) as n cross join generate_series(0, 3) as s
    """,
    """
    insert into roster.accounts (id, first_name, last_name, email, role, grade, imported_from_clever)
    select n, 'First' || n % 997, 'Last' || n % 1009, 'p' || n || '@example.org',
        case when n % 20 = 0 then 'teacher' else 'student' end, n % 12, true
    from generate_series(0, :districts * :people - 1) as n
    """,
    """
    insert into roster.identity_links (clever_id, account_id, organization_id, rule)
    select md5(n::text), n, 1 + n / :people, 'created' from generate_series(0, :districts * :people - 1) as n
    """,
    """
    insert into roster.org_memberships (organization_id, account_id, role, source)
    select 1 + id / :people, id, role, 'clever' from roster.accounts
    """,
    """
    insert into roster.school_memberships (school_id, account_id, role, source)
    select (1 + id / :people) * 10 + id % 4, id, role, 'clever' from roster.accounts
    """,
    """
    insert into roster.rosters (id, organization_id, school_id, clever_id, source, name)
    select n * 1000 + c, n, n * 10 + c % 4, 'c' || n || '-' || c, 'clever', 'Class ' || c
    from generate_series(1, :districts) as n cross join generate_series(0, :people / 20 - 1) as c
    """,
    """
    insert into roster.roster_students (roster_id, account_id)
    select (1 + id / :people) * 1000 + (id + k * 7) % (:people / 20), id
    from roster.accounts cross join generate_series(0, 2) as k where role = 'student'
    """,
    """
    insert into roster.roster_teachers (roster_id, account_id, is_primary)
    select id, (id / 1000 - 1) * :people + (id % 1000) * 20, true from roster.rosters
    """,
    """
    insert into roster.syncs (organization_id, mode, trigger, state, started_at, finished_at)
    select n, 'full', 'nightly', 'published', timestamptz '2026-01-01' + n * interval '1 s',
        timestamptz '2026-01-01' + n * interval '2 s'
    from generate_series(1, :districts) as n
    """,
)
CHANGE = (
    "create temporary table earlier on commit drop as select * from roster.accounts where id between :low and :high",
    "update roster.accounts set grade = (grade::int + 1)::text where id between :low and :high",
    """
    with fresh as (
        insert into roster.syncs (organization_id, mode, trigger, state, started_at, finished_at)
        select n, 'delta', 'nightly', 'published', now(), clock_timestamp()
        from generate_series(1 + :low / :people, 1 + :high / :people) as n
        returning id, organization_id
    )
    insert into roster.changes (sync_id, entity, key, op, before, after)
    select fresh.id, 'accounts', jsonb_build_object('id', earlier.id), 'update', to_jsonb(earlier), to_jsonb(account)
    from earlier
    join roster.accounts as account on account.id = earlier.id
    join fresh on fresh.organization_id = 1 + earlier.id / :people
    """,
)


def snapshot(bench: Bench, sizes: Sequence[int], people: int) -> list[Figure]:
    """Compare one pass over changed districts with one pass for each of them, at several numbers of districts.

    The passes for each of them are extrapolated from one such pass ("scaled").
    """
    figures = []
    for districts in sizes:
        case = "snapshot:passes"
        measured = bench.in_product(
            f"snapshot, {districts} districts", case, bench.new_folder(), districts=districts, people=people
        )
        seen = measured.detail
        figures.append(
            Figure(
                f"snapshot: {districts} districts of {people:,} people, all changed",
                f"{measured.seconds:.1f} s, {seen['written_mb']:,.0f} MB written, files {seen['file_mb']:,.0f} MB",
                f"a copy per sync: {seen['alone'] * districts:,.0f} s, {seen['alone_mb'] * districts:,.0f} MB, scaled",
                f"{measured.seconds / (seen['alone'] * districts):.3f}x the time",
                f"< {MOST_SECONDS:.0f} s, < {MOST_FILES:.0f} files",
                measured.seconds < MOST_SECONDS and seen["written_mb"] < MOST_FILES * seen["file_mb"],
            )
        )
        figures.append(
            Figure(
                f"snapshot: {districts} districts, the whole file anew", f"{seen['anew']:.1f} s", "", "", "", met=None
            )
        )
    return figures


def parquet_swaps(bench: Bench, times: int) -> list[Figure]:
    """Count the mixed states that a reader of the Parquet files sees while the manifest is swapped many times."""
    measured = bench.once("parquet swaps", partial(run_case, "snapshot:swaps", times=times, folder=bench.new_folder()))
    mixed, reads = measured.detail["mixed"], measured.detail["reads"]
    name = f"parquet: mixed states in {times:,} swaps"
    return [Figure(name, str(mixed), f"{reads:,} reads", "", "0", mixed == 0 and reads > 0)]


def swaps(times: int, folder: str) -> None:
    """Swap the manifest between several states of a snapshot while another thread reads through it."""
    place, started = Path(folder), perf_counter()
    for state in range(STATES):
        write_latest(place, 200, f"State {state}")
        (place / LATEST).rename(place / f"state-{state}")
    seen: list[dict[str, int]] = []
    done = Event()

    def look() -> None:
        while not done.is_set():
            seen.append(read_school_names(place))

    reader = Thread(target=look)
    for swap in range(times):
        shutil.copyfile(place / f"state-{swap % STATES}", place / LATEST)
        renew_parquet(place, at=datetime.now(UTC))
        if swap == 0:
            reader.start()
    done.set()
    reader.join()
    mixed = sum(len(state) != 1 or sum(state.values()) != 200 for state in seen)
    report(perf_counter() - started, mixed=mixed, reads=len(seen))


def passes(districts: int, people: int) -> None:
    """Measure the whole file anew, one changed district, and all of them."""
    from roster_pipeline.product.database import open_product
    from roster_pipeline.settings import read_settings

    settings, values = read_settings(), {"districts": districts, "people": people}
    engine = open_product(settings)
    _run(engine, FILL, values)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as pg:
        pg.execute(sa.text("vacuum analyze"))
    anew, _ = _measure(engine)
    _run(engine, CHANGE, values | {"low": 0, "high": people - 1})
    alone, alone_mb = _measure(engine)
    _run(engine, CHANGE, values | {"low": 0, "high": districts * people - 1})
    seconds, written = _measure(engine)
    file = sum(latest.stat().st_size for latest in settings.snapshots_folder.rglob("latest.duckdb")) / MEGABYTE
    report(seconds, written_mb=written, file_mb=file, alone=alone, alone_mb=alone_mb, anew=anew)


def _run(engine: Engine, statements: Sequence[str], values: dict[str, int]) -> None:
    from roster_pipeline.product.database import transaction

    with transaction(engine) as pg:
        pg.execute(sa.text("set local session_replication_role = replica"))  # triggers would take most of the time
        for statement in statements:
            query = sa.text(statement)
            typed = (sa.bindparam(name, type_=sa.BigInteger) for name in values if f":{name}" in statement)
            pg.execute(query.bindparams(*typed), values)


def _measure(engine: Engine) -> tuple[float, float]:
    """Make one pass. Return its seconds, and the millions of bytes that this process wrote, temporary ones too."""
    from roster_pipeline.settings import read_settings
    from roster_pipeline.snapshot import renew_snapshot

    before, began = _bytes_written(), perf_counter()
    renew_snapshot(read_settings(), engine, at=datetime.now(UTC))
    return perf_counter() - began, (_bytes_written() - before) / MEGABYTE


def _bytes_written() -> int:
    """Return how many bytes this process wrote to files and pipes, where the system counts them."""
    counts = Path("/proc/self/io")
    if not counts.exists():
        return 0
    return int(dict(line.split(": ") for line in counts.read_text().splitlines())["wchar"])


if __name__ == "__main__":
    {"passes": passes, "swaps": swaps}[sys.argv[1]](**json.loads(sys.argv[2]))
