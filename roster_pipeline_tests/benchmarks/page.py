"""Measure the lists and the search of the Clever page in a large district, as role `roster_page` sees it.

The floor of each figure is the same rows from the directory alone, read by the owner of the tables without policies.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from types import SimpleNamespace
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline_tests.benchmarks.figures import Bench, Figure
from roster_pipeline_tests.benchmarks.measure import report, run_case
from roster_pipeline_tests.benchmarks.page_names import FIRST_NAMES, LAST_NAMES

TARGET_MILLISECONDS = 10
PREFIXES = (1, 2, 3, 5)
"""How many letters of a name a search has."""
LIST_FLOOR = """
    select account_id, sort_name from roster.directory
    where organization_id = :own and role = 'student' and sort_name >= :name order by sort_name, account_id limit 51
"""
SEARCH_FLOOR = """
    with hits as materialized (
        select account_id, sort_name from roster.directory
        where words @@ roster.search_query(:own, :search) and organization_id = :own and role = 'student'
    )
    select account_id, sort_name from hits order by sort_name, account_id limit 51
"""
Statement = Callable[[Connection], tuple[Any, dict[str, object]]]
"""Makes a statement with its values."""
SEARCHES = [
    " ".join(random.Random(number).sample((first[:length], last[: length + 1]), 2))
    for number, (first, last, length) in enumerate(
        zip(FIRST_NAMES.split() * 2, LAST_NAMES.split(), PREFIXES * 10, strict=True)
    )
]
"""Beginnings of a first and a last name, in any order."""


def page(bench: Bench, students: int) -> list[Figure]:
    """Compare the first and the next page of each list and searches of two words with their floors."""
    case = partial(run_case, "page:read_lists", students=students, repeats=bench.repeats)
    figures = []
    for name, (ours, floor) in bench.once("lists of the page", case).detail["milliseconds"].items():
        figures.append(
            Figure(
                f"{name}, {students:,} students",
                f"{ours:.1f} ms",
                f"{floor:.1f} ms without policies",
                f"{ours / floor:.1f} times",
                f"< {TARGET_MILLISECONDS} ms",
                ours < TARGET_MILLISECONDS,
            )
        )
    return figures


def read_lists(students: int, repeats: int) -> None:
    """Fill a district and measure every statement in it and every floor."""
    from roster_pipeline.product.database import connect
    from roster_pipeline_tests.benchmarks.page_district import analyze, fill_district
    from roster_pipeline_tests.support.server import TEMPLATE, migrated_server, named

    began = perf_counter()
    with migrated_server() as url:
        engine = connect(named(url, TEMPLATE))
        fill_district(engine, "a" * 24, 500)
        own = fill_district(engine, "b" * 24, students)
        analyze(engine)
        milliseconds = _measure_all(engine, own, repeats)
        engine.dispose()
    report(perf_counter() - began, milliseconds=milliseconds)


def _measure_all(engine: Engine, own: int, repeats: int) -> dict[str, tuple[float, float]]:
    """Return the milliseconds of each statement and of its floor."""
    from roster_pipeline.web.class_list import select_classes
    from roster_pipeline.web.lists import ListRequest
    from roster_pipeline.web.people import select_people
    from roster_pipeline.web.visibility import Visibility

    def people(request: ListRequest, *, sees_all: bool = True) -> Statement:
        return lambda pg: select_people(_as_page(pg, own, sees_all=sees_all), "student", request, 51)

    def classes(request: ListRequest, *, sees_all: bool = True) -> Statement:
        return lambda pg: select_classes(_as_page(pg, own, sees_all=sees_all), request, 51)

    everything = Visibility(own, "organization")
    middle = _find_middle(engine, own)
    read_ours = partial(_measure, engine, everything, repeats=repeats)
    read_floor = partial(_measure, engine, None, repeats=repeats)

    def floor(text: str, **values: object) -> Statement:
        return lambda _pg: (sa.text(text), {"own": own, **values})

    first, following = floor(LIST_FLOOR, name=""), floor(LIST_FLOOR, name=middle.sort_name)
    class_id = _find_class(engine, own)
    return {
        "first page of students": (read_ours(people(ListRequest(""))), read_floor(first)),
        "next page of students": (read_ours(people(ListRequest("", after=middle.account_id))), read_floor(following)),
        "first page of classes": (read_ours(classes(ListRequest(""))), read_floor(first)),
        "next page of classes": (read_ours(classes(ListRequest("", after=class_id))), read_floor(following)),
        f"slowest of {len(SEARCHES)} searches of two words": max(
            (read_ours(people(ListRequest("", words))), read_floor(floor(SEARCH_FLOOR, search=words)))
            for words in SEARCHES
        ),
        "first page of a school admin's students": (
            _measure(engine, _one_school(engine, own), people(ListRequest(""), sees_all=False), repeats=repeats),
            read_floor(first),
        ),
        "first page of a school admin's classes": (
            _measure(engine, _one_school(engine, own), classes(ListRequest(""), sees_all=False), repeats=repeats),
            read_floor(first),
        ),
    }


def _one_school(engine: Engine, own: int) -> Any:
    """Return what the admin of one school sees."""
    from roster_pipeline.web.visibility import Visibility

    query = "select max(id) from roster.schools where organization_id = :own"
    with engine.connect() as pg:
        return Visibility(own, "schools", (int(pg.execute(sa.text(query), {"own": own}).scalar_one()),))


def _as_page(pg: Connection, own: int, *, sees_all: bool) -> Any:
    """Return what a statement of a list needs of a page."""
    return cast(Any, SimpleNamespace(pg=pg, own=SimpleNamespace(id=own), sees_all=sees_all, now=datetime.now(UTC)))


def _measure(engine: Engine, visibility: Any, statement: Statement, *, repeats: int) -> float:
    """Return the milliseconds that PostgreSQL plans and executes a statement, the fewest of some repetitions.

    Args:
        visibility: what the transaction sees. None is for the owner of the tables.
    """
    from roster_pipeline.product.database import transaction
    from roster_pipeline.web.visibility import set_visibility

    with transaction(engine) as pg:
        if visibility is not None:
            set_visibility(pg, visibility)
        query, values = statement(pg)
        compiled = query.compile(dialect=engine.dialect)
        times = []
        for _ in range(3 * repeats):
            explained = f"explain (analyze, timing off, format json) {compiled}"
            plan = pg.exec_driver_sql(explained, compiled.construct_params(values)).scalar_one()[0]
            times.append(plan["Planning Time"] + plan["Execution Time"])
    return float(min(times))


def _find_middle(engine: Engine, own: int) -> sa.Row[Any]:
    """Return the student in the middle of the list."""
    query = """
        select account_id, sort_name from roster.directory where organization_id = :own and role = 'student'
        order by sort_name, account_id
        offset (select count(*) / 2 from roster.directory where organization_id = :own and role = 'student') limit 1
    """
    with engine.connect() as pg:
        return pg.execute(sa.text(query), {"own": own}).one()


def _find_class(engine: Engine, own: int) -> int:
    """Return the class in the middle of the list."""
    query = """
        select id from roster.rosters where organization_id = :own and archived_at is null order by name, id
        offset (select count(*) / 2 from roster.rosters where organization_id = :own and archived_at is null) limit 1
    """
    with engine.connect() as pg:
        return int(pg.execute(sa.text(query), {"own": own}).scalar_one())


if __name__ == "__main__":
    globals()[sys.argv[1]](**json.loads(sys.argv[2]))
