"""Measure how a sync and a busy application slow each other down.

The syncs rename students while the application writes on several connections. The application is a process of its own.
Its transactions create a native class, add students to it and verify teachers.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random
from threading import Event
from time import perf_counter

from roster_pipeline_tests.benchmarks.figures import Bench, Figure, environment
from roster_pipeline_tests.benchmarks.measure import PACKAGE, ROOT, report, run_case

CONNECTIONS, ROWS, SYNCS = 4, 20, 10
VERIFIED = 5
"""Rows of a transaction that are changed; the others are added."""
SEED = 20261122
ROLES = ("student", "teacher")
MAKE = "insert into roster.rosters (organization_id, name) select min(id), 'Own' from roster.organizations returning id"
JOIN = "insert into roster.roster_students (roster_id, account_id) values (:roster, :account)"
VERIFY = "update roster.org_memberships set verified_at = now() where account_id = :account"


def busy_application(bench: Bench, students: int) -> list[Figure]:
    """Measure syncs that rename half of the students while an application writes all the time."""
    case = partial(run_case, "busy:beside", home=bench.new_folder(), students=students)
    found = bench.once("a busy application", case).detail
    met = found["published"] == SYNCS and found["refused"] == 0 and found["slowest"] < 1
    return [
        Figure(
            f"{SYNCS} syncs that rename {students // 2:,} students beside {CONNECTIONS} connections that write",
            f"{found['published']} of {SYNCS} published",
            f"{found['transactions']:,} transactions of {ROWS} rows, {found['refused']} refused",
            f"the slowest {found['slowest']:.2f} s",
            f"{SYNCS} of {SYNCS}, 0 refused, < 1 s",
            met,
        )
    ]


def beside(home: str, students: int) -> None:
    """Publish a district, and rename half of its students several times while the application writes."""
    from roster_pipeline.embedded import stop_if_last
    from roster_pipeline.sandbox.api.relations import list_users_of_role
    from roster_pipeline.sandbox.api.server import running_sandbox
    from roster_pipeline.sandbox.data.generate import generate_district
    from roster_pipeline.settings import read_settings
    from roster_pipeline_tests.benchmarks.district import spec_of

    district = generate_district(spec_of(students), SEED)
    renamed = list(list_users_of_role(district, "student"))[: students // 2]
    with running_sandbox([district], client_id="sandbox", client_secret="sandbox") as address:
        os.environ |= environment(address.url, Path(home))
        settings, published, seconds = read_settings(), 0, 0.0
        sync = partial(_sync, settings, district.id)
        sync()
        application = [sys.executable, "-m", f"{PACKAGE}.busy", "application", "{}"]
        with subprocess.Popen(application, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdin
            assert other.stdout
            other.stdout.readline()  # it writes from now on
            for number in range(SYNCS):
                for key in renamed:
                    user = district.get("users", key)
                    district.put("users", user | {"name": user["name"] | {"last": f"Renamed{number}"}})
                began = perf_counter()
                published += sync() == len(renamed)
                seconds += perf_counter() - began
            other.stdin.close()
            found = json.loads(other.stdout.readline())
        stop_if_last(settings)
    report(seconds, published=published, **found)


def _sync(settings: object, district_id: str) -> int:
    """Return the number of published rows, or 0 if the sync failed."""
    from roster_pipeline.errors import RosterError
    from roster_pipeline.product.database import open_product, transaction
    from roster_pipeline.product.organizations import connect_district
    from roster_pipeline_tests.support.stages import sync_by_stages

    product = open_product(settings)
    try:
        with transaction(product) as pg:
            connect_district(pg, district_id, name="Benchmark", tier="secure_sync")
        return sync_by_stages(settings, product, district_id).total
    except RosterError as error:
        print(f"A sync failed: {error}", file=sys.stderr)
        return 0


def application() -> None:
    """Write on every connection until the input ends. Then print the number of transactions and the slowest one."""
    from roster_pipeline.product.database import open_product
    from roster_pipeline.settings import read_settings

    product, is_over = open_product(read_settings()), Event()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        lanes = [pool.submit(_write, product, number, is_over) for number in range(CONNECTIONS)]
        print(flush=True)
        sys.stdin.read()
        is_over.set()
        took = [one for lane in lanes for one in lane.result()]
    done = [seconds for seconds in took if seconds is not None]
    found = {"transactions": len(done), "refused": len(took) - len(done), "slowest": max(done)}
    print(json.dumps(found), flush=True)


def _write(product: object, number: int, is_over: Event) -> list[float | None]:
    """Return the seconds of each transaction of one connection, or None for one that PostgreSQL refused."""
    import sqlalchemy as sa

    rng, took = Random(number), []
    with product.connect() as pg:
        members = "select account_id from roster.org_memberships where role = :role order by account_id"
        students, teachers = (pg.execute(sa.text(members), {"role": role}).scalars().all() for role in ROLES)
        pg.rollback()
        while not is_over.wait(0.01):
            began = perf_counter()
            try:
                with pg.begin():
                    roster = pg.execute(sa.text(MAKE)).scalar_one()
                    joining = rng.sample(students, ROWS - VERIFIED - 1)
                    pg.execute(sa.text(JOIN), [{"roster": roster, "account": account} for account in joining])
                    own = sorted(rng.sample(teachers[number::CONNECTIONS], VERIFIED))
                    pg.execute(sa.text(VERIFY), [{"account": account} for account in own])
                took.append(perf_counter() - began)
            except sa.exc.DBAPIError:
                took.append(None)
    return took


if __name__ == "__main__":
    {one.__name__: one for one in (beside, application)}[sys.argv[1]](**json.loads(sys.argv[2]))
