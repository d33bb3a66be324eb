"""Measure the page under load: lists and searches on two workers, and logins at the beginning of a school day."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from roster_pipeline_tests.benchmarks.figures import Bench, Figure
from roster_pipeline_tests.benchmarks.http_load import Load, Request, send_requests
from roster_pipeline_tests.benchmarks.measure import PACKAGE, ROOT, report, run_case

if TYPE_CHECKING:
    from roster_pipeline_tests.benchmarks.page_site import MeasuredSite

SECONDS, CONNECTIONS, WORKERS = 15.0, 16, 2
RATE, SLOWEST_MILLISECONDS = 300, 200
LOGIN_RATE, LOGINS, WAITING, WARM_UP = 200, 3_000, 150, 200
CLEVER_SECONDS = 0.25
MIX = (
    "/clever/students",
    "/clever/students?after={student}",
    "/clever/students?q=garc",
    "/clever/students?q=ava+garc",
    "/clever/students?school={school}",
    "/clever/teachers",
    "/clever/classes",
    "/clever/classes?after={roster}",
)
"""What the admins of a district look at."""
LINK = """
    insert into roster.identity_links (clever_id, account_id, organization_id, rule)
    select lpad(to_hex(account_id), 24, '0'), account_id, organization_id, 'new' from roster.org_memberships
    where organization_id = :own and role = 'student' order by account_id limit :number
"""


def requests_a_second(bench: Bench, students: int) -> list[Figure]:
    """Measure the mix of lists and searches beside answers that read one row."""
    detail = bench.once("list mix", partial(run_case, "page_load:send_lists", students=students)).detail
    lists, floor = detail["lists"], detail["floor"]
    return [
        Figure(
            f"lists and searches, {students:,} students, {WORKERS} workers, {CONNECTIONS} connections",
            f"{lists['rate']:.0f} a second, p99 {lists['p99']:.0f} ms",
            f"one row {floor['rate']:.0f} a second, p99 {floor['p99']:.0f} ms",
            f"{lists['cpu']:.1f} ms of the workers each, {floor['cpu']:.1f} for one row",
            f"≥ {RATE} a second, p99 < {SLOWEST_MILLISECONDS} ms",
            lists["rate"] >= RATE and lists["p99"] < SLOWEST_MILLISECONDS,
        )
    ]


def logins_a_second(bench: Bench) -> list[Figure]:
    """Measure logins of one worker with a Clever that answers after a quarter of a second."""
    detail = bench.once("logins", partial(run_case, "page_load:send_logins")).detail
    found = detail["logins"]
    return [
        Figure(
            f"logins, Clever answers each of 2 requests in {CLEVER_SECONDS:g} s, 1 worker, {WAITING} at a time",
            f"{found['rate']:.0f} a second, p50 {found['p50']:.0f} ms, p99 {found['p99']:.0f} ms",
            f"Clever alone {WAITING / (2 * CLEVER_SECONDS):.0f} a second, {2000 * CLEVER_SECONDS:.0f} ms",
            f"{found['cpu']:.1f} ms of the worker each",
            f"≥ {LOGIN_RATE} a second",
            found["rate"] >= LOGIN_RATE,
        )
    ]


def send_lists(students: int) -> None:
    """Send the mix of lists for some seconds, and before it requests that read one row."""
    from roster_pipeline_tests.benchmarks.page_site import measured_site

    with measured_site(students, workers=WORKERS) as site:
        cookies = [site.make_cookie(site.make_admin())]
        middle = "select account_id from roster.directory where role = 'student' order by sort_name offset :n limit 1"
        ids = {
            "student": site.value(middle, n=students // 2),
            "school": site.value("select max(id) from roster.schools"),
            "roster": site.value("select max(id) from roster.rosters"),
        }
        paths = [path.format(**ids) for path in MIX]

        def choose(number: int) -> Request:
            return paths[number % len(paths)], cookies[0]

        def measure(choose_request: Callable[[int], Request]) -> dict[str, float]:
            send_requests(site.page.url, choose_request, connections=CONNECTIONS, seconds=2)
            before = site.page.cpu_seconds()
            load = send_requests(site.page.url, choose_request, connections=CONNECTIONS, seconds=SECONDS)
            return _describe(load, site.page.cpu_seconds() - before, 200)

        floor = measure(lambda _number: ("/readyz", ""))
        report(SECONDS, lists=measure(choose), floor=floor)


def send_logins() -> None:
    """Log in students, many at a time."""
    from roster_pipeline_tests.benchmarks.page_site import DISTRICT, measured_site

    command = [sys.executable, "-m", f"{PACKAGE}.slow_clever", DISTRICT, str(CLEVER_SECONDS)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as clever:
        assert clever.stdout
        with measured_site(LOGINS + WARM_UP, workers=1, clever=clever.stdout.readline().strip()) as site:
            requests = _make_logins(site)
            url, connections = site.page.url, WAITING
            send_requests(url, requests.__getitem__, connections=connections, seconds=60, most=WARM_UP)
            before = site.page.cpu_seconds()
            load = send_requests(
                url, lambda number: requests[WARM_UP + number], connections=connections, seconds=120, most=LOGINS
            )
            sessions = site.value("select count(*) from roster.web_sessions")
            assert sessions == LOGINS + WARM_UP, f"{sessions} sessions"
            report(load.seconds, logins=_describe(load, site.page.cpu_seconds() - before, 303))
        clever.kill()


def _make_logins(site: MeasuredSite) -> list[Request]:
    """Link the students to Clever, and return the callback of a login of each, with the cookie of its browser."""
    from itsdangerous import URLSafeTimedSerializer
    from sqlalchemy import text

    from roster_pipeline.product.database import transaction
    from roster_pipeline.web.app import LOGIN_SALT
    from roster_pipeline.web.login.attempt import Attempt

    assert site.settings.web_secret
    signer = URLSafeTimedSerializer(site.settings.web_secret.get_secret_value(), salt=LOGIN_SALT)
    with transaction(site.product) as pg:
        pg.execute(text("set local session_replication_role = replica"))
        pg.execute(text(LINK), {"own": site.own, "number": LOGINS + WARM_UP})
        ids = pg.execute(text("select clever_id from roster.identity_links order by id")).scalars().all()
    requests = []
    for clever_id in ids:
        attempt = Attempt()
        query = f"code={clever_id}&state={attempt.sent_state}"
        requests.append((f"/auth/clever/callback?{query}", f"login={signer.dumps(asdict(attempt))}"))
    return requests


def _describe(load: Load, cpu_seconds: float, status: int) -> dict[str, float]:
    """Return the figures of a load, all of whose answers had one status."""
    assert set(load.statuses) == {status}, load.statuses
    number = len(load.milliseconds)
    return {
        "rate": load.rate,
        "p50": load.percentile(50),
        "p99": load.percentile(99),
        "cpu": 1000 * cpu_seconds / number,
    }


if __name__ == "__main__":
    globals()[sys.argv[1]](**json.loads(sys.argv[2]))
