"""Who is who in a big district among many accounts: the way of a sync, and two plainer ones.

Each case runs in a process of its own, in the ROSTER_HOME that is set; `prepare` fills it for the others. Starting
PostgreSQL and landing the feed are no part of what is measured.
"""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from time import perf_counter

import duckdb
import pandas as pd
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline.current.load import CURRENT_TABLES, load_current
from roster_pipeline.land import open_warehouse
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.product.transfer import copy_to_duckdb, copy_to_postgres
from roster_pipeline.settings import read_settings
from roster_pipeline.stage import count_rows, run_models
from roster_pipeline.syncs.lifecycle import find_organization_id
from roster_pipeline_tests.benchmarks.identity import DISTRICT, clever_user, identity_models, land_people
from roster_pipeline_tests.benchmarks.measure import report

SEED = 20261122
FIRSTS, LASTS, TEACHER_IN = 997, 9973, 20
"""How many different first and last names there are; and one person in twenty teaches."""
ACCOUNTS = """
    insert into roster.accounts (email, first_name, last_name, role)
    select
        case when n >= :exact and n < :known then initcap(email) else email end,
        'Given' || n % :firsts, 'Family' || n % :lasts, case n % :teacher_in when 0 then 'teacher' else 'student' end
    from (
        select n, format(
            'given%s.family%s.%s@%s.example.org',
            n % :firsts, n % :lasts, n, case when n < :known then 'valley' else 'elsewhere' end
        ) as email
        from generate_series(0, :accounts - 1) as n
    ) as numbered
    order by md5(:seed || ':' || n)
"""
"""Person n has account n, as far as people are known; of some the account spells the address with capital letters.

In no order, so that no row lies near its neighbour. All are the product's own, none is from Clever: the most that a
search for near matches can meet.
"""
PEOPLE = "(from staging.stg_teachers union all by name from staging.stg_students)"


ADDRESSES = f"select distinct email from {PEOPLE} where email is not null"


def prepare(people: int, accounts: int, exact: int, near: int) -> None:
    """Create a staged district and the accounts of the product. Nothing is measured."""
    with _both() as (con, product):
        land_people(con, _people(people))
        with transaction(product) as pg:
            connect_district(pg, DISTRICT.id, name=DISTRICT.name, tier="secure_sync")
            names = {"firsts": FIRSTS, "lasts": LASTS, "teacher_in": TEACHER_IN, "seed": str(SEED)}
            pg.execute(sa.text(ACCOUNTS), {"accounts": accounts, "exact": exact, "known": exact + near, **names})
            pg.execute(sa.text("analyze roster.accounts"))
    report(0.0)


def _people(count: int) -> Iterator[dict[str, object]]:
    for n in Random(SEED).sample(range(count), count):
        first, last = f"Given{n % FIRSTS}", f"Family{n % LASTS}"
        role = "student" if n % TEACHER_IN else "teacher"
        yield clever_user(n, role, first, last, f"{first}.{last}.{n}@valley.example.org".lower())


def as_in_a_sync() -> None:
    """Measure the way of a sync: send the emails, read the matching accounts, and run the models of identity.

    Three steps of the reading are measured once more, alone; that is not in the seconds.
    """
    with _both() as (con, product):
        with transaction(product, one_view=True) as pg:
            organization_id = find_organization_id(pg, DISTRICT.id)
            reading = _seconds(lambda: load_current(con, pg, organization_id))
            again = {name: _read_again(con, pg, organization_id, name) for name in ("accounts", "near_accounts")}
            again["addresses"] = _seconds(lambda: copy_to_postgres(con, ADDRESSES, pg, "up_again", "email text"))
        deciding = _seconds(lambda: list(run_models(con, identity_models())))
        rows = {table.name: count_rows(con, "current", table.name) for table in CURRENT_TABLES}
        found = "select count(*) filter (rule = 'email') from intermediate.int_identities"
        report(
            reading + deciding,
            reading=reading,
            deciding=deciding,
            again=again,
            rows={name: count for name, count in rows.items() if count},
            linked=con.execute(found).fetchone()[0],
            near=count_rows(con, "intermediate", "int_near_matches"),
        )


def _read_again(con: duckdb.DuckDBPyConnection, pg: Connection, organization_id: int, name: str) -> float:
    """Return the seconds that one table takes, in the same transaction and with the same emails."""
    (table,) = (one for one in CURRENT_TABLES if one.name == name)
    into, parameters = f"table current.{name}", {"organization_id": organization_id}
    return _seconds(lambda: copy_to_duckdb(pg, table.query(is_delta=False), parameters, con, into, table.columns))


def in_pandas() -> None:
    """Measure a plain way: read all accounts into this process, and merge them with the people by exact email only."""
    with _both() as (con, product):
        started = perf_counter()
        people = con.sql(PEOPLE).df()
        with transaction(product) as pg:
            accounts = pd.read_sql_query("select id, email, first_name, last_name, role from roster.accounts", pg)
        merged = people.merge(accounts, on="email", how="left")
        report(perf_counter() - started, rows=len(accounts), linked=int(merged["id"].notna().sum()))


def one_by_one(asked: int) -> None:
    """Measure a plain way: one SELECT for each of some people, over one open connection."""
    with _both() as (con, product), transaction(product) as pg:
        emails = con.sql(f"select email from {PEOPLE} using sample reservoir({asked} rows) repeatable (1)").fetchall()
        raw = pg.connection.driver_connection
        lookup = "select id, email, first_name, last_name, role from roster.accounts where email = %s"
        started = perf_counter()
        rows = sum(len(raw.execute(lookup, email).fetchall()) for email in emails)
        report(perf_counter() - started, rows=rows, asked=len(emails))


@contextmanager
def _both() -> Iterator[tuple[duckdb.DuckDBPyConnection, Engine]]:
    settings = read_settings()
    product = open_product(settings)
    with open_warehouse(settings.districts_folder, DISTRICT.id) as con:
        yield con, product
    product.dispose()


def _seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


CASES = {case.__name__: case for case in (prepare, as_in_a_sync, in_pandas, one_by_one)}

if __name__ == "__main__":
    CASES[sys.argv[1]](**json.loads(sys.argv[2]))
